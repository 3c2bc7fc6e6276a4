"""Runnable questions: run files, the main job, pytest-benchmark suites. Nothing imports from here."""
