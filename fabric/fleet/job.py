"""The noun of the demand: a job, and many of them as columns. It does not know where or when a job runs.

Time is in whole microseconds, devices are whole or, of one device, in thousandths.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from fabric.text.escape import shown
from topologies.errors import InputError

Longs = NDArray[np.int64]
Ints = NDArray[np.int32]
WHOLE = 1000
"""Thousandths of a device, of a step, of a job's own use: all of it."""
LONGEST_US = 2**45 - 1
"""The longest work of a job, 407 days: times 2^18 it still is a 64-bit integer, so that remaining work is never rounded."""


MOST_BESIDE = 2**53
"""Thousandths of processors, and MiB, that a job may ask for."""


@dataclass(frozen=True, slots=True)
class FleetJob:
    """One job of a centre.

    id: its name, unique. submit_us: when it enters the queue, from the trace's origin. work_us: how long it runs on its
    devices at full speed; its work in device-microseconds is that times devices. devices: how many it asks for. nodes: how
    many servers it wants them on (gang shape), 0: as few as hold them. share: thousandths of a device, where it asks for a
    part of one. types: the kinds of pool it may run on, empty: any. priority: higher goes first. preemptible: may be stopped
    for others. communication: thousandths of its step that it communicates between nodes, alone and at full rate; what it
    rests on stands in the trace. checkpoint_us: work between two checkpoints, 0: a stop loses all. use: thousandths of its
    devices' time that the job itself uses (a measured utilisation), 1000 where it is not known. processors, memory: what it
    takes of its nodes beside devices, evenly, in thousandths of a processor and in MiB; 0: not said.
    """

    id: str
    submit_us: int
    work_us: int
    devices: int
    tenant: str = ""
    nodes: int = 0
    share: int = WHOLE
    types: tuple[str, ...] = ()
    priority: int = 0
    preemptible: bool = False
    communication: int = 0
    checkpoint_us: int = 0
    use: int = WHOLE
    processors: int = 0
    memory: int = 0

    @property
    def work(self) -> int:
        """Device-microseconds of the job at full speed, in thousandths: work_us x devices x share."""
        return self.work_us * self.devices * self.share


@dataclass(frozen=True, eq=False)
class Jobs(Sequence[FleetJob]):
    """Many jobs as columns, by (submit time, place in the trace); a row is a FleetJob.

    ids: None where a job's name is its number. tenant, kinds: numbers into tenants and types. Every other column as in
    FleetJob.
    """

    submit: Longs
    work: Longs
    devices: Ints
    ids: tuple[str, ...] | None = None
    tenants: tuple[str, ...] = ("",)
    tenant: Ints | None = None
    types: tuple[tuple[str, ...], ...] = ((),)
    kinds: Ints | None = None
    nodes: Ints | None = None
    share: Ints | None = None
    priority: Ints | None = None
    preemptible: NDArray[np.bool_] | None = None
    communication: Ints | None = None
    checkpoint: Longs | None = None
    use: Ints | None = None
    processors: Longs | None = None
    memory: Longs | None = None

    def __post_init__(self) -> None:
        """Fill the columns that were not given."""
        count = len(self.submit)
        usual: dict[str, NDArray[np.generic]] = {
            **{name: np.zeros(count, np.int32) for name in ("tenant", "kinds", "nodes", "priority", "communication")},
            **{name: np.full(count, WHOLE, np.int32) for name in ("share", "use")},
            "preemptible": np.zeros(count, np.bool_),
            **{name: np.zeros(count, np.int64) for name in ("checkpoint", "processors", "memory")},
        }
        for name, column in usual.items():
            if getattr(self, name) is None:
                object.__setattr__(self, name, column)

    def __len__(self) -> int:
        """Return how many jobs there are."""
        return len(self.submit)

    def __iter__(self) -> Iterator[FleetJob]:
        """Give the rows."""
        return (self.row(number) for number in range(len(self)))

    def __getitem__(self, number):  # type: ignore[no-untyped-def]  # a row, or the rows of a slice
        """Return one row, or the jobs of a slice or of an array of numbers."""
        return self.row(int(number)) if isinstance(number, int | np.integer) else self.take(np.arange(len(self))[number])

    def row(self, number: int) -> FleetJob:
        """Return one job."""
        values = self.columns()
        return FleetJob(
            self.name(number),
            int(self.submit[number]),
            int(self.work[number]),
            int(self.devices[number]),
            self.tenants[int(values["tenant"][number])],
            int(values["nodes"][number]),
            int(values["share"][number]),
            self.types[int(values["kinds"][number])],
            int(values["priority"][number]),
            bool(values["preemptible"][number]),
            int(values["communication"][number]),
            int(values["checkpoint"][number]),
            int(values["use"][number]),
            int(values["processors"][number]),
            int(values["memory"][number]),
        )

    def name(self, number: int) -> str:
        """Return a job's id."""
        return str(number) if self.ids is None else self.ids[number]

    def columns(self) -> dict[str, NDArray[np.generic]]:
        """Return every column by name, filled."""
        names = ("submit", "work", "devices", "tenant", "kinds", "nodes", "share", "priority", "preemptible", "communication")
        return {name: getattr(self, name) for name in (*names, "checkpoint", "use", "processors", "memory")}

    def take(self, numbers: NDArray[np.integer]) -> Jobs:
        """Return the jobs of these numbers, in their order."""
        ids = None if self.ids is None else tuple(self.ids[number] for number in numbers)
        if self.ids is None and not np.array_equal(numbers, np.arange(len(self))):
            ids = tuple(str(number) for number in numbers)
        return replace(self, ids=ids, **{name: column[numbers] for name, column in self.columns().items()})

    def changed(self, **columns: object) -> Jobs:
        """Return the jobs with other columns, such as another communication share."""
        return replace(self, **columns)  # type: ignore[arg-type]


