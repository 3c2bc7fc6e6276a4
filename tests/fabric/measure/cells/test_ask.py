import pytest

from fabric.collectives.catalog import COLLECTIVES
from fabric.measure.cells.ask import GROUPS, What, sizes_of
from fabric.measure.cells.job import Job
from topologies.errors import InputError


def test_all_is_what_the_backend_has_and_the_world_sizes_allow():
    everything = GROUPS["all"]
    assert Job("gloo", (4096,), (1, 3), ("all",)).names == everything
    assert set(everything) - set(Job("gloo", (4096,), (1,), ("all",)).names) == {"sendrecv", "incast"}
    assert set(everything) - set(Job("mpi", (4096,), (1,), ("all",)).names) == {"incast"}


def test_point_to_point_is_a_group_of_its_own():
    assert set(COLLECTIVES) == {*GROUPS["all"], *GROUPS["p2p"]}
    assert Job("mpi", (8,), (2,), ("p2p",)).names == ("latency", "bandwidth", "bibandwidth", "message_rate")
    assert Job("mpi", (8,), (3,), ("p2p", "barrier")).names == ("latency", "bandwidth", "bibandwidth", "barrier")
    assert Job("mpi", (4096,), (2,), ("all", "latency")).names == (*GROUPS["all"], "latency")
    assert {cell.world_size for cell in Job("mpi", (8,), (2, 3, 4), ("message_rate",)).cells()} == {2, 4}


def test_a_window_is_stated_in_the_case_and_a_latency_may_have_no_bytes():
    what = What(params={"window": 16.0})
    assert [what.params_of(name) for name in ("bandwidth", "latency")] == [{"window": 16.0}, {}]
    assert What().params_of("message_rate") == {"window": 64.0}
    cells = Job("mpi", (0, 8), (2,), ("latency", "bandwidth", "all_reduce")).cells()
    assert {cell.collective for cell in cells if not cell.nbytes} == {"latency"}
    assert Job("mpi", (0, 8), (2,), ("bandwidth",)).notes() == [
        "bandwidth on 2 ranks: whole blocks of 4 bytes only: left out 0 B"
    ]


def test_cells_are_whole_blocks_each_once_and_know_what_was_asked():
    cells = Job("mpi", (8, 12, 20, 64), (3,), ("all_gather", "barrier")).cells()
    moved = {(cell.nbytes, cell.asked) for cell in cells if cell.collective == "all_gather"}
    assert moved == {(12, 12), (60, 64)}
    assert [cell.nbytes for cell in cells if cell.collective == "barrier"] == [0]


def test_what_was_rounded_or_left_out_is_said():
    job = Job("mpi", (8, 100), (2, 3), ("all_gather", "all_reduce"))
    assert job.notes() == [
        "all_gather on 2 ranks: whole blocks of 8 bytes only: 1 rounded down, e.g. 100 B to 96 bytes",
        "all_gather on 3 ranks: whole blocks of 12 bytes only: left out 8 B; 1 rounded down, e.g. 100 B to 96 bytes",
    ]


def test_a_root_operation_or_parameter_goes_to_the_collectives_that_have_it():
    what = What(op="max", root=1, params={"skew": 1.0, "fan_in": 2})
    assert [what.op_of(name) for name in ("reduce", "gather")] == ["max", "sum"]
    assert [what.root_of(name) for name in ("reduce", "all_gather")] == [1, None]
    assert What().root_of("reduce") is None, "rank 0 is None in a prediction's case too"
    assert [what.params_of(name) for name in ("all_to_all_v", "incast", "all_to_all")] == [{"skew": 1.0}, {"fan_in": 2}, {}]
    assert sizes_of("all_to_all_v", 2, (1024,), what).whole == {1024: 1024}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"what": What(mode="persistent")}, "mode: all_reduce of gloo is blocking, got 'persistent'"),
        ({"what": What(op="avg")}, "op: must be one of sum, max, min, prod, got 'avg'"),
        (
            {"collectives": ("gather",), "what": What(op="max")},
            "op: is of all_reduce, reduce_scatter, reduce, got 'max' for gather",
        ),
        ({"what": What(root=1)}, "root: all_reduce has none, got 1"),
        (
            {"collectives": ("gather",), "world_sizes": (1, 2), "what": What(root=1)},
            r"root: must be a rank of every world size, 0 \.\.\. 0, got 1",
        ),
        ({"what": What(params={"skew": 1.0})}, "param: all_reduce takes none, got 'skew'"),
        ({"collectives": ("incast",), "what": What(params={"skew": 1.0})}, "param: incast takes fan_in, got 'skew'"),
        ({"collectives": ("incast",), "what": What(params={"fan_in": 4})}, r"incast: fan_in must be 1 \.\.\. 1 .*, got 4"),
        ({"collectives": ("all_to_all_v",), "what": What(params={"skew": -1})}, "skew: must be a number >= 0, got -1"),
        ({"collectives": ("incast",), "world_sizes": (1,)}, "ranks: incast on gloo needs 2 or more, got 1"),
        ({"collectives": ("all_gather",), "sizes": (4,)}, "sizes: all_gather needs 8 bytes or more, .*, got 4"),
        ({"collectives": ("al", "gather")}, "collective: must be one of all_reduce, .*, got 'al'"),
        ({"collectives": ("latency",), "world_sizes": (1,)}, "ranks: latency on gloo needs 2 or more, got 1"),
        ({"collectives": ("p2p",), "world_sizes": (1,)}, "collective: p2p is nothing that gloo does blocking on ranks 1"),
        ({"collectives": ("message_rate",), "world_sizes": (3, 5)}, "ranks: message_rate needs an even number, got 3, 5"),
        ({"collectives": ("bandwidth",), "what": What(params={"window": 0})}, "window: must be a whole number >= 1, got 0"),
        ({"collectives": ("bandwidth",), "what": What(params={"window": 5000})}, r"window: must be 1 \.\.\. 4096 .*, got 5000"),
        ({"collectives": ("bandwidth",), "what": What(params={"buffers": 0})}, "buffers: must be a whole number >= 1, got 0"),
        ({"collectives": ("latency",), "what": What(params={"window": 2})}, "param: latency takes none, got 'window'"),
        ({"sizes": (0,)}, "sizes: all_reduce needs 4 bytes or more, an element for every part, got 0"),
    ],
)
def test_bad_asks(change, message):
    with pytest.raises(InputError, match=message) as caught:
        Job(**{"backend": "gloo", "sizes": (64,), "world_sizes": (2,), **change})
    assert "\n" not in str(caught.value)
