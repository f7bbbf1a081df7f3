"""Synthetic faces with known truth: geometry, renderer, expressions, samples."""
