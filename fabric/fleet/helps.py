"""What would help most: one thing changed at a time, its worth in device-hours and money a year. It runs no engine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from json import dumps, loads

from fabric.fleet.catalogued import speed
from fabric.fleet.fleet import Fleet
from fabric.fleet.fleet_file import ChangeText, FleetFile
from fabric.fleet.money import YEAR_HOURS, costs
from fabric.fleet.policy import policy
from fabric.fleet.study import Cell, Interval, Setting, interval, paired
from fabric.fleet.tiers import nodes_of_a_leaf
from fabric.fleet.tree import Tree
from fabric.fleet.waterfall import STEPS

RATIOS = (1.0, 4.0)
JOINED, PODS = 2, 4
"""Leaves in one, and leaves in a pod, where other tiers are asked what they are worth."""
SAME_RATIO = 0.02
"""Relative difference up to which a fabric is taken as the one there is."""
BY_MONEY = ("price", "power", "node")
"""Kinds of changes whose worth is the money, where that is known."""
SMALL = 0.005
"""Share of device-hours below which a change is said to be worth little."""


@dataclass(frozen=True)
class Change:
    """One thing changed: its kind and name, and the setting that has it. detail: of tiers, what `name` says in numbers."""

    kind: str
    name: str
    setting: Setting
    detail: Mapping[str, int] = field(default_factory=dict)
    name_zh: str = ""

    @property
    def speed(self) -> float:
        """How fast its devices are over those there are now."""
        return float(loads(self.setting.changed).get("speed", 1.0)) if self.setting.changed else 1.0


@dataclass(frozen=True)
class Worth:
    """What a change is worth.

    hours: more effective device-hours, as a share of what is installed, in hours of today's devices (an hour of devices twice
    as fast counts two); wait: P95 wait of all jobs then, in seconds; money: a year, None without prices. little: its interval
    holds 0, or it is below half a per cent; of prices, power and nodes it goes by the money, where that is known. detail: of
    tiers, what `name` says in numbers. name_zh: the file's Chinese name, empty for none.
    """

    kind: str
    name: str
    hours: Interval
    wait: float | None
    money: tuple[float, float, float] | None
    little: bool
    detail: Mapping[str, int] = field(default_factory=dict)
    name_zh: str = ""


def changes(asked: FleetFile, base: Setting, *, built: float | None, tree: Tree | None = None) -> list[Change]:
    """Return what may be changed one at a time: placement, backfill, fabric, tiers, and what the file lists under `changes`.

    built: what leaves send over what can leave them, at most; None for a fleet of one leaf, which has no fabric to change.
    tree: of the fleet, whose leaves and tiers may be other; None leaves them out.
    """
    own = policy(base.policy)
    others = ["scattered", "tree", "blocks", *["aware"] * (base.links is not None)]
    found = [
        Change("placement", name, replace(base, policy=replace(own, placement=name, tier=None).name))
        for name in others
        if name != own.placement
    ]
    other = replace(own, backfill=not own.backfill)
    found.append(Change("backfill", "on" if other.backfill else "off", replace(base, policy=other.name)))
    now = base.ratio or built
    if now is not None and base.links is not None:
        others_than = [ratio for ratio in RATIOS if abs(ratio - now) > SAME_RATIO * ratio]
        found += [Change("fabric", f"{ratio:g}:1", replace(base, ratio=ratio)) for ratio in others_than]
        found += _tiers(tree, base) if tree is not None else []
    return found + [_listed(one, base) for one in asked.changes]


def _tiers(tree: Tree, base: Setting) -> list[Change]:
    """Return larger leaves and one more tier above them, as far as there are leaves enough."""
    leaves, nodes = len(tree.capacity[0]), nodes_of_a_leaf(tree)
    found = []
    if leaves > JOINED:
        name, keys = f"leaves of {JOINED * nodes} nodes instead of {nodes}", {"leaves_joined": JOINED}
        found.append(_tier(name, keys, base, {"nodes": JOINED * nodes, "instead_of": nodes}))
    if leaves >= 2 * PODS:
        found.append(_tier(f"one tier more, over pods of {PODS} leaves", {"pods_of": PODS}, base, {"leaves": PODS}))
    return found


def _tier(name: str, keys: dict[str, int], base: Setting, detail: dict[str, int]) -> Change:
    return Change("tier", name, replace(base, label=name, changed=dumps(keys, sort_keys=True)), detail)


def _listed(one: ChangeText, base: Setting) -> Change:
    """Return a change that the file lists: other keys of the fleet's file, and another speed of the devices."""
    plain = one.model_dump(mode="json", exclude_unset=True)
    keys = {key: value for key, value in plain.items() if key not in ("name", "name_zh", "kind", "device", "over")}
    if one.device is not None and one.over is not None and one.speed is None:
        keys["speed"] = speed(one.device, one.over)
    setting = replace(base, label=one.name, changed=dumps(keys, sort_keys=True))
    return Change(one.kind, one.name, setting, name_zh=one.name_zh)


