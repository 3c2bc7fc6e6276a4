"""Servers of the hardware catalogue on a bill: their own price and power, unless the review says otherwise."""

import pytest

from fabric.hardware.node import node
from fabric.predict.of_node import constants_on
from fabric.review import by_rails
from fabric.review.evaluate import evaluate
from fabric.review.of_node import node_part
from fabric.review.parts import PARTS
from fabric.review.request import parse
from fabric.search.asked import asked
from fabric.search.generate import Demand
from fabric.search.search import search
from topologies.errors import InputError

NODES = "dgx-h100:nodes=2"
PLAIN = "rail_optimized:nodes=2,rails=8,radix=64,scale_up=nvswitch"
OWN = {"low": 1.0e5, "high": 1.0e5, "source": "quotation", "date": "2026-01"}


def design(topo, **more):
    request = {
        "title": "t",
        "candidates": [{"name": "a", "topo": topo}],
        "cases": [{"collective": "all_reduce", "size": "1MiB"}],
        "failing": {"links": [1], "switches": [1], "seeds": 1},
    }
    found = evaluate(parse(request | more))
    assert not found.refused, found.refused
    return found.designs[0]


def test_a_candidate_of_a_node_is_billed_and_timed_as_that_node():
    found = design(NODES)
    (line,) = found.bill.nodes
    assert (line.part.name, line.count, line.watts.mid) == ("dgx-h100", 2, 2 * 10200)
    assert found.economy is not None
    assert found.constants == constants_on(found.fabric)


def test_without_a_node_nothing_is_added():
    found = design(PLAIN)
    assert (found.bill.nodes, found.economy, found.constants.backend) == ((), None, None)


def test_the_reviews_own_part_stands_over_the_catalogue():
    own = {"dgx-h100": {"kind": "node", "price": OWN, "watts": {**OWN, "low": 5e3, "high": 5e3}}}
    assert design(NODES, parts=own).bill.nodes[0].price.mid == 2e5
    assert design(NODES, node="node-8xh100").bill.nodes[0].part == PARTS["node-8xh100"]
    assert design(PLAIN, node="dgx-h100").bill.nodes[0].part.name == "dgx-h100"


def test_a_tray_is_its_share_of_the_rack():
    rack, tray = node_part(node("gb200-nvl72"), 72), node_part(node("gb200-nvl72"), 4)
    assert 18 * tray.watts.range.mid == pytest.approx(rack.watts.range.mid)
    assert 18 * tray.price.range.mid == pytest.approx(rack.price.range.mid)


def test_prices_of_the_h100_node_are_the_catalogues():
    """One figure in one place: the part that reviews name and the catalogue's server cost the same."""
    assert node_part(node("dgx-h100"), 8).price.range == PARTS["node-8xh100"].price.range


def test_a_search_follows_the_node():
    demand = Demand(endpoints=16, devices_per_node=8, radices=(64,), families=("rail_optimized",))
    request = asked(node="dgx-h100")
    rows = search(demand, ["400Gb/s"], request, workers=1).rows
    assert rows
    assert all("node=dgx-h100" in row["spec"] for row in rows)
    assert min(row["watts"] for row in rows) > 2 * 10200
    with pytest.raises(InputError, match="node: dgx-h100 has 8 devices"):
        search(Demand(endpoints=16, devices_per_node=4), ["400Gb/s"], request, workers=1)


def test_an_exchange_where_rails_do_not_meet_is_answered_with_a_librarys_constants(monkeypatch):
    monkeypatch.setattr(by_rails, "MOST_HASHED", 100)
    request = parse(
        {
            "title": "rails apart",
            "candidates": [
                {"name": "rail-only", "topo": "rail_only:nodes=8,rails=8,radix=8,node=dgx-h100", "grow": {"nodes": [4, 8]}}
            ],
            "cases": [{"collective": "all_reduce", "size": "64MiB"}, {"collective": "all_to_all", "size": "64MiB"}],
            "failing": {"links": [1], "host_links": [1], "switches": [1], "racks": [1], "seeds": 1},
        }
    )
    review = evaluate(request)
    assert review.refused == ()
    assert [one.result.algorithm for one in review.designs[0].performance.timed] == ["default", "by_rails"]
    assert review.designs[0].ceiling, "how far it goes is looked for with its node too"
