"""The page, tables and charts of a design review."""
