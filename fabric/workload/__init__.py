"""A language model and its parallel plan as a training step in seconds and bytes, and what a run of months loses.

It prints nothing and measures nothing; what a collective takes it asks of predict.
"""
