"""The program in this process, as `python -m fabric` runs it: its words, streams and exit code, without a second's start.

What a process alone can show (that it starts, what it imports, signals, a closed output) is in test_main.py and test_flows.py.
"""

import io
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest

from fabric.cli.main import main

ROOT = Path(__file__).parents[3]


def typed(*arguments: object) -> subprocess.CompletedProcess[str]:
    """Return what the program prints and its exit code, typed in the repository's folder."""
    words = [str(word) for word in arguments]
    out, err = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        patch.chdir(ROOT)
        patch.setattr(sys, "argv", ["fabricbench", *words])
        with pytest.raises(SystemExit) as left:
            main()
    return subprocess.CompletedProcess(words, left.value.code, out.getvalue(), err.getvalue())
