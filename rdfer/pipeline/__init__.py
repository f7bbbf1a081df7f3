"""Where results lie, what made them, which of them are stale, and how notebooks make them."""
