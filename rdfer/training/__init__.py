"""One run: a task in, a trained network, its metrics and arrays out."""
