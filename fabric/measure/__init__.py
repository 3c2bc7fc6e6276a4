"""Answers of runs on real devices: backends, timing, launching, the machine. The only wing that imports torch or mpi4py."""
