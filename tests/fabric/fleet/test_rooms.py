"""What is kept of nodes between two questions is what a fresh look at all of them says, at every question of whole runs."""

import numpy as np
import pytest

from fabric.fleet import plain_place, plain_queue
from fabric.fleet.fleet import Fleet, Outage, Pool
from fabric.fleet.job import FleetJob
from fabric.fleet.plain_rooms import Rooms
from fabric.fleet.policy import policy
from fabric.fleet.simulate import simulate
from fabric.fleet.tree import flat

SECOND = 1_000_000
POOLS = (Pool("a", 4, 4, processors=16_000, memory=64), Pool("b", 5, 8), Pool("c", 3, 2, processors=32_000))


def rows(seed):
    random = np.random.default_rng(seed)
    for number in range(60):
        devices = int(random.choice([1, 1, 1, 2, 4, 12]))
        share = int(random.choice([250, 400, 1000])) if devices == 1 else 1000
        beside = {"processors": int(random.integers(0, 9000)), "memory": int(random.integers(0, 30))}
        low = bool(random.integers(2))
        times = int(random.integers(60)) * SECOND, int(random.integers(1, 40)) * SECOND
        yield FleetJob(str(number), *times, devices, share=share, priority=int(not low), preemptible=low, **beside)


@pytest.mark.parametrize("name", ["easy+preempt+fgd", "easy+scattered", "fair+tree", "shortest+required"])
def test_what_is_kept_is_what_a_fresh_look_says(name, monkeypatch):
    asked, fitting, growth = [], Rooms.fitting, Rooms.growth

    def looked(kept, pool, part):
        found = fitting(kept, pool, part)
        asked.append(len(found))
        assert found == fitting(Rooms(kept.state), pool, part)
        return found

    def grown(kept, pool, part):
        found = growth(kept, pool, part)
        assert found == [(kept.state.fragments.growth(node, part), node) for node in fitting(Rooms(kept.state), pool, part)]
        return found

    def placed(state, job, pool):
        fresh = plain_place._placed(state, state.wanted[pool][job], job, pool) if state.wanted[pool][job] else None
        assert plain_place.place(state, job, pool) == fresh
        return fresh

    monkeypatch.setattr(plain_queue, "place", placed)
    monkeypatch.setattr(Rooms, "fitting", looked)
    monkeypatch.setattr(Rooms, "growth", grown)
    outages = (Outage(1, 10 * SECOND, 25 * SECOND), Outage(6, 5 * SECOND), Outage(10, 30 * SECOND, 40 * SECOND))
    for seed in range(3):
        fleet = Fleet(POOLS, flat(12, 4), outages=outages)
        assert simulate(fleet, list(rows(seed)), policy(name), engine="plain").runs.end.max() > 60 * SECOND
    assert len(asked) > 500
    assert len(set(asked)) > 4
