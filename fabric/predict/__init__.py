"""Answers of the cost model: library defaults, constants, calibration, loaded prediction."""
