"""The page of a training step: where its time goes, memory by stage, the step in time, what would make it faster."""
