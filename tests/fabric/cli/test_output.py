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


def progress_of(monkeypatch, seen):
    """Return the lines told of 4,000 flows; seen: seconds after the start and how many had ended."""
    clock, told = iter([0.0, *(seconds for seconds, _ in seen)]), []
    monkeypatch.setattr(output, "monotonic", lambda: next(clock))
    monkeypatch.setattr(click, "echo", lambda line, err: told.append((line, err)))
    progress = Progress("flows: big", "flows ended")
    for _, done in seen:
        progress(done, 4000)
    assert all(err for _, err in told)
    return [line.removeprefix("# flows: big: ") for line, _ in told]


def test_progress_is_told_after_a_second_then_every_five_and_says_what_is_left(monkeypatch):
    assert progress_of(monkeypatch, [(0.5, 0), (2, 0), (3, 1500), (8, 2000), (12, 2100), (13, 2500)]) == [
        "0 of 4,000 flows ended",
        "2,000 of 4,000 flows ended, 20 s left",
        "2,500 of 4,000 flows ended, 15 s left",
    ]


def test_what_is_left_does_not_count_what_came_before_the_first(monkeypatch):
    """40 s of compiling, then 100 a second by two processes whose results come in pairs."""
    assert progress_of(monkeypatch, [(40, 100), (40.1, 200), (45.2, 600), (50.2, 1120)]) == [
        "100 of 4,000 flows ended",
        "600 of 4,000 flows ended, 35 s left",
        "1,120 of 4,000 flows ended, 29 s left",
    ]


def test_nothing_is_said_to_be_left_before_five_seconds_of_work_are_known(monkeypatch):
    assert progress_of(monkeypatch, [(2, 1), (6.9, 2), (7, 2), (12, 2)]) == [
        "1 of 4,000 flows ended",
        "2 of 4,000 flows ended, 19990 s left",
        "2 of 4,000 flows ended, 39980 s left",
    ]


def test_the_pace_of_the_next_case_is_its_own(monkeypatch):
    assert progress_of(monkeypatch, [(2, 10), (7, 3900), (8, 100), (13, 200)])[-1] == "200 of 4,000 flows ended, 190 s left"
