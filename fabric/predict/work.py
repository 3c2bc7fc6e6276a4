"""What the flows model takes, before it is spent: memory by its messages, time by its first seconds. It simulates nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from math import inf
from pathlib import Path
from time import monotonic

from fabric.collectives.schedule import Schedule, Step
from fabric.text.numbers import natural
from topologies.errors import InputError

Watch = Callable[[int, int], None]
BYTES_A_MESSAGE = 600
"""Of memory, all arrays together, for a message over the six links of a three-tier fabric: 520 to 580 were measured."""
LEAST_ROOM = 2 << 30
"""Bytes below which memory is not asked for: what any machine has."""
LOOKED_AT, WINDOWS, LONGEST = 20.0, 6, 2 * 3600.0
"""Seconds of a stretch of work whose pace is looked at, how many are, and the longest whole that is begun unasked."""
INSTEAD = "use --fidelity loaded, fewer ranks or a smaller fabric; --force insists"


def check_memory(schedules: Iterable[Schedule], *, force: bool = False, room: float | None = None) -> None:
    """Return nothing where the messages of all schedules fit the free memory, or are insisted on.

    room: bytes that are free; None: what this machine says.

    Raises:
        InputError: they do not fit: how many, what they take, what is free.
    """
    messages = sum(listed(schedule) for schedule in schedules)
    needed = messages * BYTES_A_MESSAGE
    if force or needed <= LEAST_ROOM:
        return
    free = free_memory() if room is None else room
    if needed > free:
        raise InputError(
            f"fidelity: flows must list every message, {messages:,} take about {needed / 2**30:,.0f} GiB of memory, "
            f"{free / 2**30:,.0f} GiB are free; {INSTEAD}"
        )


def listed(schedule: Schedule) -> int:
    """Return the messages of all steps that differ, repeats not counted."""
    found: dict[tuple[bytes, bytes], int] = {}
    for step in schedule.steps:
        found.setdefault((step.source.tobytes(), step.target.tobytes()), messages_of(step))
    return sum(found.values())


def messages_of(step: Step) -> int:
    """Return the messages of one repeat."""
    return len(step.source) * (len(step.target) - 1) if step.complete else len(step.source)


def free_memory(source: Path = Path("/proc/meminfo")) -> float:
    """Return the bytes that a process can still take, infinity where the system does not say."""
    try:
        lines = source.read_text().splitlines()
    except OSError:  # no Linux
        return inf
    words = next((line.split() for line in lines if line.startswith("MemAvailable:")), [])
    free = natural(words[1]) if len(words) > 1 else None
    return inf if free is None else free * 1024


def in_time(watch: Watch | None, *, force: bool = False, clock: Callable[[], float] = monotonic) -> Watch:
    """Return a watch that tells `watch` of progress and gives up what would take longer than LONGEST, unless insisted on.

    Each of the first WINDOWS stretches of LOOKED_AT seconds is judged by its own pace: a simulation slows down as messages
    fall out of step. What was done before the first word of progress does not count.

    Raises (when told of progress):
        InputError: the rest would take longer: how long, by the pace of the last stretch.
    """
    begun: list[tuple[float, int]] = []

    def tell(done: int, total: int) -> None:
        now = clock()
        if not begun:
            begun.append((now, done))
        seconds, since = now - begun[-1][0], done - begun[-1][1]
        if not force and seconds >= LOOKED_AT and len(begun) <= WINDOWS:
            begun.append((now, done))
            left = (total - done) * seconds / since if since else 0.0  # where nothing ended yet, nothing is known
            if left > LONGEST:
                raise InputError(
                    f"fidelity: flows would take about {left / 3600:,.0f} hours more by its pace ({since:,} of {total:,} "
                    f"messages in the last {seconds:.0f} s), at most {LONGEST / 3600:.0f} are begun unasked; {INSTEAD}"
                )
        if watch is not None:
            watch(done, total)

    return tell
