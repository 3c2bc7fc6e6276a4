"""Which rank or node is slow? Groups, pairs and their lateness, on the ranks of a launch. It predicts nothing."""
