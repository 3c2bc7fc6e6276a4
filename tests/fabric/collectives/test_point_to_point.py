"""Point to point: OSU's pairing, what a call moves, and the model's time of one message in closed form."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fabric.collectives.algorithms import algorithm
from fabric.collectives.catalog import COLLECTIVES, busbw_factor, in_a_row
from fabric.collectives.point_to_point import POINT_TO_POINT, pairs, sources
from fabric.collectives.schedule import flat
from fabric.network.spec import load
from fabric.predict.answer import predict
from fabric.records.case import Case
from topologies.errors import InputError

ALPHA, B = 2 * 300e-9, 50e9
"""Of a star: two links of 300 ns, 400 Gb/s."""
STAR = load("star:devices=9")
HOW = {name: "ping_pong" if name == "latency" else "window" for name in POINT_TO_POINT}


@given(name=st.sampled_from(POINT_TO_POINT), p=st.integers(1, 60))
def test_partners_are_half_the_ranks_apart_and_nobody_has_two(name, p):
    first, second = pairs(name, p)
    assert (second - first == p // 2).all()
    assert len(set(first.tolist()) | set(second.tolist())) == 2 * len(first)
    assert len(first) == (p // 2 if name == "message_rate" else min(p // 2, 1))
    both = name in ("latency", "bibandwidth")
    assert [rank for rank, source in enumerate(sources(name, p)) if source is not None] == [*(first if both else ()), *second]


@pytest.mark.parametrize(
    ("name", "text", "sent"),
    [("latency", "ping_pong", 1), ("bandwidth", "window", 7), ("bibandwidth", "window", 7), ("message_rate", "window", 7)],
)
@pytest.mark.parametrize("p", [2, 5, 8])
def test_a_call_moves_a_window_in_every_pair_and_direction(name, text, sent, p, traffic):
    schedule = algorithm(name, text).schedule(flat(p), 8, params={"window": 7})
    out, into = traffic(schedule)
    first, second = pairs(name, p)
    wanted = np.zeros(p)
    wanted[second] = sent
    if name in ("latency", "bibandwidth"):
        wanted[first] = sent
    assert into.tolist() == wanted.tolist()
    assert out.sum() == into.sum() == sent * busbw_factor(name, p) * (2 if name == "latency" else 1)
    assert schedule.messages == 2, "a message, or a window of them at once, and what comes back"


@pytest.mark.parametrize("name", POINT_TO_POINT)
def test_one_rank_alone_does_nothing(name):
    assert not algorithm(name, HOW[name]).schedule(flat(1), 8).steps
    assert [own.tolist() for own in COLLECTIVES[name].reference([np.arange(3)])] == [[]]


def test_seconds_of_a_call_are_those_of_so_many_messages():
    assert [in_a_row(name) for name in ("all_reduce", *POINT_TO_POINT)] == [1, 2, 64, 64, 64]
    assert in_a_row("bandwidth", {"window": 10.0}) == 10
    assert in_a_row("latency", {"window": 10.0}) == 2
    with pytest.raises(InputError, match=r"window: must be 1 \.\.\. 4096 messages, got 4097"):
        in_a_row("bandwidth", {"window": 4097})


@settings(max_examples=40, deadline=None)
@given(
    name=st.sampled_from(POINT_TO_POINT),
    p=st.integers(2, 9),
    nbytes=st.integers(0, 2**24),
    window=st.integers(1, 20),
    fidelity=st.sampled_from(["auto", "loaded", "flows"]),
)
def test_the_model_gives_the_closed_form_of_one_message_on_a_star(name, p, nbytes, window, fidelity):
    params = {} if name == "latency" else {"window": float(window)}
    (result,) = predict([Case(name, nbytes, p, p, 1, params=params)], STAR, algorithm=HOW[name], fidelity=fidelity)
    wanted = ALPHA + nbytes / B if name == "latency" else (2 * ALPHA + window * nbytes / B) / window
    assert result.time == pytest.approx(wanted, rel=1e-6)
    parts = result.model.latency_seconds + sum(result.model.bandwidth_seconds.values())
    assert parts == pytest.approx(wanted, rel=1e-6), "the parts are those of one message too"
    assert result.model.slowdown == pytest.approx(1)


def test_all_pairs_share_what_lies_between_them():
    """Two leaves of four devices with two uplinks: four pairs cross, so each gets half of what one alone has."""
    fabric = load("leaf_spine:leaves=2,spines=2,hosts_per_leaf=4")
    alone, together = (
        predict([Case(name, 2**24, 8, 8, 1)], fabric, algorithm="window")[0] for name in ("bandwidth", "message_rate")
    )
    assert together.algbw == pytest.approx(alone.algbw / 2, rel=0.01)
    assert together.busbw == pytest.approx(2 * alone.busbw, rel=0.01)


def test_too_many_messages_are_refused():
    said = "window: at most 33554432 messages can be listed, got 134217728; use a smaller window"
    with pytest.raises(InputError, match=said):
        algorithm("message_rate", "window").schedule(flat(2**16), 8, params={"window": 4096})
