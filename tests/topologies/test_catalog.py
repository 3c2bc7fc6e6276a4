import re
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from topologies.catalog import FAMILIES, build, parse, split_spec
from topologies.errors import InputError

FAMILY_NAMES = ", ".join(FAMILIES)
EXAMPLES = {
    "fat_tree": "fat_tree:k=4",
    "leaf_spine": "leaf_spine:leaves=4,spines=2,hosts_per_leaf=8",
    "local": "local:slots=2",
    "rail_optimized": "rail_optimized:nodes=5,rails=4,radix=8",
    "star": "star:devices=4",
}


@pytest.mark.parametrize("more", ["", ",scale_up=none", ",scale_up=nvswitch"])
@pytest.mark.parametrize("family", EXAMPLES)
def test_the_name_builds_the_same_wiring_again(family, more):
    grouping = "" if family in {"local", "rail_optimized"} or not more else ",devices_per_node=2"
    topology = parse(EXAMPLES[family] + grouping + more)
    again = parse(topology.name)
    assert again.name == topology.name
    assert (again.tiers, again.levels, again.params) == (topology.tiers, topology.levels, topology.params)
    for array in ("tier", "node", "rail", "plane", "forwards", "ends", "level", "lanes"):
        assert np.array_equal(getattr(again, array), getattr(topology, array))


def test_name_holds_every_parameter_and_no_default_of_the_generic_ones():
    assert parse("star").name == "star:devices=4"
    assert parse("star:devices=4,devices_per_node=1,scale_up=none").name == "star:devices=4"
    assert parse("rail_optimized:nodes=3").name == "rail_optimized:nodes=3,rails=8,radix=64"
    assert parse("star:devices_per_node=2").name == "star:devices=4,devices_per_node=2"


def test_split_spec_leaves_foreign_keys_to_others():
    assert split_spec("fat_tree:k=8, speed=400Gb/s") == ("fat_tree", {"k": "8", "speed": "400Gb/s"})
    assert split_spec(" star ") == ("star", {})


def test_build_takes_parameters_as_text():
    assert build("star", {"devices": "3"}).devices == 3


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        (
            "fat_tre:k=8",
            "topology: unknown family 'fat_tre' (did you mean fat_tree?); there are: " + FAMILY_NAMES,
        ),
        (
            "zzz",
            "topology: unknown family 'zzz'; there are: " + FAMILY_NAMES,
        ),
        (
            "leaf_spine:leafs=4",
            "leaf_spine: unknown parameter 'leafs' (did you mean leaves?); there are: "
            "leaves, spines, hosts_per_leaf, uplinks, devices_per_node, scale_up",
        ),
        ("fat_tree", "fat_tree: k is missing; write fat_tree:k=N"),
        ("leaf_spine:leaves=4", "leaf_spine: spines is missing; write leaf_spine:leaves=N,spines=N,hosts_per_leaf=N"),
        ("fat_tree:k=eight", "fat_tree: k must be a whole number, got 'eight'"),
        ("fat_tree:k=8.0", "fat_tree: k must be a whole number, got '8.0'"),
        ("star:devices=4,devices_per_node=x", "star: devices_per_node must be a whole number, got 'x'"),
        ("fat_tree:k=8,k=4", "fat_tree: k is given twice, as '8' and as '4'"),
        ("fat_tree:k", "topology: 'fat_tree:k' is not of the form family:key=value,key=value"),
        ("fat_tree:", "topology: 'fat_tree:' is not of the form family:key=value,key=value"),
        ("fat_tree:k=", "topology: 'fat_tree:k=' is not of the form family:key=value,key=value"),
        ("fat_tree:k=8,", "topology: 'fat_tree:k=8,' is not of the form family:key=value,key=value"),
        (":k=8", "topology: ':k=8' is not of the form family:key=value,key=value"),
        ("", "topology: '' names no family; there are: " + FAMILY_NAMES),
        ("fat_tree:k=5", "fat_tree: k must be an even number of ports >= 2, got 5"),
    ],
)
def test_bad_specs_are_refused_in_one_line(spec, message):
    with pytest.raises(InputError, match=f"^{re.escape(message)}$"):
        parse(spec)


def refusal(call: Callable[[], object]) -> str:
    """Return the message with which the call is refused, nothing where it is not."""
    try:
        call()
    except InputError as error:
        return str(error)
    return ""


@given(st.text(max_size=30))
def test_any_text_gives_a_topology_or_one_line(text):
    assert len(refusal(lambda: parse(text)).splitlines()) <= 1


@settings(deadline=None)  # some values build large fabrics
@given(st.sampled_from(sorted(EXAMPLES)), st.text(max_size=5))
def test_any_value_gives_a_topology_or_one_line(family, value):
    params = {item.split("=")[0]: value for item in EXAMPLES[family].partition(":")[2].split(",")}
    assert len(refusal(lambda: build(family, params)).splitlines()) <= 1
