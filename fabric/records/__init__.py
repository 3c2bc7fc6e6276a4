"""Cases, results and the store: where every answer meets every other."""
