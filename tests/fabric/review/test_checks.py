"""A stranger's review: every wrong word is one line with its key, the rule, the value and what would be right."""

import pytest

from fabric.review.evaluate import evaluate
from fabric.review.request import parse
from topologies.errors import InputError

RAILS = "rail_optimized:nodes=8,rails=4,radix=8,scale_up=nvswitch"
PRICE = {"low": 1, "high": 2, "source": "a quotation", "date": "2026-11"}


def asked(**change):
    base = {
        "title": "t",
        "candidates": [{"name": "a", "topo": RAILS}],
        "cases": [{"collective": "all_reduce", "size": "1MiB"}],
        "node": "node-8xh100",
        "failing": {"links": [], "switches": [], "racks": [], "seeds": 1},
    }
    return {**base, **change}


def case(**change):
    return {"cases": [{"collective": "all_reduce", "size": "1MiB", **change}]}


def own(**figures):
    return {"parts": {"mine": figures}}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (case(collective="allreduce"), r"cases\.0: collective: must be .*, got 'allreduce' \(did you mean all_reduce\?\)"),
        (case(size="64KB"), r"cases\.0: size: must be a size such as .*, got '64KB': unit 'KB' is ambiguous or unknown"),
        (case(size=0), r"cases\.0: size: must be above 0, got 0"),
        (case(algorithm="rings"), r"cases\.0: algorithm: must be one of ring, .*, got 'rings' \(did you mean ring\?\)"),
        (case(algorithm="ring:chanels=2"), r"cases\.0: ring: parameters are channels, walk, got 'chanels'"),
        (case(params={"skw": 2}), r"cases\.0: params: must be of skew, .*, got 'skw' \(did you mean skew\?\)"),
        (case(collective="all_to_all_v", params={"skew": -2}), r"cases\.0: skew: must be a number >= 0, got -2"),
        (case(ranks=4096), r"cases\.0\.ranks: must be at most 32, the devices of the largest candidate, got 4,096"),
        ({"routing": "ecpm:1-3"}, r"routing: must be ideal, .*; got 'ecpm:1'"),
        ({"routing": "ecmp:3-1"}, "routing: seeds must be FIRST-LAST, at most 100, such as ecmp:0-4, got 'ecmp:3-1'"),
        ({"orders": ["random"]}, "orders: must be contiguous, interleaved, strided:STEP, scattered:SEED, got 'random'"),
        ({"orders": []}, r"orders: must name at least one, such as \[contiguous\], got none"),
        ({"orders": "contiguous"}, r"orders: must be a list \(such as \[contiguous\]\), got 'contiguous'"),
        ({"limits": {"power": "2mw"}}, r"limits\.power: must be a number \(watts, 2e6 for 2 MW, or 2MW\), got '2mw'"),
        ({"limits": {"powr": 1}}, r"limits\.powr: no such key; must be of power, .*, got 'powr' \(did you mean power\?\)"),
        ({"limits": {"efficiency": 95}}, r"limits\.efficiency: must be above 0 and at most 1, such as 0\.95, got 95"),
        ({"limits": {"racks": 1}}, r"limits\.racks: must be at least 2, what the 8 nodes fill alone"),
        ({"step": {"compute": "100ms"}}, r"step\.compute: must be a number \(seconds, such as 0\.5\), got '100ms'"),
        ({"node": "switch-64x400g"}, "node: must be node-8xh100 or listed under parts with kind: node, got .*, a switch"),
        ({"nic": "nic-400g"}, "nic: must be listed under parts with kind: nic, got 'nic-400g'"),
        ({"cost": {"lifetime": 5}}, r"cost: must be of life, .*, got 'lifetime' \(did you mean life\?\)"),
        ({"cost": {"efficiency": 0.5}}, r"cost\.efficiency: is worked out from the cases and the step, got 0\.5; leave it out"),
        ({"spans": {"efficency": [0.1, 1]}}, "spans: must be of .*, got 'efficency'"),
        ({"spans": {"busy": [0.3, 2]}}, r"spans\.busy: cost\.busy: must be between 0 and 1, got 2"),
        ({"floor": {"nodes_per_rack": 2.5}}, r"floor\.nodes_per_rack: must be a whole number, got 2\.5"),
        ({"floor": {"node_per_rack": 2}}, r"floor: must be of .*, got 'node_per_rack' \(did you mean nodes_per_rack\?\)"),
        ({"failing": {"links": [-1]}}, r"failing\.links\.0: must be at least 1 \(such as \[1, 10, 100\]\), got '-1'"),
        ({"failing": {"racks": 5}}, r"failing\.racks: must be a list \(such as \[1, 4\]\), got '5'"),
        ({"rates": {"CNY": 0}}, r"rates\.CNY: must be the USD that one unit buys, above 0, got 0"),
        (own(ports=64), r"parts\.mine: is not in the catalogue, so it needs a kind: switch, link, nic, node or device"),
        (own(kind="swich"), r"parts\.mine\.kind: must be one of switch, link, nic, node, device, got 'swich'"),
        (own(kind="switch", price=PRICE), r"parts\.mine: a switch needs ports and speed above 0 to be chosen by"),
        (own(kind="link", speed="400Gb/s"), r"parts\.mine: a link needs reach above 0 to be chosen by"),
        (own(kind="nic", price=30_000), r"parts\.mine\.price: must be a mapping with low, high, .*, got '30000'"),
        (own(kind="nic", price={**PRICE, "low": "$1"}), r"parts\.mine\.price\.low: must be a number, got '\$1'"),
        (own(kind="nic", price={**PRICE, "source": ""}), r"parts\.mine\.price: source: every price and power needs a source"),
        (
            own(kind="nic", price={**PRICE, "unit": "EUR"}),
            r"parts\.mine\.price: currency: must be one with an exchange rate \(USD\), got 'EUR'; add it under rates",
        ),
        (own(kind="nic", watts={**PRICE, "unit": "kW"}), r"parts\.mine\.watts\.unit: must be W, got 'kW'"),
        ({"candidates": ["clos:radix=16"]}, r"candidates\.0: must be a mapping with name, topo, .*, got 'clos:radix=16'"),
        ({"candidates": [{"name": "", "topo": RAILS}]}, r"candidates\.0\.name: must not be empty, got ''"),
        (
            {"candidates": [{"name": "a", "topo": RAILS, "grows": {}}]},
            r"candidates\.0 \(a\)\.grows: no such key; must be of .* \(did you mean grow\?\)",
        ),
    ],
)
def test_one_line_before_any_work(change, words):
    with pytest.raises(InputError, match=f"^{words}") as caught:
        evaluate(parse(asked(**change)), tell=lambda *_: pytest.fail("work has begun"))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"parts": ["switch-9"]}, "parts: must be of .*, got 'switch-9'"),
        ({"nic": "dac-400g"}, "nic: must be listed under parts with kind: nic, got 'dac-400g', a link"),
        ({"routing": "foo"}, "routing: must be ideal, .*; got 'foo'"),
        ({"grow": {"leaves": [4, 8]}}, "rail_optimized: unknown parameter 'leaves'"),
        ({"grow": {"nodes": [8, 4]}}, r"grow\.nodes: must be two or more values that grow, got 8, 4"),
        ({"topo": "cloz:radix=8"}, r"topology: unknown family 'cloz' \(did you mean clos\?\)"),
        ({"topo": "nofile.yaml"}, r"topo: cannot read nofile\.yaml: No such file"),
        (
            {"topo": "rail_optimized:nodes=8,rails=4,radix=8,speed=1600Gb/s"},
            r"rail_optimized: leaf: needs a switch with ports of",
        ),
    ],
)
def test_what_one_candidate_gets_wrong_leaves_the_others(change, words):
    wrong = {"name": "wrong", "topo": RAILS, **change}
    review = evaluate(parse(asked(candidates=[wrong, {"name": "good", "topo": RAILS}])))
    assert [design.candidate.name for design in review.designs] == ["good"]
    (refused,) = review.refused
    with pytest.raises(InputError, match=f"^{words}"):
        raise InputError(refused.why)
