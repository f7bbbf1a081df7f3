"""From results to tables, figures, numbers in pages, and the book."""
