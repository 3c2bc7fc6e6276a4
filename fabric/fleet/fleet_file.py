"""A fleet as its YAML file says it: network, pools, prices, power, failures, jobs, policies, link models. It runs nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from fabric.fleet import catalogued
from fabric.fleet.asked import with_ratio
from fabric.fleet.communication_text import Text as Communication
from fabric.fleet.fleet import FailureRates, Fleet, Pool, Power, Prices, of_fabric
from fabric.fleet.links import BOTH_ENDS, LinkModel
from fabric.fleet.outage_file import outages
from fabric.fleet.policy import SchedulingPolicy, policy
from fabric.fleet.tree import oversubscribed
from fabric.formats import files
from fabric.hardware.node import node
from fabric.text.escape import shown
from fabric.text.files import is_file, read_text
from fabric.text.yaml_file import read_mapping
from fabric.units import size
from topologies.errors import InputError
from topologies.guess import did_you_mean

POLICIES = ("fifo+scattered", "fifo+tree", "easy+tree")
"""Where the file names none: without packing, packed, packed with backfill."""


class Strict(BaseModel):
    """A part of the file: no unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True)


Count = Annotated[int, Field(ge=1)]
Some = Annotated[float, Field(gt=0, allow_inf_nan=False)]
None_or_more = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class PoolText(Strict):
    """Nodes of one kind. node: of the hardware catalogue, which gives the devices; kind: what jobs ask for by name.

    processors, memory: of a node, such as 96 and 768GiB; they bind jobs that state theirs.
    """

    name: str
    nodes: Count
    devices: Count | None = None
    kind: str | None = None
    nodes_off: Annotated[int, Field(ge=0)] = 0
    node: str | None = None
    processors: Annotated[float, Field(gt=0, le=1e6)] | None = None
    memory: str | None = None


class PowerText(Strict):
    """Watts of one device with its part of the node; standby: where the node is off. source: where they come from.

    device: of the hardware catalogue, whose busy watts (the card alone) stand where none are given; idle then is 30 % of them.
    """

    device: str | None = None
    busy: None_or_more | None = None
    idle: None_or_more | None = None
    standby: None_or_more = 0.0
    pue: Annotated[float, Field(ge=1, le=5)] = 1.0
    source: str = ""

    @field_validator("idle")
    @classmethod
    def _below_busy(cls, value: float | None, info: Any) -> float | None:
        """Refuse a device that draws more idle than busy."""
        busy = info.data.get("busy")
        if busy is not None and value is not None and value > busy:
            raise ValueError(f"must be at most busy, {busy:g} W")
        return value

    @model_validator(mode="after")
    def _whole(self) -> PowerText:
        """Refuse watts without a source, and neither watts nor a device."""
        if self.device is None and (self.busy is None or self.idle is None or not self.source):
            raise ValueError("needs busy, idle and source, or a device of the hardware catalogue")
        return self


class PricesText(Strict):
    """Money: all in one currency. device_hour: what owning one installed costs; charged: for one allocated.

    rent_of: a device of the hardware catalogue, whose rent is what is charged where nothing else is given.
    """

    currency: Annotated[str, Field(min_length=3, max_length=3)]
    device_hour: None_or_more | None = None
    charged: None_or_more | None = None
    kwh: None_or_more | None = None
    fixed_per_year: None_or_more | None = None
    rent_of: str | None = None
    source: str = ""
    date: str = ""

    @field_validator("date", mode="before")
    @classmethod
    def _as_text(cls, value: Any) -> Any:
        """YAML reads 2026 as a number and 2026-11-05 as a date."""
        return str(value) if isinstance(value, int | date) and not isinstance(value, bool) else value

    @model_validator(mode="after")
    def _sourced(self) -> PricesText:
        """Refuse prices without a source; the catalogue's own has one."""
        if not self.source and self.rent_of is None:
            raise ValueError("needs source, or rent_of a device of the hardware catalogue")
        return self


