"""Traces of jobs: files that schedulers and studies left, one reader each, and seeded mixes. It simulates nothing."""
