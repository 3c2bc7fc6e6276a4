"""The one error of bad input. It imports nothing, so that `--help` costs nothing."""


class InputError(ValueError):
    """A user's value that cannot be: one line with the parameter, the rule, the value, what would be right."""
