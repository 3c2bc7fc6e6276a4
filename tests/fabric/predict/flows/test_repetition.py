"""Skipping what repeats changes no time: against the simulation of every event."""

import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parent))
from plain_simulation import ways

from fabric.predict.flows.network import network_of
from fabric.predict.flows.simulate import Phase, Program


def events(programs, *, skip):
    from fabric.predict.flows.events import by_events

    return by_events(programs, network_of(programs), lambda _: None, trace=False, skip=skip)


@st.composite
def sharing(draw):
    """Programs of one or two phases in a ring over few links, so that messages slow each other.

    At most 30 repeats: where a tie is unstable, event by event, rounding grows tenfold in some six repeats (seen: 3e-14 after
    32, 1e-12 after 48, 1e-9 after 65), and then the two differ although both are right to rounding.
    """
    links = draw(st.integers(1, 3))
    capacity = [draw(st.sampled_from([1.0, 2.0, 3.0])) for _ in range(links)]
    programs = []
    for _ in range(draw(st.integers(1, 3))):
        ranks = draw(st.integers(1, 4))
        who, phases = np.arange(ranks), []
        for _ in range(draw(st.integers(1, 2))):
            routes = [((draw(st.integers(0, links - 1)), draw(st.sampled_from([1.0, 0.5]))),) for _ in who]
            size = np.array([draw(st.sampled_from([1.0, 2.0, 0.5])) for _ in who])
            routed, wait = ways(routes, capacity), draw(st.sampled_from([0.0, 0.25]))
            phases.append(Phase(who, (who + 1) % ranks, routed, size, wait, draw(st.integers(1, 30))))
        programs.append(Program(ranks, phases, draw(st.sampled_from([0.0, 3.0, 40.25]))))
    return programs


@settings(max_examples=80, deadline=None)
@given(sharing())
def test_skipping_changes_nothing(programs):
    finish, most, full, _ = events(programs, skip=False)
    found, fewer, filled, _ = events(programs, skip=True)
    for one, other in zip(found, finish, strict=True):
        assert one.tolist() == pytest.approx(other.tolist(), rel=1e-9)
    assert filled.tolist() == pytest.approx(full.tolist(), rel=1e-9, abs=1e-9)
    assert fewer <= most


def test_twice_the_repeats_take_no_more_events():
    """Four messages over one link and one of its own: the state comes again after a few repeats."""
    who, size = np.arange(4), np.array([1.0, 2.0, 3.0, 4.0])
    routes = ways([((0, 1.0),), ((0, 1.0),), ((0, 1.0),), ((1, 1.0),)], [2.0, 1.0])
    counts, seconds = [], []
    for repeats in (1000, 2000, 10**6):
        finish, count, _, _ = events([Program(4, [Phase(who, (who + 1) % 4, routes, size, 0.5, repeats)])], skip=True)
        counts.append(count)
        seconds.append(finish[0].max() / repeats)
    assert counts[0] < 200
    assert max(counts) < counts[0] + 60
    assert seconds == pytest.approx([seconds[0]] * 3, rel=2e-3)
