"""A fabric's node brings its library and that library's constants, where nothing else is asked for."""

import pytest

from fabric.answers.predict import predict as answered
from fabric.hardware.node import node
from fabric.network.spec import load
from fabric.predict.answer import predict
from fabric.predict.cases import cases
from fabric.predict.constants import NONE, constants_of
from fabric.predict.libraries.nccl import hardware_of
from fabric.predict.libraries.nccl_hardware import PRESETS, modelled, of_node
from fabric.predict.of_node import constants_on
from topologies.errors import InputError


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("a100", ("ampere", 240.0, 25.0, 8, False, 24.0)),
        ("h100", ("hopper", 370.8, 50.0, 8, True, 48.0)),
        ("h200", ("hopper", 370.8, 50.0, 8, True, 48.0)),
        ("b200", ("blackwell", 721.8, 50.0, 8, True, 48.0)),
        ("gb200", ("blackwell", 721.8, 50.0, 72, True, 48.0)),
    ],
)
def test_short_names_have_the_figures_that_they_had_before_the_catalogue(name, said):
    one = PRESETS[name]
    assert (one.architecture, one.nvlink, one.nic, one.gpus_per_node, one.multicast, one.pcie) == said


def test_a_nodes_own_nics_and_links_count():
    assert of_node(node("gcp-a3-mega"), "x").nic == 25.0
    assert (of_node(node("dgx-b300"), "x").nic, of_node(node("dgx-b300"), "x").pcie) == (100.0, 96.0)
    assert not hardware_of("nccl:alps-gh200").multicast
    assert hardware_of("nccl:dgx-h100").nvlink == PRESETS["h100"].nvlink


@pytest.mark.parametrize(
    ("topo", "name", "backend", "words"),
    [
        ("dgx-h100:nodes=2", "nccl:dgx-h100", "nccl:dgx-h100", "library nccl of node dgx-h100: NVIDIA/nccl"),
        ("atlas-800t-a2:nodes=2", "none", "hccl", "library hccl of node atlas-800t-a2: the rule that its documentation states"),
        (
            "mi300x-oam:nodes=2",
            "rccl",
            "rccl",
            "library rccl of node mi300x-oam: 48 GB/s a link inside nodes, as RCCL plans",
        ),
        ("mi355x-oam:nodes=2", "none", None, "library rccl of node mi355x-oam: no model and no measured constants"),
        ("8x4090-dual-root:nodes=2", "none", None, "library nccl of node 8x4090-dual-root: no model"),
        ("rail_optimized:nodes=2,scale_up=nvswitch", "none", None, NONE.source),
    ],
)
def test_the_library_follows_the_node_and_the_answer_says_so(topo, name, backend, words):
    fabric = load(topo)
    found = constants_on(fabric, collectives=["all_reduce"])
    assert (found.name, found.backend) == (name, backend)
    answer = answered(cases(fabric, "all_reduce", sizes=[2**20], ranks=[8]), fabric)
    assert words in answer.beside["assumptions"][-1]


def test_what_is_asked_for_wins_over_the_node():
    fabric = load("dgx-h100:nodes=2")
    assert constants_on(fabric, (), NONE) == NONE
    gloo = constants_of(None, "gloo")
    assert constants_on(fabric, (), gloo) == gloo


def test_hccls_rule_is_not_asked_about_collectives_that_it_does_not_state():
    fabric = load("atlas-800t-a2:nodes=2")
    assert constants_on(fabric, collectives=["all_reduce", "all_to_all"]).backend is None
    assert len(answered(cases(fabric, "all_to_all", sizes=[2**20], ranks=[16]), fabric)) == 1


def test_bare_nccl_is_the_nodes_and_the_same_as_the_short_name_of_an_equal_node():
    fabric = load("dgx-h100:nodes=2")
    (case,) = cases(fabric, "all_reduce", sizes=[2**26], ranks=[16])
    seconds = {name: predict([case], fabric, constants_of(name))[0].time for name in ("nccl", "nccl:h100", "nccl:dgx-h100")}
    assert len(set(seconds.values())) == 1


def test_nodes_without_nccls_model_are_refused_by_name():
    assert not modelled(node("8x4090-dual-root"))
    with pytest.raises(
        InputError, match=r"NCCL's model is known for nodes with NVLink of ampere, .*got mi300x-oam \(cdna3, library rccl\)"
    ):
        hardware_of("nccl:mi300x-oam")


@pytest.mark.parametrize("name", ["dgx-h100", "dgx-h200"])
def test_a_hash_of_the_network_does_not_reach_inside_a_node(name):
    fabric = load(f"{name}:nodes=2")
    (case,) = cases(fabric, sizes=[2**30], ranks=[8])
    even, hashed = (predict([case], fabric, NONE, algorithm="ring", routing=how)[0].time for how in ("ideal", "ecmp:1"))
    assert hashed == pytest.approx(even)
