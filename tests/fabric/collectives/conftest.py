import numpy as np
import pytest

from fabric.collectives.algorithms import algorithm
from fabric.collectives.schedule import Groups

MIB = 2**20


def _even(nodes, per_node):
    return Groups(np.repeat(np.arange(nodes, dtype=np.int32), per_node))


def _built(collective, text, groups, **more):
    return algorithm(collective, text).schedule(groups, MIB, **more)


def _traffic(schedule):
    """Bytes sent and received by every rank and switch, in S."""
    ends = schedule.world_size + schedule.switches
    sent, received = np.zeros(ends), np.zeros(ends)
    for step in schedule.steps:
        source, target = step.pairs()
        moved = np.full(len(source), float(step.share)) * (1.0 if step.scale is None else step.scale)
        for repeat in range(step.repeats):
            now = moved if step.active is None else np.where(step.active(repeat), moved, 0)
            sent += schedule.chunks * np.bincount(source, now, ends)
            received += schedule.chunks * np.bincount(target, now, ends)
    return sent, received


def _serial(schedule):
    """The bytes of the largest message of every step after each other, in S: what beta is paid for on single messages."""
    return schedule.chunks * float(sum(step.repeats * step.share for step in schedule.steps))


@pytest.fixture(scope="session")
def even():
    """nodes, ranks per node -> groups."""
    return _even


@pytest.fixture(scope="session")
def built():
    """collective, text, groups -> schedule of 1 MiB."""
    return _built


@pytest.fixture(scope="session")
def traffic():
    """schedule -> sent, received."""
    return _traffic


@pytest.fixture(scope="session")
def serial():
    """schedule -> bytes in series."""
    return _serial
