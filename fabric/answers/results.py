"""Results as rows: the columns that every verb's rows of results begin with. It knows no verb, fabric or bound."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from fabric.answers.answer import LIST, NUMBER, OBJECT, TEXT, WHOLE, YES_NO, Column, maybe
from fabric.records.result import Result
from fabric.units import show_duration, show_size

Of = Callable[[Any], Result]


def itself(fact: Result) -> Result:
    """Return the fact, which is a result."""
    return fact


def case_columns(of: Of = itself) -> tuple[Column, ...]:
    """Return the columns of a result's case. of: the result of a fact."""

    def case(key: str) -> Callable[[Any], object]:
        return lambda fact: getattr(of(fact).case, key)

    return (
        Column("collective", TEXT, "what was asked for", case("collective")),
        Column("nbytes", WHOLE, "bytes, S as nccl-tests counts it", case("nbytes"), head="size", cell=lambda f: size(of(f))),
        Column("world_size", WHOLE, "ranks", case("world_size"), head="ranks"),
        Column("nodes", WHOLE, "servers that the ranks stand on", case("nodes"), head="nodes"),
        Column("ranks_per_node", WHOLE, "most ranks on one server", case("ranks_per_node")),
        Column("op", TEXT, "reduction", case("op")),
        Column("root", maybe(WHOLE), "root rank of a rooted collective", case("root")),
        Column("dtype", TEXT, "type of an element", case("dtype")),
        Column("in_place", YES_NO, "whether send and receive buffer are one", case("in_place")),
        Column("mode", TEXT, "blocking, nonblocking or persistent", case("mode")),
        Column("order", TEXT, "which device each rank stands on", case("order")),
        Column("params", OBJECT, "parameters of the collective, such as skew", lambda fact: dict(of(fact).case.params)),
        Column("count", WHOLE, "elements", case("count")),
    )


def result_columns(of: Of = itself, **heads: str) -> tuple[Column, ...]:
    """Return the columns of any result: its case, its time with interval, its bandwidths.

    of: the result of a fact. heads: key -> heading in the table, for columns that a verb shows under a name of its own.
    """

    def end(which: int) -> Callable[[Any], object]:
        return lambda fact: (of(fact).bracket or (None, None))[which]

    return (
        *case_columns(of),
        Column("source", TEXT, "who answered: a library, model:FIDELITY, import:TOOL ...", lambda f: of(f).source,
               head=heads.get("source"), cell=lambda f: fidelity(of(f))),
        Column("algorithm", TEXT, "what ran, with its parameters", lambda f: of(f).model.runs, head="algorithm"),
        Column("seconds", NUMBER, "median of samples, or the stated time", lambda f: of(f).time,
               head=heads.get("seconds", "time"), cell=lambda f: duration(of(f).time)),
        Column("seconds_low", maybe(NUMBER), "low end of the 95 % interval", end(0)),
        Column("seconds_high", maybe(NUMBER), "high end of the 95 % interval", end(1)),
        Column("samples", WHOLE, "how many times are behind `seconds`", lambda f: len(of(f).seconds)),
        Column("algbw_bytes_per_second", NUMBER, "nbytes / seconds", lambda f: of(f).algbw, head="algbw GB/s",
               cell=lambda f: f"{of(f).algbw / 1e9:.2f}"),
        Column("busbw_bytes_per_second", NUMBER, "algbw times the collective's factor", lambda f: of(f).busbw,
               head="busbw GB/s", cell=lambda f: f"{of(f).busbw / 1e9:.2f}" if of(f).case.world_size > 1 else "-"),
        Column("made_at", TEXT, "when, UTC", lambda f: of(f).made_at),
    )  # fmt: skip


def run_columns(of: Of = itself) -> tuple[Column, ...]:
    """Return what a run adds to a result's columns."""

    def context(key: str) -> Callable[[Any], object]:
        return lambda fact: of(fact).context.get(key)

    return (
        Column("wrong", maybe(WHOLE), "wrong elements over all ranks; null where none were computed", lambda f: of(f).wrong),
        Column("barrier", TEXT, "before, excluded or back_to_back", lambda f: of(f).barrier),
        Column("ranks_exceed_cores", YES_NO, "more ranks than cores", lambda f: of(f).oversubscribed),
        Column("contended", maybe(YES_NO), "others took over 15 % of the cores", context("contended")),
    )


def model_columns(of: Of = itself, **heads: str) -> tuple[Column, ...]:
    """Return what a model adds to a result's columns."""
    return (
        Column("routing", maybe(TEXT), "policy, with its seeds", lambda f: of(f).routing),
        Column("fabric", maybe(TEXT), "name of the fabric", lambda f: of(f).fabric),
        Column("fingerprint", maybe(TEXT), "of the fabric", lambda f: of(f).fingerprint),
        Column("bottleneck", maybe(TEXT), "what moves the answer most", lambda f: next(iter(of(f).bottlenecks), None),
               head=heads.get("bottleneck"), cell=lambda f: bottlenecks(of(f))),
        Column("tied", LIST, "what moves it as much", lambda f: list(of(f).bottlenecks[1:])),
    )  # fmt: skip


def size(result: Result) -> str:
    """Return a result's bytes for a reader."""
    return show_size(result.case.nbytes)


def fidelity(result: Result) -> str:
    """Return which of the model's fidelities answered; a library's name as it is."""
    return result.source.removeprefix("model:")


def bottlenecks(result: Result) -> str:
    """Return what holds a prediction up, and what ties with it; `-` for one rank."""
    return ", ".join(result.bottlenecks) if result.case.world_size > 1 else "-"


def duration(seconds: float) -> str:
    """Return seconds for a reader."""
    return show_duration(seconds)


def over(columns: Sequence[Column], *others: Column) -> tuple[Column, ...]:
    """Return the columns with the others in the place of those of the same key, and after them where there is none."""
    theirs = {column.key: column for column in others}
    kept = [theirs.pop(column.key, column) for column in columns]
    return (*kept, *theirs.values())
