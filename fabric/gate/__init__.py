"""Is one side slower than another? Two revisions or commands measured in pairs, and the verdict. It predicts nothing."""
