"""Sentences and names of pages, one table per language. They hold no numbers."""