def table(rows: Sequence[FleetJob] | Jobs) -> Jobs:
    """Return jobs as columns, ordered by submit time and then by their place.

    Raises:
        InputError: two jobs with one id, or a value outside its range: one line with the job.
    """
    if isinstance(rows, Jobs):
        late = np.any(rows.submit[1:] < rows.submit[:-1])
        return rows.take(np.argsort(rows.submit, kind="stable")) if late else rows
    seen: set[str] = set()
    for job in rows:
        check(job)
        if job.id in seen:
            raise InputError(f"jobs: an id may stand once, got {shown(job.id)} twice")
        seen.add(job.id)
    ordered = sorted(rows, key=lambda job: job.submit_us)
    tenants = tuple(dict.fromkeys(job.tenant for job in ordered)) or ("",)
    types = tuple(dict.fromkeys(job.types for job in ordered)) or ((),)
    tenant, kind = {name: n for n, name in enumerate(tenants)}, {name: n for n, name in enumerate(types)}

    def ints(values: Iterator[int]) -> Ints:
        return np.fromiter(values, np.int32, len(ordered))

    return Jobs(
        submit=np.fromiter((job.submit_us for job in ordered), np.int64, len(ordered)),
        work=np.fromiter((job.work_us for job in ordered), np.int64, len(ordered)),
        devices=ints(job.devices for job in ordered),
        ids=tuple(job.id for job in ordered),
        tenants=tenants,
        tenant=ints(tenant[job.tenant] for job in ordered),
        types=types,
        kinds=ints(kind[job.types] for job in ordered),
        nodes=ints(job.nodes for job in ordered),
        share=ints(job.share for job in ordered),
        priority=ints(job.priority for job in ordered),
        preemptible=np.fromiter((job.preemptible for job in ordered), np.bool_, len(ordered)),
        communication=ints(job.communication for job in ordered),
        checkpoint=np.fromiter((job.checkpoint_us for job in ordered), np.int64, len(ordered)),
        use=ints(job.use for job in ordered),
        processors=np.fromiter((job.processors for job in ordered), np.int64, len(ordered)),
        memory=np.fromiter((job.memory for job in ordered), np.int64, len(ordered)),
    )


def check(job: FleetJob) -> None:
    """Return nothing where every value of a job is in its range.

    Raises:
        InputError: the first that is not, with the job's id.
    """
    ranges = {
        "submit_us": (0, 2**62),
        "work_us": (1, LONGEST_US),
        "devices": (1, 2**31 - 1),
        "nodes": (0, job.devices),
        "share": (1, WHOLE),
        "communication": (0, WHOLE),
        "checkpoint_us": (0, LONGEST_US),
        "use": (0, WHOLE),
        "processors": (0, MOST_BESIDE),
        "memory": (0, MOST_BESIDE),
    }
    for name, (low, high) in ranges.items():
        value = getattr(job, name)
        if not low <= value <= high:
            raise InputError(f"job {shown(job.id)}: {name} must be from {low:,} to {high:,}, got {value:,}")
    if job.share < WHOLE and job.devices > 1:
        raise InputError(f"job {shown(job.id)}: a share of a device goes with 1 device, got {job.devices} devices")


def shape(devices: int, nodes: int, size: int) -> tuple[int, int]:
    """Return (nodes, devices on each) that a job takes where nodes hold `size`: as few nodes as hold it, evenly filled.

    nodes: as many as the job wants, 0 for as few as hold it. A rest that does not divide is rounded up on every node: the
    devices too many are left unused by the job itself. (0, 0): no nodes of this size can hold it.
    """
    if size < 1:
        return 0, 0
    count = nodes or -(-devices // size)
    each = -(-devices // count)
    return (count, each) if each <= size else (0, 0)
