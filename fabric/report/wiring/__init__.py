"""A wiring as a drawing."""