class FailuresText(Strict):
    """Rates to be drawn, or a trace of outages: a CSV with node, start_hours, end_hours (empty: it does not come back).

    Or a published list of faults with node, event_time_days, event.
    """

    node_mtbf_hours: Some | None = None
    repair_median_hours: Some | None = None
    repair_p90_hours: Some | None = None
    trace: str | None = None
    source: str = "stated"


class JobsText(Strict):
    """The demand: a trace with its format, or a synthetic mix.

    load: device-hours asked per device-hour switched on, to which the trace is sped up or slowed down; None: as it is. days: of
    it at most, from its begin. communication: share of a step that jobs larger than a node communicate, where a trace does not
    say (of a mix: instead of the mix's): measured, a range that is assumed, or of a training step; also by tenant or size.
    too_large: jobs that the fleet can never hold are left out and counted, or refused.
    """

    trace: str | None = None
    format: str | None = None
    synthetic: Literal["training", "inference", "half_idle"] | None = None
    load: Some | None = None
    days: Some | None = None
    communication: Communication = None
    too_large: Literal["leave", "refuse"] = "leave"


class ChangeText(Strict):
    """One thing to change, others as they are: what would it be worth? speed: of the devices, over those there are.

    device, over: of the hardware catalogue, whose bf16 rates say the speed where none is given. leaves_joined: so many leaves
    become one; pods_of: one more tier, over pods of so many leaves, oversubscribed as they are.
    """

    name: Annotated[str, Field(min_length=1)]
    name_zh: str = ""
    kind: Literal["price", "node", "power", "jobs", "failures", "fabric", "tier"] = "node"
    speed: Some | None = None
    device: str | None = None
    over: str | None = None
    leaves_joined: Annotated[int, Field(ge=2)] | None = None
    pods_of: Annotated[int, Field(ge=2)] | None = None
    topo: str | None = None
    ratio: Some | None = None
    power: PowerText | None = None
    prices: PricesText | None = None
    failures: FailuresText | None = None
    jobs: JobsText | None = None

    @model_validator(mode="after")
    def _both(self) -> ChangeText:
        """Refuse one device without the other."""
        if (self.device is None) != (self.over is None):
            raise ValueError("device goes with over: the device there is now, such as device: h200, over: h100-sxm")
        return self


class LinksText(Strict):
    """A link model of links.py."""

    load: Literal["peak", "mean"] = "peak"
    pattern: Literal["ring", "all_to_all"] = "all_to_all"
    split: Literal["ideal", "hash"] = "ideal"


class FleetFile(Strict):
    """A fleet as written.

    topo: any TOPO, or a file beside this one. ratio: what its leaves pass on, as R:1, where the file cannot say (a tree) or to
    ask for another fabric. devices: of a node, where the file has one end per host. warm_up: days before sums are made.
    name_zh: for the Chinese page, as a change's.
    """

    name: str = ""
    topo: Annotated[str, Field(min_length=1)]
    ratio: Some | None = None
    devices: Count | None = None
    nodes_off: Annotated[int, Field(ge=0)] = 0
    pools: tuple[PoolText, ...] = ()
    power: PowerText | None = None
    prices: PricesText | None = None
    failures: FailuresText | None = None
    jobs: JobsText | None = None
    policies: tuple[str, ...] = POLICIES
    quotas: dict[str, Count] = {}
    links: Literal["both", "none"] | tuple[LinksText, ...] = "both"
    seeds: Annotated[int, Field(ge=1, le=100)] = 3
    warm_up: None_or_more = 0.0
    changes: tuple[ChangeText, ...] = ()
    name_zh: str = ""


def schema() -> dict[str, Any]:
    """Return the JSON Schema of a fleet's YAML file."""
    return FleetFile.model_json_schema()


