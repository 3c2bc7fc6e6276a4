"""Upper ends of what can be asked for: ranks, processes, seconds, samples, seeds. It knows no verb and checks nothing."""

from __future__ import annotations

MOST_RANKS = 10_000_000
"""Ranks of a job that was or will be run anywhere: ten times the largest cluster of GPUs that is planned."""
MOST_NODES = 10_000_000
MOST_PER_NODE = 4096
"""Ranks, GPUs or devices of one node."""
MOST_PROCESSES = 1024
"""Processes that are started on this machine: ranks of one launch, or workers."""
MOST_SECONDS = 86_400
"""Of a budget or a timeout: a day."""
MOST_BLOCK = 3600
"""Seconds of calls that make one sample: an hour."""
MOST_SAMPLES = 1_000_000
"""Iterations of a case: more than are ever kept."""
MOST_CALLS = 100_000
"""Calls captured in one CUDA graph."""
MOST_TIMES = 1000
"""Visits, launches, bring-ups, sizes added to a curve: what repeats whole measurements."""
MOST_REPEATS = 10_000
"""Repeats of a search for what is slow, draws of failures."""
MOST_FACTOR = 2**32
"""From one size to the next."""
MOST_ENDPOINTS = 10_000_000
"""Devices that a search connects; the largest wiring that is worked out has fewer."""
MOST_SEED = 2**32 - 1
"""The largest seed of a draw: what every generator takes."""
MOST_PERCENT = 10_000
"""Of a tolerance: a hundredfold."""
MOST_LEAST = 100
"""From which share of the others' time on a rank is slow: a hundredfold."""
MOST_OVERSIZE = 10
"""Share of devices above a demand."""
