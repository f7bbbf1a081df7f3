"""Videos on their way to tensors: manifest, decoding, frame bank, cached features, label noise."""