def load(path: Path) -> FleetFile:
    """Return the fleet of a YAML file, names of files in it made relative to it.

    Raises:
        InputError: one line with the file, the key, the rule and the value.
    """
    content = read_mapping(path, "fleet", "with topo, jobs, prices, power, policies ...")
    try:
        found = parse(content)
    except InputError as error:
        raise InputError(f"{path}: {error}") from None
    return _beside(found, path.parent)


def parse(content: Mapping[str, Any]) -> FleetFile:
    """Return the fleet of a mapping; InputError with the key, the rule and the value."""
    if _has_off(content):
        raise InputError("off: is YAML's word for false, no key; write nodes_off for nodes, standby for watts")
    try:
        return FleetFile.model_validate(content)
    except ValidationError as error:
        raise InputError(_line(error)) from None


def _has_off(content: Any) -> bool:
    """Return whether a key anywhere is a truth value, as YAML 1.1 reads `off` and `no`."""
    if isinstance(content, Mapping):
        return any(isinstance(key, bool) for key in content) or any(map(_has_off, content.values()))
    return isinstance(content, list) and any(map(_has_off, content))


def _line(error: ValidationError) -> str:
    """Return pydantic's first finding as one line."""
    found = error.errors()
    # of a choice such as `links` every branch fails: the one that looked deepest is the one that was meant
    first = max(found, key=lambda one: len(_path(one))) if _path(found[0])[:1] == ["links"] else found[0]
    where = ".".join(map(str, _path(first))) or "fleet"
    if first["type"] == "extra_forbidden":
        model: Any = FleetFile
        for part in first["loc"][:-1]:
            model = _part(model, part)
        names = list(getattr(model, "model_fields", {}))
        return f"{where}: no such key{did_you_mean(str(first['loc'][-1]), names)}; there are {', '.join(names)}"
    if first["type"] == "missing":
        return f"{where}: must be given"
    said = first["msg"].removeprefix("Value error, ")
    return f"{where}: {said[0].lower() + said[1:]}, got {shown(first['input'])}"


def _path(one: Any) -> list[int | str]:
    """Return where a finding is, without the names that pydantic gives to branches of a choice."""
    return [part for part in one["loc"] if not (isinstance(part, str) and ("[" in part or part == "LinksText"))]


PARTS = {
    "pools": PoolText, "power": PowerText, "prices": PricesText, "failures": FailuresText, "jobs": JobsText, "links": LinksText,
    "changes": ChangeText,
}  # fmt: skip


def _part(model: Any, key: int | str) -> Any:
    return PARTS.get(key, model) if isinstance(key, str) else model


def _beside(found: FleetFile, folder: Path) -> FleetFile:
    """Return the fleet with files of its own folder named from here."""

    def near(text: str | None) -> str | None:
        return str(folder / text) if text and is_file(folder / text) else text

    jobs = found.jobs.model_copy(update={"trace": near(found.jobs.trace)}) if found.jobs else None
    failures = found.failures.model_copy(update={"trace": near(found.failures.trace)}) if found.failures else None
    return found.model_copy(update={"topo": near(found.topo), "jobs": jobs, "failures": failures})


def fleet_of(asked: FleetFile) -> Fleet:
    """Return the fleet: network, pools, prices, power, failures.

    Raises:
        InputError: pools that are not the network's nodes, an unknown node, or a topo that cannot be read.
    """
    fabric = files.load(asked.topo).fabric
    if asked.ratio is not None:
        fabric = with_ratio(fabric, asked.ratio)
    base = of_fabric(fabric, devices=asked.devices, name=asked.name)
    if asked.ratio is not None:
        base = replace(base, tree=oversubscribed(base.tree, asked.ratio, base.tree.tiers[0]))
    pools = tuple(_pool(one) for one in asked.pools) or (replace(base.pools[0], off=asked.nodes_off),)
    if asked.pools and asked.nodes_off:
        raise InputError("nodes_off: say it of each of the pools, or leave pools out")
    if all(pool.off == pool.nodes for pool in pools):
        raise InputError(f"nodes_off: at least one node must be on, got all {sum(pool.nodes for pool in pools):,} off")
    failed, elsewhere = outages(Path(text), base.nodes) if (text := asked.failures and asked.failures.trace) else ((), 0)
    return replace(
        base,
        pools=pools,
        power=_power(asked),
        prices=_prices(asked),
        rates=_rates(asked.failures),
        outages=failed,
        elsewhere=elsewhere,
    )


