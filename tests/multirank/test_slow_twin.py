"""`slow --method search` on a twin: cables slowed on emulated links are all found by real ranks, and nothing else is named."""

import pytest

from benchmarks.slow_twin import EIGHT, MESH, RAILS, Case, searched
from fabric.errors import EnvironmentFault
from fabric.network.spec import load
from fabric.twin.bring_up import running
from fabric.twin.plan import plan_of

pytestmark = pytest.mark.multirank


@pytest.fixture(scope="module", autouse=True)
def possible():
    try:
        with running(plan_of(load("star:devices=2"), 50e6)):
            pass
    except EnvironmentFault as fault:
        pytest.skip(str(fault))


def test_two_slow_hosts_and_a_slow_uplink_are_found_and_nobody_else(ranks):
    ranks.needs("gloo")
    faults = {"host 2": 2.0, "host 7": 3.0, "out 1": 4.0}
    found, wanted = searched(Case(EIGHT, faults))
    rows = [row for row in found["rows"] if row["state"] == "slow"]
    assert set(found["slow"]) == wanted, found["verdict"]
    assert {row["kind"] for row in rows} == {"node", "boundary"}, "a host has one device"
    factors = {row["suspects"][0]: row["factor"] for row in rows}
    assert factors[2] == pytest.approx(2, rel=0.2)
    assert factors[7] == pytest.approx(3, rel=0.2)
    assert found["wrong"] == 0


def test_a_slow_rail_and_a_slow_host_of_a_rail_fabric_are_found_and_its_boundary_is_not_blamed_for_its_size(ranks):
    """Sixteen ranks in one ring, four in another: a step of each carries as many bytes, else the large one looks slow."""
    ranks.needs("gloo")
    found, wanted = searched(Case(RAILS, {"rail 2 1": 3.0, "host 6": 2.0}))
    assert set(found["slow"]) == wanted, found["verdict"]
    assert [(row["kind"], row["parts"]) for row in found["rows"] if row["state"] == "slow"] == [("rail", [1]), ("node", [])]


@pytest.mark.parametrize("what", ["delay 5ms", "loss 2%"])
def test_a_host_whose_packets_are_late_or_lost_is_found(what, ranks):
    ranks.needs("gloo")
    try:
        found, wanted = searched(Case(EIGHT, {}, {5: what}))
    except EnvironmentFault as fault:
        if "netem failed" not in str(fault):
            raise
        pytest.skip(f"the kernel has no netem: {fault}")
    assert set(found["slow"]) == wanted, found["verdict"]


def test_a_slow_cable_between_two_switches_of_a_mesh_is_found_while_both_switches_and_all_hosts_are_cleared(ranks):
    ranks.needs("gloo")
    found, wanted = searched(Case(MESH, {"between 1 3": 3.0}))
    assert set(found["slow"]) == wanted, found["verdict"]
    (row,) = (row for row in found["rows"] if row["state"] == "slow")
    assert (row["kind"], row["name"]) == ("pair", "switch1 | switch3")
    assert row["factor"] == pytest.approx(3, rel=0.2)
