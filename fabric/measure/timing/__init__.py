"""How a case is timed: the loop, the warm-up, the canary, a whole session. It starts no ranks."""
