"""The forms against the executed schedules' step sums on one switch: two ways to the same seconds."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fabric.network.spec import load
from fabric.predict.answer import predict
from fabric.predict.closed import FORMS
from fabric.predict.constants import Constants, Line
from fabric.records.case import Case
from topologies.errors import InputError

PLAIN = Constants("test", {"*": (Line(2e-6),)}, "test", gamma=1e-11)
EVERY = [(collective, name) for collective, forms in FORMS.items() for name in forms]
ROUNDED_UP = {"nhr", "bruck", "binomial"}
"""Where p is no power of two some messages of these are smaller than the form's; equal only at p = 2^m."""


def seconds(topo, case, algorithm, fidelity, constants=PLAIN):
    (result,) = predict([case], load(topo), constants, algorithm=algorithm, fidelity=fidelity)
    assert result.source == f"model:{fidelity}"
    return result.time


@pytest.mark.parametrize(("collective", "name"), EVERY)
@settings(max_examples=12, deadline=None)
@given(p=st.integers(1, 24), size=st.integers(1, 4 * 2**20))
def test_forms_equal_the_schedules_on_one_switch(collective, name, p, size):
    if name in ROUNDED_UP:
        p = 1 << (p.bit_length() - 1)
    if name in ("rail_aligned", "hierarchical"):
        return
    case = Case(collective, size * p, p, p, 1)
    closed, loaded = (seconds("star:devices=24", case, name, fidelity) for fidelity in ("closed", "loaded"))
    assert closed == pytest.approx(loaded, rel=1e-9)


@pytest.mark.parametrize("name", ["rail_aligned", "hierarchical"])
@pytest.mark.parametrize("p", [8, 16, 32, 128])
def test_forms_over_two_levels_equal_the_schedules_where_nothing_collides(name, p):
    topo = "rail_optimized:nodes=16,scale_up=nvswitch"
    closed, loaded = (seconds(topo, Case("all_reduce", 2**26, p, p, 1), name, fidelity) for fidelity in ("closed", "loaded"))
    assert closed == pytest.approx(loaded, rel=1e-9)


@pytest.mark.parametrize(
    ("topo", "port"),
    [
        ("star:devices=8,devices_per_node=8,scale_up=full_mesh,scale_up_speed=450GB/s", 450e9),
        ("star:devices=8,devices_per_node=8,scale_up=ring,scale_up_speed=450GB/s", 450e9),
        ("star:devices=8,devices_per_node=8,scale_up=nvl72,scale_up_speed=450GB/s", 450e9),
        ("star:devices=8,devices_per_node=8,scale_up=cloudmatrix,scale_up_speed=450GB/s", 450e9),
        ("torus:dims=4x4", 4 * 50e9),
    ],
)
def test_a_port_is_all_cables_of_a_device_whichever_end_it_is(topo, port):
    """A device at the upper end of all its cables had none, and bytes took no time: 447 TB/s for a full mesh of eight."""
    p = 16 if "torus" in topo else 8
    none = Constants("none", {}, "")
    lasting = seconds(topo, Case("all_reduce", 2**40, p, p, 1), "ring", "closed", none)
    assert lasting == pytest.approx(2 * (p - 1) / p * 2**40 / port, rel=1e-4)


def test_closed_forms_do_not_see_the_fabric_and_loaded_does():
    topo = "leaf_spine:leaves=4,spines=1,hosts_per_leaf=4,latency=0ns"
    case = Case("all_reduce", 2**26, 16, 16, 1, order="interleaved")
    closed, loaded = (seconds(topo, case, "ring", f, Constants("none", {}, "")) for f in ("closed", "loaded"))
    assert loaded == pytest.approx(4 * closed)


@pytest.mark.parametrize("text", ["double_binary_tree", "ring:channels=8"])
def test_an_algorithm_without_a_form_is_refused_by_name(text):
    if text.startswith("ring"):
        assert seconds("rail_optimized:nodes=4,scale_up=nvswitch", Case("all_reduce", 2**26, 32, 32, 1), text, "closed") > 0
        return
    with pytest.raises(InputError, match=r"closed forms of all_reduce are ring, .* got double_binary_tree; use loaded or auto"):
        seconds("star:devices=4", Case("all_reduce", 8, 4, 4, 1), text, "closed")
