"""JSON of nccl-tests (`-J FILE`): one run with its devices, arguments and environment. It reads no text.

Facts: NVIDIA/nccl-tests, src/util.cu: `version` 1; `results`: size, count, type, redop, root, out_of_place and in_place with
time (us), alg_bw, bus_bw (GB/s), nwrong (null: not checked). Of the environment only NCCL_* is kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fabric.importers.nccl_tests import BINARY, NAMES, OVER_RANKS
from fabric.importers.table import Row, Table, Tables, stated_time
from fabric.records.screen import Finding
from fabric.text.json_file import parse_json
from fabric.text.numbers import real, whole
from topologies.errors import InputError

KNOWN_VERSION = 1
HALVES = (("out_of_place", False), ("in_place", True))


def looks_like(text: str) -> bool:
    """Whether a text is a JSON object with nccl-tests' keys."""
    return text.lstrip()[:1] == "{" and '"results"' in text and '"alg_bw"' in text


def read(text: str, where: str) -> Tables:
    """Return the one table of a JSON file.

    Raises:
        InputError: no JSON (a run that was cut short leaves an unfinished file), another version, a key that is missing.
    """
    try:
        run = parse_json(text, where)
    except ValueError as error:
        raise InputError(f"{where}: must be complete JSON of nccl-tests (a run that was killed leaves half), {error}") from None
    if not isinstance(run, dict) or run.get("version") != KNOWN_VERSION:
        version = run.get("version") if isinstance(run, dict) else None
        raise InputError(f"{where}: version must be {KNOWN_VERSION}, got {version!r}; the text output can be imported instead")
    try:
        return _table(run)
    except (KeyError, TypeError, ValueError, OverflowError, AttributeError) as error:
        raise InputError(f"{where}: must have results with size, type, out_of_place, in_place; got {error}") from None


def _table(run: Mapping[str, Any]) -> Tables:
    config = run.get("config", {})
    devices = config.get("devices", [])
    if any("cpu_time" in (row.get(name) or {}) for row in run["results"] for name, _ in HALVES):
        return [Finding("note", "left out: a table of CPU times (-C 1), not of the collective's")]
    rows = [
        _row(number, row, row[name], config, in_place=in_place)
        for number, row in enumerate(run["results"], start=1)
        for name, in_place in HALVES
        if row.get(name) is not None
    ]
    environment = {key: value for key, _, value in (entry.partition("=") for entry in run.get("env", []))}
    groups: dict[int, list[str]] = {}
    for device in devices:
        groups.setdefault(device.get("group", 0), []).append(device["hostname"])
    group = max(groups.values(), key=len, default=[])
    # Without MPI in the build, the list holds the first device only.
    listed = max(len(group), config.get("nthreads", 1) * config.get("ngpus", 1))
    return [
        Table(
            collective=_collective(run.get("args", [])),
            line=1,
            rows=tuple(rows),
            ranks=listed if group else None,
            nodes=len(set(group)) or None,
            batch=config.get("aggregated_iterations", 1),
            algorithm=environment.get("NCCL_ALGO", "default").lower(),
            made_at=stated_time(run.get("start_time", "")),
            context=_context(run, config, devices, environment),
        )
    ]


def _row(number: int, row: Mapping[str, Any], half: Mapping[str, Any], config: Mapping[str, Any], *, in_place: bool) -> Row:
    return Row(
        line=number,
        nbytes=whole(row["size"], "size"),
        seconds=real(half["time"], "time") * 1e-6,
        in_place=in_place,
        algbw=real(half["alg_bw"], "alg_bw"),
        busbw=real(half["bus_bw"], "bus_bw"),
        wrong=None if half.get("nwrong") in (None, "nan") else whole(half["nwrong"], "nwrong"),
        iterations=whole(row.get("actual_iterations", config.get("iterations", 1)), "iterations"),
        dtype=str(row["type"]),
        op=str(row.get("redop", "none")),
        root=whole(row.get("root", -1), "root", -1),
    )


def _collective(arguments: list[str]) -> str | None:
    named = [found for argument in arguments for found in BINARY.findall(argument)]
    return NAMES.get(named[0], named[0]) if named else None


def _context(
    run: Mapping[str, Any], config: Mapping[str, Any], devices: list[Mapping[str, Any]], environment: Mapping[str, str]
) -> dict[str, Any]:
    names = {device.get("device_info", "") for device in devices}
    settings = {key: value for key, value in config.items() if key != "devices"}
    return {
        "library_version": str(run.get("nccl_version", "")),
        "settings": settings,
        "devices": sorted(names),
        "environment": {key: value for key, value in environment.items() if key.startswith("NCCL_")},
        "arguments": run.get("args", [])[1:],
        "over_ranks": OVER_RANKS,
    }
