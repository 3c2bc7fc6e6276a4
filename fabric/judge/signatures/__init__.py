"""One file per signature: a pattern in the numbers, its evidence, its causes and the command that tells them apart."""
