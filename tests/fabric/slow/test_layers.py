"""The layers of a search: which are refused, what NCCL is told, and what one finds that another clears."""

from dataclasses import replace

import numpy as np
import pytest

from fabric.slow.layers import check_layers, check_version, forced, in_network, only_in_network, told
from fabric.slow.search import Search
from fabric.slow.state import Found
from fabric.slow.tree import flat
from fabric.slow.verdicts import Verdict
from topologies.errors import InputError


@pytest.mark.parametrize(
    ("layers", "backend", "collective", "line"),
    [
        (("wire",), "gloo", "all_reduce", "layers: must be some of collective, in-network, pairs, got 'wire'"),
        (("pairs", "pairs"), "gloo", "all_reduce", "layers: must be different, got pairs,pairs"),
        (("in-network",), "gloo", "all_reduce", "layers: in-network needs nccl and switches that add up"),
        (("in-network",), "mpi", "all_reduce", "layers: in-network needs nccl and switches that add up"),
        (("in-network",), "nccl", "all_gather", "layers: in-network adds up, --collective must be all_reduce"),
    ],
)
def test_layers_that_cannot_be_are_refused_in_one_line(layers, backend, collective, line):
    with pytest.raises(InputError) as error:
        check_layers(layers, backend, collective)
    assert str(error.value).startswith(line)
    with pytest.raises(InputError):
        Search(backend, collective=collective, layers=layers)


@pytest.mark.parametrize(
    ("layers", "layer", "one_node", "environment", "algorithm"),
    [
        (("collective", "in-network"), "in-network", True, {}, "allreduce:nvls"),
        (("collective", "in-network"), "in-network", False, {}, "allreduce:nvlstree"),
        (("collective", "in-network"), "in-network", False, {"NCCL_COLLNET_ENABLE": "1"}, "allreduce:collnetdirect"),
        (("collective", "in-network"), "collective", False, {}, "allreduce:ring"),
        (("collective", "pairs"), "collective", False, {}, ""),
        (("in-network", "pairs"), "pairs", False, {}, ""),
    ],
)
def test_the_two_layers_differ_and_nothing_else_is_forced(layers, layer, one_node, environment, algorithm):
    assert forced(layers, layer, one_node=one_node, environment=environment) == algorithm
    assert in_network(algorithm) == (layer == "in-network")


@pytest.mark.parametrize("name", ["nvls", "NVLSTree", "nvls_tree", "CollnetDirect", "SHARP", "allreduce:nvls;broadcast:ring"])
def test_algorithms_in_which_switches_add_up(name):
    assert in_network(name)


@pytest.mark.parametrize("name", ["", "ring", "Tree", "default", "ring_nvl"])
def test_algorithms_in_which_they_do_not(name):
    assert not in_network(name)


def test_an_old_nccl_is_refused_for_this_layer_alone():
    check_version(("collective", "in-network"), "2.27.3")
    check_version(("collective", "pairs"), "2.21.5")
    with pytest.raises(InputError, match=r"layers: in-network needs NCCL 2\.24 or newer, got 2\.21\.5"):
        check_version(("in-network",), "2.21.5")


def test_only_what_another_layer_clears_is_in_network_only():
    well = Found((), (0, 1, 2), (3,), (), np.zeros(4), (), 1, 0.01)
    slow = [Verdict("node", f"node{n}", (n,), 1.2, 1.1, 1.3, 1.0) for n in (2, 3)]
    tree = flat(4)
    assert only_in_network(tree, [(False, well), (True, replace(well, verdicts=tuple(slow), cleared=(0, 1)))]) == ["node2"]
    assert only_in_network(tree, [(True, replace(well, verdicts=tuple(slow)))]) == []
    assert told([]) == ""
