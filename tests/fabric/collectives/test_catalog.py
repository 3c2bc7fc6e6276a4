import numpy as np
import pytest

from fabric.collectives.algorithms import ALGORITHMS
from fabric.collectives.catalog import COLLECTIVES, busbw_factor, collective
from fabric.collectives.layout import LAYOUTS
from topologies.errors import InputError

NAMES = [
    *("all_reduce", "all_gather", "reduce_scatter", "all_to_all", "all_to_all_v", "broadcast"),
    *("reduce", "gather", "scatter", "sendrecv", "barrier", "incast"),
    *("latency", "bandwidth", "bibandwidth", "message_rate"),
]


def arrays(*rows):
    return [np.array(row) for row in rows]


def lists(outputs):
    return [output.tolist() for output in outputs]


SIX = arrays([1, 2, 3], [10, 20, 30], [100, 200, 300])


@pytest.mark.parametrize(
    ("name", "inputs", "expected"),
    [
        ("all_reduce", SIX, [[111, 222, 333]] * 3),
        ("all_gather", arrays([1], [2], [3]), [[1, 2, 3]] * 3),
        ("reduce_scatter", SIX, [[111], [222], [333]]),
        ("all_to_all", SIX, [[1, 10, 100], [2, 20, 200], [3, 30, 300]]),
        ("all_to_all_v", SIX, [[1, 10, 100], [2, 20, 200], [3, 30, 300]]),
        ("broadcast", SIX, [[10, 20, 30]] * 3),
        ("reduce", SIX, [[], [111, 222, 333], []]),
        ("gather", arrays([1], [2], [3]), [[], [1, 2, 3], []]),
        ("scatter", SIX, [[10], [20], [30]]),
        ("sendrecv", SIX, [[100, 200, 300], [1, 2, 3], [10, 20, 30]]),
        ("barrier", arrays([], [], []), [[], [], []]),
        ("incast", SIX, [[], [1, 2, 3, 100, 200, 300], []]),
        ("latency", SIX, [[10, 20, 30], [1, 2, 3], []]),
        ("bandwidth", SIX, [[], [1, 2, 3], []]),
        ("bibandwidth", SIX, [[10, 20, 30], [1, 2, 3], []]),
        ("message_rate", SIX, [[], [1, 2, 3], []]),
    ],
)
def test_references_on_three_ranks_with_root_1(name, inputs, expected):
    assert lists(COLLECTIVES[name].reference(inputs, root=1)) == expected


def test_an_incast_of_one_takes_the_lowest_other_rank():
    assert lists(COLLECTIVES["incast"].reference(SIX, root=0, params={"fan_in": 1})) == [[10, 20, 30], [], []]


def test_uneven_parts_keep_every_element():
    inputs = [np.arange(4 * 64 * 2) + 1000 * rank for rank in range(4)]
    outputs = COLLECTIVES["all_to_all_v"].reference(inputs, params={"skew": 1.5, "seed": 2})
    assert sorted(np.concatenate(outputs)) == sorted(np.concatenate(inputs))
    assert len({len(output) for output in outputs}) > 1


def test_every_collective_of_the_issue_is_known_everywhere():
    assert list(COLLECTIVES) == NAMES
    assert list(ALGORITHMS) == NAMES
    assert list(LAYOUTS) == NAMES
    assert [n for n in NAMES if COLLECTIVES[n].rooted] == ["broadcast", "reduce", "gather", "scatter", "incast"]
    assert all(COLLECTIVES[name].size for name in NAMES)


@pytest.mark.parametrize(
    ("name", "factor"),
    [
        ("all_reduce", 1.75),
        *((name, 0.875) for name in ("all_gather", "reduce_scatter", "all_to_all", "all_to_all_v", "gather", "scatter")),
        *((name, 1) for name in ("broadcast", "reduce", "sendrecv", "latency", "bandwidth")),
        ("bibandwidth", 2),
        ("message_rate", 4),
        ("barrier", 0),
        ("incast", 7),
    ],
)
def test_busbw_factors_of_8_ranks_are_nccl_tests(name, factor):
    assert busbw_factor(name, 8) == pytest.approx(factor)


def test_busbw_factor_at_the_edges():
    assert busbw_factor("all_reduce", 1) == 0
    assert busbw_factor("incast", 8, {"fan_in": 3}) == 3
    assert busbw_factor("incast", 1) == 0
    with pytest.raises(InputError, match=r"incast: fan_in must be 1 \.\.\. 7 \(ranks other than the root\), got 8"):
        busbw_factor("incast", 8, {"fan_in": 8})


def test_unknown_collectives_are_named():
    with pytest.raises(InputError, match=r"got 'allreduce' \(did you mean all_reduce\?\)"):
        collective("allreduce")
    with pytest.raises(InputError, match=r"must be one of all_reduce, .*, message_rate, got 'x'$"):
        busbw_factor("x", 2)
