"""Brings a fabric up as network namespaces on one Linux machine and runs processes in it; it knows nothing of predictions."""
