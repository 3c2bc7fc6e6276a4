"""Rings inside nodes whose devices are joined in part, against hand-computed times."""

import pytest

from fabric.network.spec import load
from fabric.predict.answer import predict
from fabric.predict.cases import cases

S = 2**26


@pytest.mark.parametrize(
    ("kind", "devices", "lanes", "one"), [("torus", 16, 4, 1), ("hypercube", 16, 4, 1), ("cube_mesh", 8, 6, 2)]
)
def test_a_ring_runs_on_links_alone(kind, devices, lanes, one):
    """2 (p - 1) / p S at one link, of so many lanes out of all that a device has."""
    fabric = load(
        f"star:devices={devices},devices_per_node={devices},scale_up={kind},scale_up_speed=480GB/s,scale_up_latency=0ns"
    )
    (case,) = cases(fabric, "all_reduce", sizes=[S], ranks=[devices])
    found = predict([case], fabric, algorithm="ring", fidelity="loaded")[0].time
    assert found == pytest.approx(2 * (devices - 1) / devices * S / (480e9 * one / lanes))
