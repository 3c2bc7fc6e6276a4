"""Kernels that are kept on disk are fresh only while no file that they are made of has changed."""

import shutil

import pytest
from numba.core.registry import CPUDispatcher

from fabric.predict.flows import solver_events, solver_moving, solver_ranks
from fabric.predict.flows.compiled import HERE, stamp


@pytest.mark.parametrize("module", [solver_events, solver_moving, solver_ranks])
def test_solvers_are_kept_under_the_stamp_of_all_files(module):
    own = [one for one in vars(module).values() if isinstance(one, CPUDispatcher) and one.py_func.__module__ == module.__name__]
    assert own
    assert {one._cache._cache_file._source_stamp for one in own} == {stamp()}


def test_a_change_in_a_file_that_solvers_call_changes_the_stamp(tmp_path):
    copy = shutil.copytree(HERE, tmp_path / "flows", ignore=shutil.ignore_patterns("__pycache__"))
    assert stamp(copy) == stamp()
    stamp.cache_clear()
    kernels = copy / "kernels.py"
    kernels.write_text(kernels.read_text() + "\nANOTHER = 1\n")
    assert stamp(copy) != stamp()
