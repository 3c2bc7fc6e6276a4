import os
import pty
import re
import subprocess
import sys
import termios

import click
import pytest

from fabric.cli import output
from fabric.cli.output import Progress

TABLE = """
from fabric.cli.output import table
name = "leaf_spine:leaves={},spines=32,hosts_per_leaf=32"
rows = [[name.format(n), *(str(1234500 + 100 * n + at) for at in range(9))] for n in (1, 2)]
table("a title", ["design", *(f"column {at}" for at in range(9))], rows)
"""


def on_terminal(columns, program):
    """Return what a program prints to a terminal of so many columns."""
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (40, columns))
    environment = {key: value for key, value in os.environ.items() if key not in ("COLUMNS", "LINES")} | {"TERM": "xterm"}
    with subprocess.Popen([sys.executable, "-c", program], stdout=theirs, stdin=theirs, env=environment) as child:
        os.close(theirs)
        said = b""
        try:
            while more := os.read(ours, 65536):
                said += more
        except OSError:  # how Linux says that the other end is closed
            pass
        child.wait()
    os.close(ours)
    return re.sub(r"\x1b\[[0-9;]*m", "", said.decode())


@pytest.mark.parametrize("columns", [40, 60, 80, 200])
def test_every_number_is_whole_at_any_width_of_a_terminal(columns):
    said = on_terminal(columns, TABLE)
    assert "\N{HORIZONTAL ELLIPSIS}" not in said
    assert all(said.count(str(1234500 + 100 * n + at)) == 1 for n in (1, 2) for at in range(9))
    assert all(len(line) <= columns for line in said.splitlines())
    assert said.count("column 0") == 1


def test_a_table_is_as_wide_as_its_content_where_nobody_looks():
    done = subprocess.run(
        [sys.executable, "-c", TABLE.replace("range(9)", "range(40)")], capture_output=True, text=True, check=True
    )
    assert len(done.stdout.splitlines()) == 4
    assert "column 39" in done.stdout
    assert "1234739" in done.stdout


def test_progress_is_told_after_a_second_and_says_what_is_left(monkeypatch):
    clock, told = iter([0.0, 0.5, 2.0, 3.0, 8.0]), []
    monkeypatch.setattr(output, "monotonic", lambda: next(clock))
    monkeypatch.setattr(click, "echo", lambda line, err: told.append((line, err)))
    progress = Progress("flows: big", "flows ended")
    for done in (0, 0, 1500, 2000):
        progress(done, 4000)
    assert told == [
        ("# flows: big: 0 of 4,000 flows ended", True),
        ("# flows: big: 2,000 of 4,000 flows ended, 8 s left", True),
    ]
