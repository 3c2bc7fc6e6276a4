"""A fabric from text and back: the short form with speeds, and the YAML file. It does not know what runs on a fabric.

Short form: a topology's, plus `link=PART`, `speed=400Gb/s`, `latency=300ns` for the network and `scale_up_link=PART`,
`scale_up_speed=`, `scale_up_latency=` inside nodes. Defaults: 400g-ndr, and nvlink4 or what PARTS_INSIDE says. A speed is
that of one lane one way, inside nodes that of one device one way, all its lanes there together. `nvls=off`,
`ll128=off`, `sharp=on` (uses.py) say what its switches and library use. `node=NAME` of the catalogue
sets counts, graph inside and speeds (of_node.py): a key that is given wins over the node, the node over the defaults.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from fabric.hardware.node import NodeType
from fabric.hardware.uses import USES
from fabric.network import uses
from fabric.network.fabric import Fabric, Level
from fabric.network.lane_speeds import from_lane_speeds
from fabric.network.of_node import levels as levels_of
from fabric.network.of_node import named
from fabric.network.parts import Part, part
from fabric.network.plausible import check as check_plausible
from fabric.network.working_sets_file import WorkingSetsText, as_text, from_text
from fabric.text.escape import shown
from fabric.text.files import write_text
from fabric.units import duration, rate
from topologies import catalog
from topologies.base import HOST_NIC, SCALE_UP, Topology
from topologies.errors import InputError
from topologies.guess import did_you_mean

SCHEMA, OF_LANES = "fabricbench.fabric/2", "fabricbench.fabric/1"
"""Of what is written; and of files of before, in which a speed inside nodes is that of one lane."""
KEYS = ("link", "speed", "latency")
DEFAULT_PARTS = {"network": "400g-ndr", SCALE_UP: "nvlink4", "memory": "loopback", "loopback": "loopback"}
"""Level -> the part it is made of where nothing is said; `network` for every level not named."""
PARTS_INSIDE = {"nvl72": "nvlink5", "pcie_tree": "pcie4-x16", "host_memory": "pcie4-x16", "cloudmatrix": "ub-910c"}
"""Graph inside nodes -> the part of the machines it is known from, where that is not the usual one."""
LOCAL_CARRIERS = {"mpi": "memory", "gloo": "loopback"}
"""Backend -> level, in the family `local`."""


@dataclass(frozen=True)
class LevelText:
    """One level in a YAML file: a part, or speed (inside nodes: of one device) and latency with units."""

    __pydantic_config__ = {"extra": "forbid"}  # noqa: RUF012  # read by pydantic, which is imported where a file is read
    part: str | None = None
    speed: str | None = None
    latency: str | None = None
    source: str | None = None
    count: int | None = None
    spread: tuple[str, str] | None = None
    date: str | None = None


@dataclass(frozen=True)
class FabricText:
    """A fabric's YAML file."""

    __pydantic_config__ = {"extra": "forbid"}  # noqa: RUF012  # as above
    schema_: str
    topology: str
    name: str = ""
    node: str | None = None
    levels: Mapping[str, LevelText] = field(default_factory=dict)
    degraded: Mapping[int, str] = field(default_factory=dict)
    carriers: Mapping[str, str] = field(default_factory=dict)
    uses: Mapping[str, str | bool] = field(default_factory=dict)
    working_sets: WorkingSetsText | None = None


def schema() -> dict[str, Any]:
    """Return the JSON Schema of a fabric's YAML file as it is written."""
    from pydantic import TypeAdapter  # noqa: PLC0415  # 0.3 s, paid where a schema is asked for

    made = TypeAdapter(FabricText).json_schema()
    kinds = {"schema": {"const": SCHEMA}, **{key: kind for key, kind in made["properties"].items() if key != "schema_"}}
    return {**made, "$id": SCHEMA, "properties": kinds, "required": ["schema", "topology"]}


def load(text: str, *, force: bool = False) -> Fabric:
    """Return the fabric of a short form or of a YAML file. force: take speeds and latencies beyond what is plausible.

    Raises:
        InputError: whatever is wrong with it, by name.
    """
    is_file = text.endswith((".yaml", ".yml"))
    return read(Path(text)) if is_file else from_short_form(text, force=force)


