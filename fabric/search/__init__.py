"""Designs for a demand: candidates generated, worked out quickly, the Pareto front kept."""
