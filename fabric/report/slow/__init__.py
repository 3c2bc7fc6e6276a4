"""The page of a search for what is slow."""
