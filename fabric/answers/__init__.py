"""One file per verb: a question put to the rooms below, answered as typed rows. No options, no printing, no exit codes."""
