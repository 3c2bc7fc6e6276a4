"""The page of what was measured and predicted."""
