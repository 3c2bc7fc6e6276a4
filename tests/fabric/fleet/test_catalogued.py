"""Watts, rent and speed of the catalogue's devices, with their sources, and a fleet's file that goes by them."""

import pytest

from fabric.fleet.catalogued import rent, speed, watts
from fabric.fleet.fleet_file import fleet_of, parse
from fabric.fleet.helps import changes
from fabric.fleet.study import Setting
from topologies.errors import InputError

TOPO = "leaf_spine:leaves=2,spines=1,hosts_per_leaf=16,uplinks=8,devices_per_node=8"


def test_a_fleet_takes_watts_and_rent_of_a_device_with_their_sources():
    asked = parse({
        "topo": TOPO, "power": {"device": "h100-sxm", "pue": 1.2}, "prices": {"currency": "USD", "rent_of": "h100-sxm"},
    })  # fmt: skip
    found = fleet_of(asked)
    assert found.power.busy == watts("h100-sxm")[0] == 700
    assert found.power.idle == pytest.approx(210)
    assert found.power.source.startswith("h100-sxm, the card alone: 700 W (")
    assert found.power.source.endswith("; idle taken as 30 % of busy")
    assert found.prices.charged == rent("h100-sxm", "USD")[0]
    assert "rent of h100-sxm" in found.prices.source
    assert "2026" in found.prices.source


def test_what_the_file_says_stands_above_the_catalogue():
    own = {"device": "h100-sxm", "busy": 900, "idle": 150, "source": "a meter"}
    prices = {"currency": "USD", "rent_of": "h100-sxm", "charged": 2, "source": "a bill"}
    found = fleet_of(parse({"topo": TOPO, "power": own, "prices": prices}))
    assert (found.power.busy, found.power.idle, found.power.source) == (900, 150, "a meter")
    assert (found.prices.charged, found.prices.source) == (2, "a bill")


def test_another_device_is_as_fast_as_its_rate_over_todays():
    asked = parse({
        "topo": TOPO, "jobs": {"synthetic": "training"},
        "changes": [{"name": "H100 for A100", "kind": "node", "device": "h100-sxm", "over": "a100-sxm-80"}],
    })  # fmt: skip
    found = changes(asked, Setting("fifo+tree", links=None), built=1.0)[-1]
    assert found.speed == speed("h100-sxm", "a100-sxm-80") == pytest.approx(989 / 312)


@pytest.mark.parametrize(
    ("ask", "line"),
    [
        (lambda: watts("h100"), "power.device: no device 'h100' in the catalogue"),
        (lambda: rent("h100-sxm", "EUR"), "prices.rent_of: the catalogue has no rent of 'h100-sxm' in EUR; it is known in USD"),
        (lambda: rent("trn1", "USD"), "none is known; give charged"),
        (lambda: speed("mlu370x8", "h100-sxm"), "changes.device"),
    ],
)
def test_what_the_catalogue_does_not_know_is_said_in_one_line(ask, line):
    with pytest.raises(InputError) as told:
        ask()
    assert line in str(told.value)
    assert "\n" not in str(told.value)
