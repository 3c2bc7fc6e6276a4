"""What a review is asked: candidates, cases, parts, prices and limits, as written in a YAML file. It evaluates nothing."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, WithJsonSchema, field_validator

from fabric.review.cost import Economy
from fabric.review.mistakes import line_of, must_be_of
from fabric.review.parts import PARTS, Part
from fabric.review.quote import Quote, priced_in, quote
from fabric.review.racks import Floor
from fabric.text.yaml_file import read_mapping
from fabric.units import power, rate, size
from topologies.errors import InputError
from topologies.guess import did_you_mean

FEWEST, MOST = 1, 10
OPEX_OF_CENTRE = "opex_of_centre"
"""Key of running cost that is said for all devices together."""
CURRENCY = "USD"
WATTS = "W"


Count = Annotated[int, Field(ge=1)]
Name = Annotated[str, Field(min_length=1)]


class Strict(BaseModel):
    """A part of the file: no unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Figure(Strict):
    """A range with its source."""

    low: float
    high: float
    mid: float | None = None
    unit: str | None = None
    source: str = ""
    date: str = ""
    weak: bool = False

    @field_validator("date", mode="before")
    @classmethod
    def _as_text(cls, value: Any) -> Any:
        """YAML reads 2026 as a number and 2026-11-05 as a date."""
        return str(value) if isinstance(value, int | date) and not isinstance(value, bool) else value


class PartText(Strict):
    """A part of the user's own, or another price or power of a listed one."""

    kind: Literal["switch", "link", "nic", "node", "device"] | None = None
    price: Figure | None = None
    watts: Figure | None = None
    ports: int | None = None
    speed: str | None = None
    reach: float | None = None
    rack_units: float | None = None
    note: str | None = None


class Candidate(Strict):
    """One fabric.

    routing, nic: where they are not the review's; parts: the only ones it is built of; grow: the parameter that growth
    changes and its values.
    """

    name: Name
    topo: Name
    routing: str | None = None
    nic: str | None = None
    parts: tuple[str, ...] | None = None
    grow: dict[str, tuple[int, ...]] = {}


class CaseText(Strict):
    """One collective of a training step. count: how often a step does it; ranks: of its group, all devices where None.

    order: of its ranks, the review's orders where None.
    """

    collective: str
    size: str | int
    algorithm: str | None = None
    params: dict[str, float | str] = {}
    ranks: int | None = Field(default=None, ge=2)
    order: str | None = None
    count: float = Field(default=1.0, gt=0)

    @property
    def nbytes(self) -> int:
        """Bytes, nccl-tests' S."""
        return size(str(self.size), "size")


class Step(Strict):
    """What a device does in a training step. compute: seconds without any network; overlap: share of communication hidden."""

    compute: float = Field(gt=0)
    overlap: float = Field(default=0.5, ge=0, le=1)


class TrainingText(Strict):
    """A model whose training step gives the efficiency, in the place of the assumed `step`. plan: `auto` or a plan's text.

    batch: sequences a step of all devices; seq: tokens of one; None: as `training` takes them.
    """

    model: Name
    plan: str = "auto"
    batch: int | None = Field(default=None, ge=1)
    seq: int | None = Field(default=None, ge=1)


class Limits(Strict):
    """What may not be exceeded; None where nothing binds. efficiency: at least."""

    power: Annotated[float | None, WithJsonSchema({"anyOf": [{"type": "number"}, {"type": "string"}, {"type": "null"}]})] = None
    budget: float | None = None
    racks: int | None = None
    efficiency: float | None = None

    @field_validator("power", mode="before")
    @classmethod
    def _in_watts(cls, value: Any) -> Any:
        """A text is a power with its unit, `4.5MW`; a number is watts."""
        try:
            return power(value) if isinstance(value, str) else value
        except InputError:
            return value  # refused as what is no number


class Failing(Strict):
    """What is broken in the stress curves: links between switches, those at devices (host_links), switches, racks.

    seeds: draws of each; the published rates scale with devices.
    """

    links: tuple[Count, ...] = (1, 10, 100)
    host_links: tuple[Count, ...] = (1, 10)
    switches: tuple[Count, ...] = (1, 5)
    racks: tuple[Count, ...] = (1, 4)
    seeds: int = Field(default=3, ge=1, le=20)
    restart: float = Field(default=600.0, ge=0)
    checkpoint: float = Field(default=1800.0, ge=0)


class Request(Strict):
    """A review as written. cases: empty beside `training`, where they are its plan's (trained.py)."""

    title: str
    candidates: tuple[Candidate, ...]
    cases: tuple[CaseText, ...] = ()
    step: Step = Step(compute=1.0)
    training: TrainingText | None = None
    routing: str = "ecmp:1-3"
    orders: tuple[str, ...] = ("contiguous",)
    constants: str = "none"
    node: str | None = None
    nic: str | None = None
    parts: dict[str, PartText] = {}
    rates: dict[str, float] = {}
    floor: dict[str, float] = {}
    cost: dict[str, float] = {}
    spans: dict[str, tuple[float, float]] = {}
    limits: Limits = Limits()
    failing: Failing = Failing()


def schema() -> dict[str, Any]:
    """Return the JSON Schema of a review's YAML file."""
    return Request.model_json_schema()


