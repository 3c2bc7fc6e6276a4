"""JSON of nccl-tests (`-J FILE`): one run with its devices, arguments and environment. It reads no text.

Facts: NVIDIA/nccl-tests, src/util.cu: `version` 1; `results`: size, count, type, redop, root, out_of_place and in_place with
time (us), alg_bw, bus_bw (GB/s), nwrong (null: not checked); with -I (2.18) out_of_place_per_iter and in_place_per_iter with
times_us, each iteration's maximum over processes (src/util.cu and the analyser beside it, read 2026-11-29). Of the
environment only NCCL_* is kept.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from fabric.importers.nccl_tests import BINARY, NAMES, OVER_RANKS
from fabric.importers.table import Row, Table, Tables, number, rounding, stated_time, whole_number, why
from fabric.records.screen import Finding
from fabric.text.json_file import parse_json
from fabric.text.numbers import whole
from topologies.errors import InputError

KNOWN_VERSIONS = (1,)
BAD = (KeyError, TypeError, ValueError, OverflowError, AttributeError, IndexError)
"""What a value of another kind than the tool writes runs into."""
RESULTS = re.compile(r',\s*"results"\s*:\s*\[\s*')
BETWEEN = re.compile(r"[\s,]*")
HALVES = (("out_of_place", False), ("in_place", True))


def looks_like(text: str) -> bool:
    """Whether a text is a JSON object with nccl-tests' keys."""
    return text.lstrip()[:1] == "{" and '"results"' in text and '"alg_bw"' in text


def read(text: str, where: str) -> Tables:
    """Return the one table of a JSON file; of a file that was cut, its whole results, and a finding that says so.

    Raises:
        InputError: no JSON, another version, a key that is missing.
    """
    run, cut = _parsed(text, where)
    if not isinstance(run, dict) or run.get("version") not in KNOWN_VERSIONS:
        version = run.get("version") if isinstance(run, dict) else None
        known = " or ".join(map(str, KNOWN_VERSIONS))
        raise InputError(f"{where}: version must be {known}, got {version!r}; the text output can be imported instead")
    try:
        return [*_table(run, where), *cut]
    except (*BAD, InputError) as error:
        raise InputError(f"{where}: must have results with size, type, out_of_place, in_place; got {error}") from None


def _parsed(text: str, where: str) -> tuple[Any, list[Finding]]:
    """Return a run, of a text that was cut with those results that are whole: a brace ends each.

    Raises:
        InputError: not even what stands before the results can be read.
    """
    try:
        return parse_json(text, where), []
    except InputError as error:
        start, first = RESULTS.search(text), error
    try:
        run = parse_json("" if start is None else text[: start.start()] + "}", where)
    except InputError:
        what = "JSON of nccl-tests with whole results (a run that was killed leaves half)"
        raise InputError(f"{where}: must be {what}; {first}") from None
    assert start is not None  # noqa: S101  # "" is no JSON
    run["results"], at, decoder = [], start.end(), json.JSONDecoder()
    while True:
        try:
            one, end = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            break
        run["results"].append(one)
        at = BETWEEN.match(text, end).end()  # type: ignore[union-attr]  # it matches nothing too
    line = text.count("\n", 0, at) + 1
    return run, [
        Finding("warning", f"the file ends inside a result, which is left out: {len(run['results'])} before it are whole", line)
    ]


def _table(run: Mapping[str, Any], where: str) -> Tables:
    config = run.get("config", {})
    devices = config.get("devices", [])
    if any("cpu_time" in (row.get(name) or {}) for row in run["results"] for name, _ in HALVES):
        return [Finding("note", "left out: a table of CPU times (-C 1), not of the collective's")]
    rows, doubts = list[Row](), list[Finding]()
    for number_of, result in enumerate(run["results"], start=1):
        try:
            rows += [
                _row((where, number_of), result, name, config, in_place=in_place)
                for name, in_place in HALVES
                if result.get(name) is not None
            ]
        except (*BAD, InputError) as error:
            doubts.append(Finding("warning", f"left out: result {number_of}: {why(error)}"))
    if not rows:
        return [*doubts, Finding("warning", "a run without results")]
    environment = {key: value for key, _, value in (entry.partition("=") for entry in run.get("env", []))}
    ranks, nodes = _counted(devices, config)
    return [
        Table(
            collective=_collective(run.get("args", [])),
            line=1,
            rows=tuple(rows),
            ranks=ranks,
            nodes=nodes,
            batch=whole(config.get("aggregated_iterations", 1), "count"),
            algorithm=environment.get("NCCL_ALGO", "default").lower(),
            made_at=stated_time(str(run.get("start_time", ""))),
            context=_context(run, config, devices, environment),
            hosts=tuple(dict.fromkeys(str(d["hostname"]) for d in sorted(devices, key=lambda d: whole(d["rank"], "count")))),
        ),
        *doubts,
    ]


