"""What verbs that predict share: cases on a fabric, a result as one flat row. It prints nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from fabric.network.fabric import Fabric
    from fabric.network.placement import Devices
    from fabric.records.result import Result


constants_option = click.option(
    "--constants", help="none, nccl, nccl:HARDWARE or a file that calibrate wrote; by default the --backend's own, else none."
)


def model_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of a verb that predicts: constants, backend, routing, order."""
    for option in (
        click.option(
            "--order", default="contiguous", show_default=True, help="contiguous, interleaved, scattered:SEED, given:FILE."
        ),
        click.option(
            "--routing",
            default="ideal",
            show_default=True,
            help="Policy: ideal, spray, ecmp:SEED or ecmp:FIRST-LAST, dmodk, ... (docs/routing.md).",
        ),
        click.option("--backend", help="Library whose constants and default algorithm are meant, e.g. gloo or mpi:openmpi."),
        constants_option,
    ):
        function = option(function)
    return function


def case_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of what only some collectives have: root, and parameters such as skew."""
    function = click.option("--root", type=int, help="Root of a rooted collective; 0 where it is not given.")(function)
    return click.option("--param", multiple=True, help="KEY=VALUE of the collective, e.g. skew=1.2 or fan_in=8; repeatable.")(
        function
    )


def read_params(texts: Sequence[str]) -> dict[str, float | str]:
    """Return a collective's parameters from KEY=VALUE texts; InputError naming the one that is none."""
    from topologies.errors import InputError

    found: dict[str, float | str] = {}
    for text in texts:
        key, equals, value = text.partition("=")
        try:
            found[key] = float(value)
        except ValueError:
            raise InputError(f"param: must be KEY=NUMBER, such as skew=1.2, got {text!r}") from None
        if not (key and equals):
            raise InputError(f"param: must be KEY=NUMBER, such as skew=1.2, got {text!r}")
    return found


def read_order(text: str) -> tuple[str, Devices | None]:
    """Return the order's name and, for given:FILE, the devices in the file: numbers apart from each other by blanks or commas.

    Raises:
        InputError: a file that cannot be read, or a word in it that is no number.
    """
    from pathlib import Path

    import numpy as np

    from fabric.network.placement import given_order
    from topologies.errors import InputError

    kind, _, name = text.partition(":")
    if kind != "given":
        return text, None
    try:
        words = Path(name).read_text().replace(",", " ").split()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"order: cannot read {name}: {error}") from None
    for word in words:
        if not (word.isascii() and word.isdigit()):
            raise InputError(f"order: must be device numbers, got {word!r}")
    devices = np.array(words, dtype=np.int64)
    return given_order(devices), devices


def load(topo: str) -> Fabric:
    """Return the fabric of a TOPO: a short form, the YAML of a fabric, or a file in any format that can be read."""
    from fabric.cli.output import warn
    from fabric.formats import files

    found = files.load(topo)
    if found.defects:
        several = f"{len(found.defects):,} flaws were" if len(found.defects) > 1 else "a flaw was"
        warn(f"{topo}: {several} read around, first {found.defects[0].at(topo)}; `fabricbench read` lists them")
    return found.fabric


def of_one_collective(results: Sequence[Result], asked: str) -> list[Result]:
    """Return the results of one collective, since no fit mixes them: the only one there is, else the one asked for.

    Raises:
        InputError: several, and not the one asked for.
    """
    from topologies.errors import InputError

    there = sorted({result.case.collective for result in results})
    if len(there) == 1:
        return list(results)
    if asked not in there:
        raise InputError(f"collective: the results are of {', '.join(there)}, got {asked}; name one with --collective")
    return [result for result in results if result.case.collective == asked]


def flat(result: Result, **more: object) -> dict[str, Any]:
    """Return a result as one flat row, keys with their unit: the case, time and bandwidths, what is known beside them."""
    low, high = result.bracket or (None, None)
    case = asdict(result.case) | {"params": dict(result.case.params)}
    row = case | {
        "count": result.case.count,
        "source": result.source,
        "algorithm": result.model.runs,
        "seconds": result.time,
        "seconds_low": low,
        "seconds_high": high,
        "samples": len(result.seconds),
        "algbw_bytes_per_second": result.algbw,
        "busbw_bytes_per_second": result.busbw,
        "made_at": result.made_at,
    }
    return row | (_of_a_run(result) if result.measured else _of_a_model(result)) | more


def _of_a_run(result: Result) -> dict[str, Any]:
    return {
        "wrong": result.wrong,
        "barrier": result.barrier,
        "ranks_exceed_cores": result.oversubscribed,
        "contended": result.context.get("contended"),
    }


def _of_a_model(result: Result) -> dict[str, Any]:
    return {
        "routing": result.routing,
        "fabric": result.fabric,
        "fingerprint": result.fingerprint,
        "bottleneck": next(iter(result.bottlenecks), None),
        "tied": list(result.bottlenecks[1:]),
    }
