"""What verbs that run on real ranks share: being one of the ranks, or starting them. It does not know what they measure."""

from __future__ import annotations

import tempfile
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import click

from fabric.cli.output import tell, warn
from fabric.errors import EnvironmentFault
from fabric.measure.launch import start
from fabric.measure.launch.launcher import Launch
from fabric.measure.launch.settle import leave_quietly
from fabric.measure.launch.supervise import Ending, supervise_ranks
from fabric.records.result import Result
from fabric.records.store import append, read
from fabric.text.files import exists, is_file
from topologies.errors import InputError

DECIDED = frozenset({"as_json", "as_csv", "output", "backends", "ranks", "topo"})
"""Options that the starting process decides or needs itself: not passed on to ranks as they were given."""


CONNECT = 60.0
"""Seconds within which ranks connect, where nobody says otherwise."""


@dataclass(frozen=True)
class Output:
    """Where results go. kept: whether the user named the file; before: records that it already had; made: by us, just now."""

    path: Path
    kept: bool
    before: int
    made: bool = False

    def results(self) -> list[Result]:
        """Return the results of this run."""
        return read(self.path)[0][self.before :]


@dataclass(frozen=True)
class Keeper:
    """Takes results one by one, in memory and, where a file was named, on disk at once."""

    path: Path | None
    results: list[Result] = field(default_factory=list)

    def __call__(self, result: Result) -> None:
        """Keep one result."""
        self.results.append(result)
        if self.path is not None:
            append(self.path, [result])


def say(lines: Sequence[str]) -> None:
    """Print notes on standard error."""
    for line in lines:
        tell(f"# {line}", err=True)


@contextmanager
def one_voice(launch: Launch) -> Iterator[None]:
    """Let rank 0 alone say what is wrong: the line is the same on all ranks, and the others end silently."""
    try:
        yield
    except (InputError, EnvironmentFault) as error:
        leave_quietly(launch, 2 if isinstance(error, InputError) else 3)
        raise


@contextmanager
def keeping(launch: Launch, path: Path | None) -> Iterator[Keeper]:
    """Give a rank what keeps its results; Ctrl-C ends it with 130 and, on rank 0, a word on what was kept."""
    keeper = Keeper(path)
    if launch.rank == 0 and path is not None:
        append(path, [])
    try:
        yield keeper
    except KeyboardInterrupt:
        if launch.rank == 0 and path is not None:
            warn(f"interrupted; {len(keeper.results)} results kept in {path}")
        raise SystemExit(130) from None


@contextmanager
def opened(path: Path | None) -> Iterator[Output]:
    """Give the file that ranks will append to: the user's, else one that is gone at the end."""
    output = _temporary() if path is None else _named(path)
    try:
        yield output
    finally:
        if not output.kept or (output.made and is_file(output.path) and not output.path.stat().st_size):
            output.path.unlink(missing_ok=True)  # ours, or nothing came of it


def _temporary() -> Output:
    with tempfile.NamedTemporaryFile(prefix="fabricbench-", suffix=".jsonl", delete=False) as file:
        return Output(Path(file.name), kept=False, before=0)


def _named(path: Path) -> Output:
    there = exists(path)
    results, torn = read(path) if there else ([], None)  # before anything is cut off: it may be of a newer version
    if torn is not None:
        warn(torn)
    append(path, [])
    return Output(path, kept=True, before=len(results), made=not there)


def start_ranks(backend: str, ranks: int, arguments: Sequence[str], output: Output, limit: float = CONNECT) -> None:
    """Run `python -m fabric ARGUMENTS --output FILE` on so many ranks of this machine, to their end; prints the command.

    limit: seconds within which they must connect.

    Raises:
        EnvironmentFault: no launcher, or a launch that ended badly; says how many results were kept.
        InputError: the file is of another run or other surroundings.
        SystemExit: somebody ended us by a signal.
    """
    line = start.command_line(backend, ranks, [*arguments, "--output", str(output.path)])
    tell(f"# {' '.join(line)}", err=True)
    judge(supervise_ranks(line, start.environment(), ranks, limit), backend, output)


def judge(ending: Ending, backend: str, output: Output) -> None:
    """Raise unless the launch ended well; say where its results are."""
    if ending.code == 0 and ending.stopped is None:
        return
    count = len(output.results())
    kept = f"{count} results kept in {output.path}" if output.kept else f"{count} results lost: no -o FILE was given"
    if ending.stopped is not None:
        warn(f"interrupted; {kept}")
        raise SystemExit(128 + ending.stopped)
    reason = ending.reason.removeprefix(f"{backend}: ")
    if reason.startswith("resume: "):  # a rank refused the file
        raise InputError(reason)
    raise EnvironmentFault(f"{backend}: {reason}; {kept}")


def arguments_of(ctx: click.Context, kept_back: Collection[str] = DECIDED) -> list[str]:
    """Return the verb and the arguments that the user gave, as words, but for the parameters named in kept_back."""
    words = [str(ctx.command.name)]
    for param in ctx.command.params:
        value = ctx.params.get(param.name or "")
        if param.name not in kept_back and value is not None:
            words += _words(param, value)
    return words


def _words(param: click.Parameter, value: object) -> list[str]:
    """Return one parameter as it stands on a command line."""
    if isinstance(param, click.Argument):
        return [str(value)]
    if isinstance(value, bool):
        return [param.opts[0]] if value else param.secondary_opts[:1]
    if isinstance(value, tuple):
        return [word for item in value for word in (param.opts[-1], str(item))]
    return [param.opts[-1], str(value)]