def from_short_form(text: str, *, force: bool = False) -> Fabric:
    """Return the fabric of a short form such as `fat_tree:k=8,speed=400Gb/s,latency=300ns`; force: as load()."""
    family, params = catalog.split_spec(text)
    speeds = {f"{prefix}{key}": params.pop(f"{prefix}{key}", None) for prefix in ("", "scale_up_") for key in KEYS}
    said = uses.taken(params)
    family, params, node = named(family, params)
    _check_keys(family, params)
    topology = catalog.build(family, params)
    uses.check(topology, said)
    usual = _usual(topology, node)
    given = {
        level: _level(
            LevelText(
                part=speeds[f"{prefix}link"],
                speed=speeds[f"{prefix}speed"],
                latency=None if level == HOST_NIC else speeds[f"{prefix}latency"],
            ),
            usual[level],
            prefix,
            str(topology.params.get("scale_up")),
            check=not force,
        )
        for level in topology.levels
        for prefix in ["scale_up_" if level == SCALE_UP else ""]
    }
    carriers = LOCAL_CARRIERS if family == "local" else {}
    return Fabric(topology, given, name=text, carriers=carriers, node=node, uses=_used(node, said))


def _check_keys(family: str, params: Mapping[str, str]) -> None:
    """Raise InputError for a key that neither the family nor every fabric has."""
    if family not in catalog.FAMILIES:
        return
    known = [*inspect.signature(catalog.FAMILIES[family]).parameters, *catalog.GENERIC]
    own = [*(f"{prefix}{key}" for prefix in ("", "scale_up_") for key in KEYS), *USES, "node"]
    for key in params:
        if key not in known:
            hint, there = did_you_mean(key, [*known, *own]), f"{', '.join(known)}; of every fabric: {', '.join(own)}"
            raise InputError(f"{family}: unknown parameter {key!r}{hint}; there are: {there}")


def wiring(text: str) -> tuple[str, dict[str, str]]:
    """Return the family and the parameters that build a short form's wiring: speeds left out, its node's counts put in.

    Raises:
        InputError: no short form, no such node, or counts that contradict it.
    """
    family, params = catalog.split_spec(text)
    for key in KEYS:
        params.pop(key, None)
        params.pop(f"scale_up_{key}", None)
    uses.taken(params)
    family, params, _ = named(family, params)
    return family, params


def read(path: Path) -> Fabric:
    """Return the fabric of a YAML file; one of schema OF_LANES as it was, its speed inside nodes added up to a device's."""
    from pydantic import TypeAdapter, ValidationError  # noqa: PLC0415  # 0.1 s with YAML, paid where a file is read

    from fabric.text.yaml_file import read_yaml  # noqa: PLC0415

    content = read_yaml(path, "topo")
    if not isinstance(content, dict) or content.get("schema") not in (SCHEMA, OF_LANES):
        found = content.get("schema") if isinstance(content, dict) else content
        raise InputError(f"{path}: schema must be {SCHEMA}, or {OF_LANES} of before, got {shown(str(found))}")
    content["schema_"] = content.pop("schema")
    try:
        return _from_text(path, TypeAdapter(FabricText).validate_python(content))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(key) for key in first["loc"])
        unknown = first["type"] == "unexpected_keyword_argument"
        said = "Extra inputs are not permitted" if unknown else first["msg"]
        raise InputError(f"{path}: {where}: {said}, got {shown(str(first['input']))}") from None


def write(fabric: Fabric, path: Path) -> None:
    """Write the fabric as a YAML file that read() gives back with the same fingerprint.

    Raises:
        InputError: the file cannot be written.
    """
    import yaml  # noqa: PLC0415

    write_text(path, yaml.safe_dump(to_dict(fabric), sort_keys=False, width=120))


def to_dict(fabric: Fabric) -> dict[str, Any]:
    """Return the fabric as the content of its YAML file; ten digits are kept, as in the fingerprint."""
    content: dict[str, Any] = {"schema": SCHEMA, "name": fabric.name, "topology": fabric.topology.name}
    if fabric.node is not None:
        content["node"] = fabric.node.name
    content["levels"] = {name: _level_dict(level) for name, level in fabric.levels.items()}
    if fabric.degraded:
        content["degraded"] = {int(cable): _rate_text(speed) for cable, speed in fabric.degraded.items()}
    if fabric.carriers:
        content["carriers"] = dict(fabric.carriers)
    if fabric.uses:
        content["uses"] = dict(fabric.uses)
    if fabric.working_sets is not None:
        content["working_sets"] = as_text(fabric.working_sets)
    return content


def _level_dict(level: Level) -> dict[str, Any]:
    row: dict[str, Any] = {"part": level.part} if level.part else {}
    row |= {"speed": _rate_text(level.speed), "latency": f"{level.latency * 1e9:.10g}ns", "source": level.source}
    if level.spread is not None:
        row |= {"count": level.count, "spread": [_rate_text(v) for v in level.spread], "date": level.date}
    return row


