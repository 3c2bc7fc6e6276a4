"""`measure`, `slow` and `gate` from Python: verbs that need ranks, so the program is started for them. They time nothing here.

A rank is a process of its own, started by torchrun or mpirun, and a notebook is none of them: these functions run
`python -m fabric VERB ... --json` as a child, let its progress pass, and return what it answered.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fabric.answers.answer import Answer, Row, View
from fabric.errors import EnvironmentFault
from topologies.errors import InputError

if TYPE_CHECKING:
    from fabric.records.result import Result

BAD_INPUT, INTERRUPTED = 2, 130
LINE = "fabricbench: "
"""What the program's own lines on standard error begin with."""


def measure(run: str | Path | None = None, *, output: str | Path | None = None, **options: object) -> Answer[Result]:
    """Return real measurements of collectives on this machine's devices, as `fabricbench measure` takes them.

    run: the YAML of a run. options: the verb's, with underscores: backend="gloo", collective="all_gather", ranks=[1, 2],
    sizes="8,64KiB", iters=20, check=False. output: a JSON Lines file that keeps the results.

    Raises:
        InputError: an option or value that the verb refuses.
        EnvironmentFault: a missing backend, a dead or hung rank.
    """
    from fabric.answers.measure import measured
    from fabric.records.pool import pooled
    from fabric.records.store import read

    with tempfile.TemporaryDirectory(prefix="fabricbench-") as folder:
        kept = Path(folder) / "results.jsonl" if output is None else Path(output)
        before = len(read(kept)[0]) if kept.exists() else 0
        own = options_of({"topo": "none", "output": kept} | options)
        _run("measure", [*([] if run is None else [str(run)]), *own])
        return measured(pooled(read(kept)[0][before:]))


def slow(**options: object) -> Answer[Row]:
    """Return which rank or node is slow, as `fabricbench slow` finds it. options: the verb's, with underscores.

    Raises:
        InputError, EnvironmentFault: as measure.
    """
    from fabric.answers.slow import view_of

    said = _run("slow", options_of(options))
    return _answer(view_of(said["method"], said["rows"]), said)


def gate(run: str | Path | None = None, *, command: Sequence[str] = (), **options: object) -> Answer[Row]:
    """Return for every cell whether B is slower than A, as `fabricbench gate` judges. options: the verb's, with underscores.

    runs=("a.yaml", "b.yaml"), or revs=, envs= with the run to measure, or command=("A", "B") of your own, number=REGEX;
    budget=, tolerance=, ranks=.

    Raises:
        InputError, EnvironmentFault: as measure.
    """
    from fabric.answers.gate import VIEW

    commands = [word for line in command for word in ("--command", line)]
    return _answer(VIEW, _run("gate", [*([] if run is None else [str(run)]), *commands, *options_of(options)]))


def options_of(given: dict[str, Any]) -> list[str]:
    """Return options as words.

    True is `--name`, False `--no-name`, a list `--name a,b`, a tuple `--name a b`; None is left out.
    """
    words: list[str] = []
    for key, value in given.items():
        name = key.replace("_", "-")
        if value is True or value is False:
            words.append(f"--{name}" if value else f"--no-{name}")
        elif isinstance(value, tuple):
            words += [f"--{name}", *map(str, value)]
        elif isinstance(value, list | range):
            words += [f"--{name}", ",".join(map(str, value))]
        elif value is not None:
            words += [f"--{name}", str(value)]
    return words


def _run(verb: str, words: Sequence[str]) -> Row:
    """Return what the verb printed as JSON; its progress passes to standard error.

    Raises:
        InputError, EnvironmentFault, KeyboardInterrupt: what its exit code says, with its own line.
    """
    root = str(Path(__file__).parents[1])
    path = os.pathsep.join(part for part in (root, os.environ.get("PYTHONPATH")) if part)
    line = [sys.executable, "-m", "fabric", verb, *words, "--json"]
    last = ""
    with tempfile.TemporaryFile("w+") as out:  # a file, for a pipe that nobody reads yet would fill up
        with subprocess.Popen(line, env={**os.environ, "PYTHONPATH": path}, stdout=out, stderr=-1, text=True) as child:
            for text in child.stderr or ():
                last = text.removeprefix(LINE).strip() if text.startswith(LINE) else last
                if text.startswith("# "):
                    sys.stderr.write(text)
        out.seek(0)
        said = out.read()
    if child.returncode == INTERRUPTED:
        raise KeyboardInterrupt
    if not said:
        fault = InputError if child.returncode == BAD_INPUT else EnvironmentFault
        raise fault(last or f"{verb}: ended with {child.returncode}")
    found: Row = json.loads(said)
    return found


def _answer(view: View, said: Row) -> Answer[Row]:
    """Return what a verb printed as an answer again; its rows are its items."""
    rows = tuple(said["rows"])
    plain = View(view.name, tuple(replaced(column) for column in view.columns), view.version, view.beside)
    return Answer(plain, rows, beside={key: value for key, value in said.items() if key not in ("schema", "rows")})


def replaced(column: Any) -> Any:
    """Return a column that takes its value from a plain row."""
    from dataclasses import replace

    return replace(column, of=lambda row: row.get(column.key), cell=None, absent=True, when=None)