def worth(change: Change, base: Cell, other: Cell, fleet: Fleet, new: Fleet) -> Worth:
    """Return what a change is worth against the base. fleet, new: as they are, for their prices.

    Of other jobs, and of another charge, the money is what is charged for the hours that jobs hold, of all else what more
    effective hours are worth; less what the fleet costs more.
    """
    hours = paired(base, other, times=change.speed)
    wait = other.waits("all", "wait_p95")
    little = hours.low <= 0 <= hours.high or abs(hours.mean) < SMALL
    charges = _charged(fleet), _charged(new)
    held = change.kind == "jobs" or charges[0] != charges[1]
    money = _money(_revenue(base, other, charges) if held else None, hours, base, other, fleet, new)
    if change.kind in BY_MONEY and money is not None:
        little = money[1] <= 0 <= money[2]
    return Worth(change.kind, change.name, hours, wait.mean if wait else None, money, little, change.detail, change.name_zh)


def _charged(fleet: Fleet) -> float | None:
    return fleet.prices.charged if fleet.prices else None


def _revenue(base: Cell, other: Cell, charges: tuple[float | None, float | None]) -> Interval | None:
    """Return what more is charged per installed device-hour, seed by seed; None where a charge is not known."""
    old, new = charges
    if old is None or new is None:
        return None
    by_seed = {one.setting.seed: one.waterfall.share("allocated") for one in base.runs}
    return interval([new * one.waterfall.share("allocated") - old * by_seed[one.setting.seed] for one in other.runs])


def _money(
    revenue: Interval | None, hours: Interval, base: Cell, other: Cell, fleet: Fleet, new: Fleet
) -> tuple[float, float, float] | None:
    """Return money a year: revenue, or effective hours at what one is worth, less what the fleet costs more; None: no prices.

    An effective hour is worth what is charged for one, else what it costs in the base.
    """
    before, after = costs(base.waterfall, fleet)[-1].money, costs(other.waterfall, new)[-1].money
    if before is None or after is None or not base.waterfall.effective:
        return None
    charged = _charged(fleet)
    value = charged if charged is not None else before / base.waterfall.hours("effective")
    earned, times = (hours, value) if revenue is None else (revenue, 1.0)
    year = YEAR_HOURS * fleet.devices
    per_hour = after / other.waterfall.hours("installed") - before / base.waterfall.hours("installed")
    mean, low, high = ((share * times - per_hour) * year for share in (earned.mean, earned.low, earned.high))
    return mean, low, high


def headline(base: Cell, *, of_what_is_on: bool = False) -> tuple[str, float]:
    """Return what dominates the losses and its share of what is installed: `demand`, `queue`, or the largest other step.

    demand: nobody asks for what is free; queue: jobs wait beside free devices (order, shape, place). of_what_is_on: nodes that
    are off left out.
    """
    losses = {step: base.share(step).mean for step in STEPS if step != "effective" and not (of_what_is_on and step == "off")}
    worst = max(losses, key=lambda step: losses[step])
    return {"idle": "demand", "blocked": "queue"}.get(worst, worst), losses[worst]
