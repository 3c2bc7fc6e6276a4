"""The fault that is not the user's input: something this environment lacks. Input errors are topologies.errors.InputError."""


class EnvironmentFault(RuntimeError):
    """A missing backend or launcher, a dead or hung rank: one line saying what is missing and how to get it; exit code 3."""