def _rate_text(speed: float) -> str:
    return f"{speed / 1e9:.10g}GB/s"


def _from_text(path: Path, text: FabricText) -> Fabric:
    family, params = catalog.split_spec(text.topology)
    if text.node is not None and params.setdefault("node", text.node) != text.node:
        raise InputError(f"{path}: node is given twice, as {text.node!r} and as {params['node']!r}")
    own = uses.taken(params) | uses.read(text.uses)
    family, params, node = named(family, params)
    topology = catalog.build(family, params)
    uses.check(topology, own)
    for where, names in (("levels", text.levels), ("carriers", text.carriers.values())):
        for name in names:
            if name not in topology.levels:
                raise InputError(f"{path}: {where}: {topology.name} has levels {', '.join(topology.levels)}, got {name!r}")
    usual = _usual(topology, node)
    said = {name: text.levels.get(name, LevelText()) for name in topology.levels}
    levels = {
        name: _level(own, usual[name], f"{name}.", str(topology.params.get("scale_up")), check=own.source is None)
        for name, own in said.items()
    }
    degraded = _degraded(path, topology, text.degraded)
    memory = from_text(str(path), text.working_sets) if text.working_sets else None
    fabric = Fabric(topology, levels, text.name, degraded, text.carriers, node, _used(node, own), memory)
    states_lanes = text.schema_ == OF_LANES and text.levels.get(SCALE_UP, LevelText()).speed
    return from_lane_speeds(fabric, OF_LANES) if states_lanes else fabric


def _used(node: NodeType | None, said: Mapping[str, bool]) -> dict[str, bool]:
    """Return what a fabric uses: as said, else as its node's entry says; nothing where neither does."""
    return {**(node.uses if node is not None else {}), **said}


def _degraded(path: Path, topology: Topology, cables: Mapping[int, str]) -> dict[int, float]:
    for cable in cables:
        if not 0 <= cable < len(topology.ends):
            raise InputError(f"{path}: degraded: cables are 0 ... {len(topology.ends) - 1}, got {cable}")
    return {cable: _positive(rate(speed, f"degraded.{cable}"), f"degraded.{cable}") for cable, speed in cables.items()}


def _usual(topology: Topology, node: NodeType | None) -> dict[str, Level]:
    """Return the levels where nothing is said: as the node has them, else of the usual parts."""
    if node is not None:
        return levels_of(topology, node)
    usual = {name: _of_part(_part(topology, name)) for name in topology.levels}
    return usual | {name: replace(usual[name], latency=0.0) for name in usual if name == HOST_NIC}


def _part(topology: Topology, level: str) -> Part:
    """Return the part of a level where nothing is said."""
    inside = PARTS_INSIDE.get(str(topology.params.get("scale_up"))) if level == SCALE_UP else None
    return part(inside or DEFAULT_PARTS.get(level, DEFAULT_PARTS["network"]))


def _of_part(made_of: Part) -> Level:
    return Level(made_of.speed, made_of.latency, f"part {made_of.name}", part=made_of.name)


def _level(text: LevelText, usual: Level, prefix: str, graph: str, *, check: bool) -> Level:
    """Return a level from its part, overridden by a speed and a latency where they are given.

    prefix: for messages. graph: what is inside nodes. check: refuse what is beyond plausible.
    """
    base = _of_part(part(text.part, f"{prefix}link")) if text.part else usual
    given = [key for key, value in (("speed", text.speed), ("latency", text.latency)) if value]
    origin = [base.source] * (len(given) < 2) + [f"{' and '.join(given)} given"] * bool(given)
    if not text.speed and not base.speed:
        raise InputError(f"{prefix}speed: {base.source}; give {prefix}speed=")
    speed = _positive(rate(text.speed, f"{prefix}speed"), f"{prefix}speed") if text.speed else base.speed
    latency = duration(text.latency, f"{prefix}latency") if text.latency else base.latency
    if check:
        inside = prefix in (f"{SCALE_UP}.", "scale_up_")
        for figure, value in (("speed", speed), ("latency", latency)):
            if figure in given:
                check_plausible(figure, value, f"{prefix}{figure}", inside=inside, graph=graph)
    return Level(
        speed=speed,
        latency=latency,
        source=text.source or "; ".join(origin),
        part=base.part if not text.speed or (text.part and rate(text.speed) == base.speed) else None,
        count=text.count,
        spread=(rate(text.spread[0]), rate(text.spread[1])) if text.spread else None,
        date=text.date,
    )


def _positive(speed: float, parameter: str) -> float:
    if speed <= 0:
        raise InputError(f"{parameter}: must be above zero, got {speed:g} B/s")
    return speed
