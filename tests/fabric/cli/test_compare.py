"""`compare` as a user types it."""

import subprocess
import sys
from pathlib import Path

import pytest

from fabric.records.case import Case
from fabric.records.result import Result
from fabric.records.store import append

ROOT = Path(__file__).parents[3]


def compare(tmp_path, cases):
    for name, factor in (("a", 1.5), ("b", 1.0)):
        seconds = tuple(factor * 1e-4 * (1 + 0.001 * i) for i in range(20))
        append(tmp_path / f"{name}.jsonl", [Result(case, "gloo", seconds) for case in cases])
    command = [sys.executable, "-m", "fabric", "compare", str(tmp_path / "a.jsonl"), str(tmp_path / "b.jsonl")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=60)
    return [line.split() for line in done.stdout.splitlines()[1:]]


CASES = [Case(name, size, 2, 1, 2) for name in ("broadcast", "all_reduce") for size in (8, 64)]


def test_the_table_names_the_collective_of_every_row(tmp_path):
    head, *rows = compare(tmp_path, CASES)
    assert head[:3] == ["collective", "size", "ranks"]
    assert [row[:2] for row in rows[:4]] == [["all_reduce", "8"], ["all_reduce", "64"], ["broadcast", "8"], ["broadcast", "64"]]
    assert all("+50.0" in row for row in rows[:4])


@pytest.mark.parametrize(("name", "value"), [("mode", "persistent"), ("order", "interleaved")])
def test_mode_and_order_stand_there_where_they_vary(tmp_path, name, value):
    head, *rows = compare(tmp_path, [Case("all_reduce", 8, 2, 1, 2), Case("all_reduce", 8, 2, 1, 2, **{name: value})])
    assert head[:3] == ["collective", name, "size"]
    assert {row[1] for row in rows[:2]} == {getattr(Case("all_reduce", 8, 2, 1, 2), name), value}