def _counted(devices: list[Mapping[str, Any]], config: Mapping[str, Any]) -> tuple[int | None, int | None]:
    """Return ranks and nodes as the list of devices says, (None, None) without a list or with one that has gaps.

    The tool lists a process's devices by its first alone, or all of them: ranks 0, g, 2 g ... of g a process, or 0, 1, 2 ...
    """
    groups: dict[int, dict[int, str]] = {}
    for device in devices:
        groups.setdefault(whole(device.get("group", 0), "count"), {})[whole(device["rank"], "count")] = str(device["hostname"])
    group = max(groups.values(), key=len, default={})
    each = whole(config.get("nthreads", 1), "count") * whole(config.get("ngpus", 1), "count")
    listed, everyone = sorted(group), sorted(rank for one in groups.values() for rank in one)
    if not group:
        return None, None
    if listed == [each * k for k in range(len(listed))]:
        ranks = each * len(listed)
    elif everyone == list(range(len(everyone))):
        ranks = len(listed)
    else:
        return None, None
    return ranks, len(set(group.values()))


def _row(place: tuple[str, int], row: Mapping[str, Any], name: str, config: Mapping[str, Any], *, in_place: bool) -> Row:
    half = row[name]
    printed = {key: repr(half[key]) for key in ("time", "alg_bw", "bus_bw")}
    time, algbw, busbw = (number(*place, key, text) for key, text in printed.items())
    skipped = row.get(f"{name}_per_iter") or {}
    return Row(
        line=place[1],
        nbytes=whole_number(*place, "size", str(row["size"])),
        seconds=time * 1e-6,
        in_place=in_place,
        algbw=algbw,
        busbw=busbw,
        wrong=None if half.get("nwrong") in (None, "nan") else whole_number(*place, "nwrong", str(half["nwrong"])),
        iterations=whole_number(*place, "iterations", str(row.get("actual_iterations", config.get("iterations", 1)))),
        dtype=str(row["type"]),
        op=str(row.get("redop", "none")),
        root=whole_number(*place, "root", str(row.get("root", -1)).strip()),
        rounding={
            "seconds": rounding(printed["time"]) * 1e-6,
            "algbw": rounding(printed["alg_bw"]),
            "busbw": rounding(printed["bus_bw"]),
        },
        samples=_samples(place, skipped),
    )


def _samples(place: tuple[str, int], report: Mapping[str, Any]) -> tuple[float, ...]:
    """Return the seconds of each iteration (-I), the maximum over processes, without the first that the run skipped."""
    skipped = whole_number(*place, "skipped_iterations", str(report.get("skipped_iterations", 0)))
    seconds = [number(*place, "times_us", repr(value)) * 1e-6 for value in report.get("times_us", [])[max(skipped, 0) :]]
    return tuple(seconds) if all(0 < value < float("inf") for value in seconds) else ()


def _collective(arguments: list[str]) -> str | None:
    named = [found for argument in arguments for found in BINARY.findall(str(argument))]
    return NAMES.get(named[0], named[0]) if named else None


def _context(
    run: Mapping[str, Any], config: Mapping[str, Any], devices: list[Mapping[str, Any]], environment: Mapping[str, str]
) -> dict[str, Any]:
    names = {str(device.get("device_info", "")) for device in devices}
    settings = {key: value for key, value in config.items() if key != "devices"}
    return {
        "library_version": str(run.get("nccl_version", "")),
        "settings": settings,
        "devices": sorted(names),
        "environment": {key: value for key, value in environment.items() if key.startswith("NCCL_")},
        "arguments": list(map(str, run.get("args", [])[1:])),
        "over_ranks": OVER_RANKS,
    }
