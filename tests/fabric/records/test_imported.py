from dataclasses import replace

import pytest

from fabric.records.case import Case
from fabric.records.imported import library_of, of_library, refused, usable
from fabric.records.result import Result
from topologies.errors import InputError

OURS = Result(Case("all_reduce", 8, 2, 1, 2), "gloo", (1.0, 2.0))
OSU = replace(OURS, source="import:osu", statistic="mean", seconds=(1.0,))
BAD = replace(OSU, context={"screened_errors": ["algbw is not size / time"]})


@pytest.mark.parametrize(
    ("source", "library"),
    [
        ("gloo", "gloo"),
        ("mpi:openmpi", "mpi:openmpi"),
        ("import:nccl-tests", "nccl"),
        ("import:rccl-tests", "nccl"),
        ("import:hccl_test", "hccl"),
        ("import:imb:mpi:mpich", "mpi:mpich"),
    ],
)
def test_the_library_behind_a_source(source, library):
    assert library_of(source) == library


def test_a_tool_that_times_any_mpi_must_be_told_which():
    with pytest.raises(InputError, match="library: osu does not say which library it timed; name it"):
        library_of(OSU.source)
    nccl = replace(OSU, source="import:nccl-tests")
    named = of_library([OURS, OSU, nccl], "mpi:mpich")
    assert [r.source for r in named] == ["gloo", "import:osu:mpi:mpich", "import:nccl-tests"]
    assert of_library(named, "mpi:openmpi") == named, "what is said stays"
    assert of_library([OSU], None) == [OSU]


def test_imported_results_are_measured_and_models_are_not():
    assert OSU.measured
    assert OURS.measured
    assert not replace(OURS, source="model:closed").measured
    assert not replace(OURS, source="paper:x").measured


def test_what_screening_found_in_error_is_left_out_and_counted():
    assert refused(OURS) is None
    assert refused(BAD) == "algbw is not size / time"
    assert usable([OURS, OSU]) == ([OURS, OSU], None)
    kept, line = usable([OURS, BAD, BAD])
    assert kept == [OURS]
    assert line == "2 imported results left out, screening found errors: algbw is not size / time"
