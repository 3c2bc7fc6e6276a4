from dataclasses import replace

import pytest

from fabric.measure.backends.catalog import BACKENDS
from fabric.measure.cells.ask import What
from fabric.measure.cells.job import Job, geometric
from topologies.errors import InputError


def test_geometric_sizes_end_at_or_below_the_largest():
    assert geometric(8, 64, 2) == (8, 16, 32, 64)
    assert geometric(8, 70, 3) == (8, 24)
    assert geometric(8, 8, 2) == (8,)


def test_every_cell_once_in_an_order_that_the_seed_fixes():
    job = Job("mpi", (8, 64), (1, 2))
    cells = job.cells()
    assert len(cells) == len(set(cells)) == 2 * 2 * 2
    assert cells == job.cells()
    assert cells != Job("mpi", (8, 64), (1, 2), seed=1).cells()


def test_every_order_has_all_cells():
    both = Job("mpi", (8, 64), (1, 2), orders=("contiguous", "scattered:1")).cells()
    assert {cell.order for cell in both} == {"contiguous", "scattered:1"}
    assert len(both) == len(set(both)) == 2 * len(Job("mpi", (8, 64), (1, 2)).cells())


def test_a_library_with_one_form_has_no_cells_of_the_other():
    assert {cell.in_place for cell in Job("gloo", (8,), (1,)).cells()} == {True}


def test_the_table_of_backends_is_named_right():
    assert all(name == backend.name for name, backend in BACKENDS.items())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"backend": "glo"}, "backend: must be one of gloo, nccl, mpi, got 'glo' .did you mean gloo\\?"),
        (
            {"collectives": ("allreduce",)},
            "collective: must be one of all_reduce, .*, got 'allreduce' .did you mean all_reduce",
        ),
        ({"what": What(dtype="f8")}, "dtype: must be one of f16, .*, got 'f8'"),
        ({"backend": "mpi", "what": What(dtype="bf16")}, "dtype: all_reduce of mpi takes f32, f64, i32, i8, got 'bf16'"),
        ({"sizes": (6,)}, "sizes: must be whole f32 elements of 4 bytes, got 6"),
        ({"sizes": ()}, "sizes: must name at least one size such as 64KiB, got none"),
        ({"orders": ("given:1",)}, "orders: must be contiguous, interleaved or scattered:SEED, got 'given:1'"),
        ({"refine": -1}, "refine: must be a whole number from 0 to 1,000, got -1"),
        ({"loop": "c"}, "loop: must be native or python, got 'c'"),
        ({"world_sizes": (0,)}, "world_sizes: must be a whole number from 1 to 10,000,000, got 0"),
        ({"world_sizes": ()}, "world_sizes: must name at least one world size such as 2, got none"),
    ],
)
def test_bad_jobs(change, message):
    with pytest.raises(InputError, match=message):
        Job(**{"backend": "gloo", "sizes": (8,), "world_sizes": (1,), **change})


@pytest.mark.parametrize(("low", "high", "factor", "word"), [(8, 64, 1, "factor"), (0, 8, 2, "min"), (9, 8, 2, "min")])
def test_bad_sweeps(low, high, factor, word):
    with pytest.raises(InputError, match=word):
        geometric(low, high, factor)


def test_every_world_size_has_a_launch_of_its_own_where_ranks_that_wait_cost_time():
    job = Job("gloo", (8, 64), (1, 2, 4))
    assert [part.world_sizes for part in job.launches()] == [(1,), (2,), (4,)]
    assert [cell for part in job.launches() for cell in part.cells()] != []
    assert replace(job, backend="mpi").launches() == [replace(job, backend="mpi")]
    for whole in (
        replace(job, orders=("contiguous", "interleaved")),
        replace(job, collectives=("sendrecv",)),
        replace(job, collectives=("reduce_scatter",), sizes=(8,)),
    ):
        assert whole.launches() == [whole], "it is chosen among the launch's ranks, or does not stand alone"
