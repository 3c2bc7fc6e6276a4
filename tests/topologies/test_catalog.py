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
    "bcube": "bcube:n=3,k=1",
    "clos": "clos:radix=8,tiers=3,endpoints=50,oversubscription=1",
    "dcell": "dcell:n=3,k=1",
    "de_bruijn": "de_bruijn:base=2,n=3",
    "dragonfly": "dragonfly:p=2,a=4,h=2",
    "dragonfly_plus": "dragonfly_plus:p=2,leaves=2,spines=2,h=1",
    "dual_tor": "dual_tor:nodes=16",
    "fat_tree": "fat_tree:k=4",
    "full_mesh": "full_mesh:dims=3x3",
    "hamming_mesh": "hamming_mesh:a=2,b=2,x=2,y=2",
    "hypercube": "hypercube:n=3",
    "hyperx": "hyperx:dims=3x2,hosts=2",
    "jellyfish": "jellyfish:switches=8,degree=3,hosts=2,seed=1",
    "leaf_spine": "leaf_spine:leaves=4,spines=2,hosts_per_leaf=8",
    "local": "local:slots=2",
    "multi_plane": "multi_plane:nodes=4,planes=2",
    "pgft": "pgft:h=2,m=4x4,w=1x2,p=1x2",
    "polarfly": "polarfly:q=3",
    "rail_only": "rail_only:nodes=4,rails=4,radix=8",
    "rail_optimized": "rail_optimized:nodes=5,rails=4,radix=8",
    "ring": "ring:switches=5",
    "slim_fly": "slim_fly:q=5",
    "star": "star:devices=4",
    "torus": "torus:dims=3x4",
    "twisted_torus": "twisted_torus:dims=2x4,twist=2",
    "xpander": "xpander:degree=3,lift=4,hosts=2,seed=1",
    "zcube": "zcube:a=3,b=4",
}


def test_every_family_has_an_example():
    assert {*EXAMPLES, "edge_list"} == set(FAMILIES), "edge_list needs a file: see its own tests"


@pytest.mark.parametrize("more", ["", ",scale_up=none", ",scale_up=nvswitch"])
@pytest.mark.parametrize("family", EXAMPLES)
def test_the_name_builds_the_same_wiring_again(family, more):
    own_nodes = parse(EXAMPLES[family]).rail[0] >= 0
    topology = parse(EXAMPLES[family] + ("" if own_nodes or not more else ",devices_per_node=2") + more)
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
            "leaves, spines, hosts_per_leaf, uplinks, devices_per_nic, devices_per_node, scale_up, domain",
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
