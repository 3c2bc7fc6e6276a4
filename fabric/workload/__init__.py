"""A language model and its parallel plan: what a training step takes, in compute, memory and collectives."""
