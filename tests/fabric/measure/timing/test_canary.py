from dataclasses import dataclass, field, replace

import numpy as np
import pytest

from fabric.measure.backends.backend import Operation
from fabric.measure.cells.layout import layout
from fabric.measure.host.placement import Placement
from fabric.measure.timing.canary import EVERY, SHARE, Canary, canary, canary_of


@dataclass
class Alone:
    """A group of one rank, in this process: it agrees with itself."""

    size: int = 1
    rank: int = 0
    runs: list[int] = field(default_factory=list)

    def barrier(self):
        return None

    def agree(self, value):
        return value

    def maximum(self, values):
        return list(values)

    def total(self, value):
        return value

    def operation(self, case, rank):
        own, room = layout(case, rank), np.zeros(case.count, dtype=np.float32)
        assert case.nbytes == 8
        return Operation(lambda: self.runs.append(1), room, room, own, lambda pattern: pattern)


@dataclass
class Lonely:
    """A world whose first rank this is."""

    asked: list[list[int]] = field(default_factory=list)

    def group(self, ranks):
        self.asked.append(list(ranks))
        return Alone()


SEATS = Placement((0, 0, 0, 0), (frozenset({0, 1}),))


def test_a_reading_is_kept_until_the_next_is_due():
    bird = canary(Alone(), SEATS.of([0]))
    first = bird.look()
    assert first["canary_seconds"] > 0
    assert first["canary_ranks"] == 1
    taken = len(bird.group.runs)
    assert bird.look() == first
    assert len(bird.group.runs) == taken
    bird.at -= EVERY
    bird.look()
    assert len(bird.group.runs) > taken


def test_dear_readings_are_rarer_so_that_they_take_a_small_share_of_the_run():
    bird = canary(Alone(), SEATS.of([0]))
    bird.look()
    taken, bird.cost = len(bird.group.runs), 10.0
    bird.at -= 0.9 * bird.cost / SHARE
    bird.look()
    assert len(bird.group.runs) == taken
    assert SHARE < 0.05


@pytest.mark.parametrize(("world_sizes", "ranks"), [((1, 2, 4), 2), ((4, 3), 3), ((1,), 1)])
def test_the_canary_flies_on_as_many_ranks_as_have_a_core(world_sizes, ranks):
    world = Lonely()
    assert isinstance(canary_of(world, SEATS, world_sizes), Canary)
    assert world.asked == [list(range(ranks))]
    assert replace(SEATS, node=(0,)).nodes(1) == 1
