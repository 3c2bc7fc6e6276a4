"""Answers of runs on real devices: backends, the timing loop, launching, the machine. The only wing that imports torch or mpi4py."""
