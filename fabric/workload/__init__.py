"""A language model and its parallel plan as a training step in seconds and bytes. It prints nothing and measures nothing."""
