"""What every test may count on: Ctrl-C reaches processes that a test starts, and hypothesis draws the same in every run.

`make fuzz` (--hypothesis-profile=fuzz) draws at random instead.
"""

import signal

import pytest
from hypothesis import settings
from hypothesis.internal.conjecture import providers

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # a shell's background job ignores it, and so would its children
    signal.signal(signal.SIGINT, signal.default_int_handler)

settings.register_profile("same", derandomize=True, deadline=None)
settings.register_profile("fuzz", derandomize=False, max_examples=1000, deadline=None, print_blob=True)
settings.load_profile("same")


@pytest.hookimpl(trylast=True)
def pytest_configure():
    """Draw no numbers that stand in the project's modules: which of them are loaded depends on what ran before in a process."""
    if settings.get_current_profile_name() == "same":
        providers.is_local_module_file = lambda _: False  # there is no setting for it; test_draws.py sees whether it holds