def of_text(text: str) -> tuple[FleetFile, Fleet]:
    """Return the fleet of a YAML file of fleets, or of any TOPO without prices, power and jobs."""
    path = Path(text)
    if path.suffix in (".yaml", ".yml") and is_file(path) and _is_fleet(path):
        asked = load(path)
        return asked, fleet_of(asked)
    asked = FleetFile(topo=text)
    return asked, fleet_of(asked)


def _is_fleet(path: Path) -> bool:
    """Return whether a YAML file names a topo on a line of its own, which no other file of ours does."""
    return any(line.startswith("topo:") for line in read_text(path, "fleet").splitlines())


def _pool(text: PoolText) -> Pool:
    of = node(text.node) if text.node else None
    devices = text.devices or (of.devices if of else None)
    if devices is None:
        raise InputError(f"pools: {shown(text.name)} needs devices of a node, or a node of the hardware catalogue")
    memory = size(text.memory, f"pools: {shown(text.name)} memory") >> 20 if text.memory else 0
    kind = text.kind or (of.device.name if of else "")
    return Pool(text.name, text.nodes, devices, kind, text.nodes_off, of, round(1000 * (text.processors or 0)), memory)


def _power(asked: FleetFile) -> Power | None:
    one = asked.power
    if one is None:
        return None
    busy, source = (one.busy, one.source) if one.busy is not None or one.device is None else catalogued.watts(one.device)
    busy = float(busy or 0.0)
    told = source if one.idle is not None else f"{source}; idle taken as {100 * catalogued.IDLE:g} % of busy"
    return Power(
        busy, catalogued.IDLE * busy if one.idle is None else one.idle, one.standby, one.pue, _sources(told, one.source)
    )


def _prices(asked: FleetFile) -> Prices | None:
    one = asked.prices
    if one is None:
        return None
    stated = f"{one.source}, {one.date}" if one.date and one.source else one.source
    charged, found = one.charged, ""
    if charged is None and one.rent_of is not None:
        charged, found = catalogued.rent(one.rent_of, one.currency)
    return Prices(one.currency, one.device_hour, charged, one.kwh, one.fixed_per_year, _sources(found, stated))


def _sources(*texts: str) -> str:
    """Return sources in a row, each once."""
    return "; ".join(dict.fromkeys(text for text in texts if text))


def _rates(text: FailuresText | None) -> FailureRates | None:
    if text is None or text.node_mtbf_hours is None:
        return None
    if text.repair_median_hours is None or text.repair_p90_hours is None:
        raise InputError("failures: node_mtbf_hours goes with repair_median_hours and repair_p90_hours")
    return FailureRates(text.node_mtbf_hours, text.repair_median_hours, text.repair_p90_hours, text.source)


def policies_of(asked: FleetFile) -> list[SchedulingPolicy]:
    """Return the policies, in the file's order; InputError for a name that none has, or for two of one name."""
    found = [policy(text, quotas=asked.quotas) for text in asked.policies]
    if not found:
        raise InputError("policies: must name at least one, such as [easy+tree], got none")
    return list({one.name: one for one in found}.values())


def links_of(asked: FleetFile) -> list[LinkModel | None]:
    """Return the link models that figures are shown under: both ends, none, or those of the file."""
    if asked.links == "both":
        return list(BOTH_ENDS)
    if asked.links == "none":
        return [None]
    return [LinkModel(one.load, one.pattern, one.split) for one in asked.links if isinstance(one, LinksText)]
