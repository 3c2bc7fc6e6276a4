import click

from fabric.cli import output
from fabric.cli.output import Progress


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
