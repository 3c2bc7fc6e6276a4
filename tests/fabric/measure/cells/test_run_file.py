from pathlib import Path

import pytest

from fabric.measure.cells.run_file import Run, jobs, load
from topologies.errors import InputError

ROOT = Path(__file__).parents[4]


def written(tmp_path, text):
    path = tmp_path / "run.yaml"
    path.write_text(text)
    return path


def test_the_main_job():
    gloo, mpi = jobs(load(ROOT / "benchmarks" / "scaling.yaml"), "gloo", 2, 2)
    assert gloo.world_sizes == (1, 2, 3, 4)
    assert mpi.world_sizes == (1, 2)
    assert gloo.sizes == mpi.sizes == tuple(2**k for k in range(3, 27))


def test_defaults_come_from_the_machine():
    (job,) = jobs(Run(), "gloo", 4, 4)
    assert (job.backend, job.world_sizes, job.ranks) == ("gloo", (4,), 4)


def test_sizes_as_texts_are_sorted_and_unique(tmp_path):
    run = load(written(tmp_path, "sizes: [64KiB, 8, 8]\nworld_sizes: [cores, 8]\n"))
    (job,) = jobs(run, "gloo", 1, 4)
    assert job.sizes == (8, 65536)
    assert job.world_sizes == (1, 2, 3, 4, 8)


def test_what_a_launch_sweeps_beside_sizes(tmp_path):
    text = "orders: [contiguous, scattered:7]\nrefine: 4\nlaunches: 3\nloop: python\nper_rank: true\n"
    run = load(written(tmp_path, text))
    (job,) = jobs(run, "gloo", 4, 4)
    assert (job.orders, job.refine, job.loop, job.per_rank, run.launches) == (
        ("contiguous", "scattered:7"),
        4,
        "python",
        True,
        3,
    )


def test_no_launch_at_all(tmp_path):
    with pytest.raises(InputError, match="launches: must be a whole number from 1 to 1,000, got 0"):
        jobs(load(written(tmp_path, "launches: 0")), "gloo", 1, 1)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("loop: c", "run.yaml: loop: must be native or python, got 'c'"),
        ("orders: 7", "run.yaml: orders: must be a list such as .*contiguous, interleaved, scattered:7.*, got 7"),
        ("colectives: [all_reduce]", "run.yaml: colectives: unknown key; known are collectives, sizes"),
        ("sizes: 8", "run.yaml: sizes: must be a list such as .* mapping with min, max and factor, got 8"),
        ("sizes: {min: 8, most: 9}", "run.yaml: sizes: must be a list .*, got {'min': 8, 'most': 9}"),
        ("world_sizes: [all]", "run.yaml: world_sizes: must be a list of whole numbers or `cores`.*got \\['all'\\]"),
        ("iters: many", "run.yaml: iters: must be a whole number of iterations, got 'many'"),
        ("- 1", "run.yaml: must be a mapping of collectives, .*, got list"),
        ("a: [", "run.yaml: must be YAML, got"),
    ],
)
def test_bad_files_are_named_with_key_rule_and_value(tmp_path, text, message):
    with pytest.raises(InputError, match=message) as caught:
        load(written(tmp_path, text))
    assert "\n" not in str(caught.value)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(InputError, match=r"run: cannot read .*none.yaml: No such file"):
        load(tmp_path / "none.yaml")


def test_a_backend_without_world_sizes(tmp_path):
    run = load(written(tmp_path, "backends: [gloo, mpi]\nworld_sizes: {gloo: [1]}\n"))
    with pytest.raises(InputError, match="world_sizes: must name every backend of the run, got none for mpi"):
        jobs(run, "gloo", 1, 1)