def load(path: Path) -> Request:
    """Return the request of a YAML file; InputError naming the file, the key, the rule and the value."""
    content = read_mapping(path, "review", "with title, candidates and cases")
    try:
        return parse(content)
    except InputError as error:
        raise InputError(f"{path}: {error}") from None


def parse(content: Mapping[str, Any]) -> Request:
    """Return the request of a mapping.

    Raises:
        InputError: a key that is missing, unknown or wrong; no or too many candidates; names that are not unique.
    """
    try:
        request = Request.model_validate(content)
    except ValidationError as error:
        raise InputError(line_of(error, Request, content)) from None
    names = [candidate.name for candidate in request.candidates]
    if not FEWEST <= len(names) <= MOST:
        raise InputError(f"candidates: must be {FEWEST} to {MOST}, got {len(names)}")
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise InputError(f"candidates: names must differ, got {twice!r} twice")
    if request.training is not None and "step" in request.model_fields_set:
        raise InputError("step: is for assumed numbers, and training gives the efficiency; leave one of the two out")
    if not request.cases and request.training is None:
        raise InputError("cases: must name at least one collective and size, or training a model, got none")
    if not request.orders:
        raise InputError("orders: must name at least one, such as [contiguous], got none")
    return request


def parts_of(request: Request) -> dict[str, Part]:
    """Return the catalogue with the request's own parts and prices, all in USD.

    Raises:
        InputError: a figure without source or date, a currency without a rate, a new part without its kind.
    """
    found = dict(PARTS)
    for name, text in request.parts.items():
        found[name] = _part(name, text, found.get(name), request.rates)
    return found


def part_of(kind: str, name: str, parts: Mapping[str, Part]) -> Part:
    """Return the part that the key `node` or `nic` names; InputError for one that is not there or is of another kind."""
    own = {key: one for key, one in parts.items() if one.kind == kind}
    if name in own:
        return own[name]
    what = f", a {parts[name].kind}" if name in parts else ""
    near = "" if what else did_you_mean(name, own)
    there = f"{', '.join(own)} or listed" if own else "listed"
    raise InputError(f"{kind}: must be {there} under parts with kind: {kind}, got {name!r}{what}{near}")


def _part(name: str, text: PartText, listed: Part | None, rates: dict[str, float]) -> Part:
    kind = text.kind or (listed.kind if listed else None)
    if kind is None:
        raise InputError(f"parts.{name}: is not in the catalogue, so it needs a kind: switch, link, nic, node or device")
    base = listed or Part(name, kind)
    price = _priced(name, text.price, rates) if text.price else base.price
    return Part(
        name=name,
        kind=kind,
        price=price,
        watts=_quote(f"parts.{name}.watts", text.watts, WATTS) if text.watts else base.watts,
        ports=text.ports if text.ports is not None else base.ports,
        speed=rate(text.speed, f"parts.{name}.speed") if text.speed else base.speed,
        reach=text.reach if text.reach is not None else base.reach,
        rack_units=text.rack_units if text.rack_units is not None else base.rack_units,
        note=text.note or base.note,
    )


def _priced(name: str, text: Figure, rates: dict[str, float]) -> Quote:
    where = f"parts.{name}.price"
    found = _quote(where, text, CURRENCY)
    try:
        return priced_in(found, CURRENCY, rates)
    except InputError as error:
        raise InputError(f"{where}: {error}") from None


def _quote(where: str, text: Figure, unit: str) -> Quote:
    if unit == WATTS and text.unit not in (None, WATTS):
        raise InputError(f"{where}.unit: must be W, got {text.unit!r}")
    try:
        return quote(text.low, text.high, text.unit or unit, text.source, text.date, mid=text.mid, weak=text.weak)
    except InputError as error:
        raise InputError(f"{where}: {error}") from None


def floor_of(request: Request) -> Floor:
    """Return the floor, with our defaults where nothing is said."""
    whole = {"nodes_per_rack", "switches_per_rack", "racks_per_row", "rack_units"}
    found: Floor = _filled("floor", Floor, request.floor, whole)
    return found


def economy_of(request: Request, devices: int | None = None, **known: float) -> Economy:
    """Return the economy of one device; known: what the review works out itself.

    devices: of the candidate, by which the running cost of the whole centre is divided; left out where None. A device
    computes all its allocated time where the file does not say how busy it is.
    """
    own = {name: value for name, value in request.cost.items() if name != OPEX_OF_CENTRE}
    if "allocation" in own:
        own.setdefault("busy", own["allocation"])
    if devices:
        own["opex_per_device"] = own.get("opex_per_device", 0.0) + request.cost.get(OPEX_OF_CENTRE, 0.0) / devices
    found: Economy = _filled("cost", Economy, {"capex": 0.0, "watts": 0.0, **own, **known}, set())
    return found


def _filled(where: str, kind: Any, values: Mapping[str, float], whole: set[str]) -> Any:
    fields = list(kind.__dataclass_fields__)
    for key, value in values.items():
        if key not in fields:
            raise InputError(f"{where}: {must_be_of(key, fields)}")
        if key in whole and value != round(value):
            raise InputError(f"{where}.{key}: must be a whole number, got {value:g}")
    return kind(**{key: round(value) if key in whole else value for key, value in values.items()})
