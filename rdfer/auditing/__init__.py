"""Other people's predictions and labels to a ranked review."""
