"""What every test may count on: Ctrl-C reaches processes that a test starts, however the suite itself was started."""

import signal

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # a shell's background job ignores it, and so would its children
    signal.signal(signal.SIGINT, signal.default_int_handler)
