import numpy as np
import pytest

from fabric.collectives.algorithms import ALGORITHMS, RESERVED, algorithm, keywords
from fabric.collectives.catalog import COLLECTIVES
from fabric.collectives.schedule import Groups, flat
from topologies.errors import InputError

MIB = 2**20


def even(nodes, per_node):
    return Groups(np.repeat(np.arange(nodes, dtype=np.int32), per_node))


def test_every_rooted_algorithm_takes_the_root_and_no_other_does():
    for name, known in ALGORITHMS.items():
        takes = {"root" in keywords(build) for build in known.values()}
        assert takes == {COLLECTIVES[name].rooted}, name


def test_parameters_are_whole_numbers_or_text_by_their_annotation():
    assert algorithm("all_reduce", "bucket:dims=4x4,ports=2").params == {"dims": "4x4", "ports": 2}
    kinds = {kind for known in ALGORITHMS.values() for build in known.values() for kind in own(build).values()}
    assert kinds == {"int", "str"}


def own(build):
    return {key: kind for key, kind in keywords(build).items() if key not in RESERVED}


def test_an_algorithm_takes_only_what_it_declares_from_the_case():
    ring = algorithm("all_reduce", "ring")
    assert ring.schedule(flat(4), MIB).messages == 6
    assert ring.schedule(flat(4), MIB, root=3, params={"skew": 2.0, "note": "x"}).messages == 6
    assert algorithm("incast", "direct").schedule(flat(8), 1, root=2, params={"fan_in": 3}).steps[0].source.tolist() == [
        0,
        1,
        3,
    ]


@pytest.mark.parametrize(
    ("collective", "text", "message"),
    [
        ("all_reduce", "rong", r"algorithm: must be one of ring, .* for all_reduce, got 'rong' \(did you mean ring\?\)"),
        ("broadcast", "ring", "algorithm: must be one of binomial, scatter_ring, chain, .*, linear for broadcast, got 'ring'"),
        ("all_reduce", "ring:channel=2", "ring: parameters are channels, walk, got 'channel'"),
        ("all_reduce", "ring:channels=0", "ring: channels must be a whole number >= 1, got '0'"),
        ("all_reduce", "gloo_ring:x=1", "gloo_ring: parameters are none, got 'x'"),
        ("broadcast", "binomial:root=1", "binomial: root belongs to the case and not to the algorithm, got 'root=1'"),
        ("all_to_all_v", "direct:skew=1", "direct: skew belongs to the case and not to the algorithm, got 'skew=1'"),
        ("broadcast", "chain:chunks=x", "chain: chunks must be a whole number >= 1, got 'x'"),
    ],
)
def test_bad_algorithm_text_gets_one_line(collective, text, message):
    with pytest.raises(InputError, match=message):
        algorithm(collective, text)


@pytest.mark.parametrize(
    ("collective", "text", "groups", "message"),
    [
        ("all_reduce", "ring:channels=3", even(2, 2), r"ring: channels must be 1 \.\.\. 2 \(ranks on a node\), got 3"),
        ("broadcast", "chain:channels=3", even(2, 2), r"chain: channels must be 1 \.\.\. 2 \(ranks on a node\), got 3"),
        ("all_reduce", "nvls", even(2, 2), "nvls: ranks must sit on one node, got 2 nodes; use nvls_tree or sharp"),
        ("all_reduce", "three_level:group=4", even(6, 2), "three_level: group must divide the 6 nodes, got 4"),
        ("all_reduce", "two_level:inside=tree", even(2, 2), "two_level: inside must be one of ring, mesh, got 'tree'"),
        (
            "all_reduce",
            "bucket:dims=4x4",
            flat(8),
            "bucket: dims must be sizes such as 4x4x4 whose product is the world size 8, got '4x4'",
        ),
        ("all_reduce", "bucket:dims=4x,ports=1", flat(4), "bucket: dims must be sizes .* got '4x'"),
        ("all_reduce", "bucket:dims=4x2,ports=4", flat(8), "bucket: ports must be 1 or 2 on 4x2, got 4"),
        ("all_reduce", "bucket:dims=3x3,ports=3", flat(9), r"ports must be 1 or 2, or 4 \(two per dimension\) on 3x3, got 3"),
        ("all_reduce", "swing:dims=3x4", flat(12), "swing: dims must be powers of two, got '3x4'"),
        ("all_gather", "recursive_doubling", flat(6), "recursive_doubling: needs a power of two ranks, got 6; use bruck"),
        ("reduce_scatter", "recursive_halving", flat(6), "recursive_halving: needs a power of two ranks, got 6; use nhr"),
        ("all_to_all", "pairwise_xor", flat(6), "pairwise_xor: needs a power of two ranks, got 6; use pairwise"),
        ("all_to_all", "pairwise_xor", flat(2**14), "pairwise_xor: at most 33554432 messages can be listed, got 268419072"),
        ("all_to_all", "rail_aligned", even(2**13, 8), "rail_aligned: at most 33554432 messages can be listed.*; use direct"),
    ],
)
def test_what_does_not_fit_the_ranks_is_refused_in_one_line(collective, text, groups, message):
    with pytest.raises(InputError, match=message) as error:
        algorithm(collective, text).schedule(groups, MIB)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("collective", "name"),
    [
        (c, n)
        for c in ALGORITHMS
        for n in ALGORITHMS[c]
        if n in ("rail_aligned", "hierarchical", "nvls_tree", "pipeline", "tree")
    ],
)
def test_what_needs_even_nodes_says_so(collective, name):
    ragged = Groups(np.array([0, 0, 0, 1], dtype=np.int32))
    with pytest.raises(InputError, match=rf"{name}: ranks must fill their nodes evenly, got 1 to 3 on a node"):
        algorithm(collective, name).schedule(ragged, 8)


def test_the_others_do_not():
    ragged = Groups(np.array([0, 0, 0, 1], dtype=np.int32))
    assert algorithm("all_reduce", "ring").schedule(ragged, 8).world_size == 4


@pytest.mark.parametrize("root", [-1, 4])
def test_the_root_must_be_a_rank(root):
    with pytest.raises(InputError, match=rf"root: must be a rank, 0 \.\.\. 3, got {root}"):
        algorithm("broadcast", "binomial").schedule(flat(4), 8, root=root)


def test_the_cases_parameters_must_be_numbers():
    with pytest.raises(InputError, match="skew: must be a number >= 0, got 'a'"):
        algorithm("all_to_all_v", "direct").schedule(flat(4), 8, params={"skew": "a"})
    with pytest.raises(InputError, match=r"fan_in must be 1 \.\.\. 3"):
        algorithm("incast", "direct").schedule(flat(4), 8, params={"fan_in": 4})


@pytest.mark.parametrize("text", ["double_binary_tree", "tree", "nvls", "nvls_tree", "rail_aligned"])
def test_chunks_below_one_are_refused_in_python_too(text):
    with pytest.raises(InputError, match=f"{text}: chunks must be a whole number >= 1, got 0"):
        ALGORITHMS["all_reduce"][text](even(1, 4), 8, chunks=0)
