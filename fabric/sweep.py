"""Many independent evaluations on all cores of a machine, or across nodes under mpi4py.futures. It knows no task's meaning.

Started as `mpiexec -n N python -m mpi4py.futures -m fabric ...`, the ranks are the workers; else processes of this machine.
Finished evaluations go to a JSON Lines file, one line each, from which a later run goes on.
"""

from __future__ import annotations

import hashlib
import json
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import connection, get_context, parent_process
from pathlib import Path
from typing import Any

from fabric.errors import EnvironmentFault
from fabric.text.files import exists
from topologies.errors import InputError

Watch = Callable[[int, int], None]
"""Told of progress as watch(done, in all), of what is left to do."""


def sweep(
    work: Callable[[Any], Any],
    tasks: Sequence[Any],
    *,
    keys: Sequence[str] | None = None,
    workers: int | None = None,
    journal: Path | None = None,
    resume: bool = False,
    watch: Watch | None = None,
) -> list[Any]:
    """Return work(task) of every task in the order of the tasks, whoever finished first; results pass through JSON.

    work and tasks: picklable. keys: what tells tasks apart in the journal, by default the hash of the task as JSON.
    workers: processes, by default one per core; 1 works in this process. journal: the file of finished evaluations; resume:
    take over what it holds.

    Raises:
        InputError: a journal that is there without resume, cannot be read or written, or workers below 1.
        EnvironmentFault: a worker died.
        Whatever work raises, once the rest is called off.
    """
    if workers is not None and workers < 1:
        raise InputError(f"workers: must be a whole number >= 1, got {workers}")
    names = list(keys) if keys is not None else [key_of(task) for task in tasks]
    done = _read(journal, resume=resume) if journal is not None else {}
    wanted = [number for number, name in enumerate(names) if name not in done]
    with _journal(journal) as note:
        for finished, (number, result) in enumerate(_results(work, tasks, wanted, workers), start=1):
            plain = json.dumps(result, allow_nan=False, separators=(",", ":"))
            done[names[number]] = json.loads(plain)
            note(names[number], plain)
            if watch:
                watch(finished, len(wanted))
    return [done[name] for name in names]


def key_of(task: Any) -> str:
    """Return sixteen hexadecimal digits of a task's JSON, keys sorted."""
    text = json.dumps(task, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _results(
    work: Callable[[Any], Any], tasks: Sequence[Any], wanted: Sequence[int], workers: int | None
) -> Iterator[tuple[int, Any]]:
    """Yield (number, result) as they finish; leave no task behind however this ends."""
    under_mpi = "mpi4py.futures" in sys.modules  # only `python -m mpi4py.futures` imports it
    count = min(workers or cores(), len(wanted))
    if not wanted:
        return
    if count == 1 and not under_mpi:
        yield from ((number, work(tasks[number])) for number in wanted)
        return
    with _executor(count, under_mpi=under_mpi) as executor:
        futures: dict[Future[Any], int] = {executor.submit(work, tasks[number]): number for number in wanted}
        try:
            for future in as_completed(futures):
                yield futures.pop(future), future.result()
        except BrokenProcessPool:
            raise EnvironmentFault("sweep: a worker process died (memory?); try fewer with --workers") from None
        finally:
            executor.shutdown(wait=True, cancel_futures=True)


def _executor(count: int, *, under_mpi: bool) -> Executor:
    if under_mpi:
        pool: Executor = sys.modules["mpi4py.futures"].MPIPoolExecutor()
        return pool
    return ProcessPoolExecutor(count, mp_context=get_context("spawn"), initializer=_start_worker)


def _start_worker() -> None:
    """Leave Ctrl-C to the parent, and end with it whatever ends it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent.sentinel,), daemon=True).start()


def _end_with(sentinel: int) -> None:
    connection.wait([sentinel])
    os._exit(1)


def _read(path: Path, *, resume: bool) -> dict[str, Any]:
    """Return what a journal holds by key; a torn last line is left out.

    Raises:
        InputError: it is there and resume is not asked for, cannot be read, or is no journal.
    """
    if not exists(path):
        return {}
    if not resume:
        raise InputError(f"output: {path} is there already; add --resume to go on with it, or choose another file")
    try:
        *lines, _torn = path.read_text().split("\n")
        return {row["key"]: row["result"] for row in map(json.loads, lines)}
    except OSError as error:
        raise InputError(f"output: cannot read {path}: {error.strerror}") from None
    except (ValueError, KeyError, TypeError):
        raise InputError(f"output: {path} is no journal of a sweep (JSON Lines with key and result); choose another") from None


@contextmanager
def _journal(path: Path | None) -> Iterator[Callable[[str, str], None]]:
    """Give a function that appends one finished evaluation; without a path it does nothing."""
    if path is None:
        yield lambda _key, _plain: None
        return
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _cut_torn_line(path)
        file = path.open("a")
    except OSError as error:
        raise InputError(f"output: cannot write {path}: {error.strerror}; choose a folder that can be written") from None

    def note(key: str, plain: str) -> None:
        try:
            file.write(f'{{"key":"{key}","result":{plain}}}\n')
            file.flush()
        except OSError as error:
            raise EnvironmentFault(f"output: cannot write {path}: {error.strerror}; make room, then --resume") from None

    with file:
        yield note


def _cut_torn_line(path: Path) -> None:
    if exists(path):
        content = path.read_bytes()
        if not content.endswith(b"\n"):
            path.write_bytes(content[: content.rfind(b"\n") + 1])
