import sys

import pytest

from fabric.measure.host.machine import physical_cores, usable_cores
from fabric.measure.launch import start
from topologies.errors import InputError


def test_gloo_starts_under_torchrun():
    line = start.command_line("gloo", 3, ["measure", "--min", "8"])
    assert line[:6] == [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "3"]
    assert line[6:] == ["-m", "fabric", "measure", "--min", "8"]


def test_mpi_oversubscribes_only_beyond_the_cores():
    pytest.importorskip("mpi4py", reason="mpi4py is not installed")
    many = len(usable_cores()) + 1
    assert not {"--oversubscribe"} & set(start.command_line("mpi", physical_cores(), []))
    line = start.command_line("mpi", many, [])
    assert line[1:3] == ["-n", str(many)]
    assert {"--oversubscribe", "none"} & set(line)


def test_ranks_may_start_as_root_with_one_thread_from_these_sources():
    found = start.environment()
    assert found["OMPI_ALLOW_RUN_AS_ROOT"] == found["OMPI_ALLOW_RUN_AS_ROOT_CONFIRM"] == found["OMP_NUM_THREADS"] == "1"
    assert found["PYTHONPATH"].split(":")[0].endswith(str(start.Path(start.__file__).parents[3]))


def test_more_ranks_than_eight_a_core_are_refused_with_the_reason_unless_forced(monkeypatch):
    monkeypatch.setattr(start, "usable_cores", lambda: [0, 1])
    start.check_crowd(16)
    start.check_crowd(64, force=True)
    with pytest.raises(InputError, match=r"ranks: must be at most 16 on 2 cores, 8 a core, got 64: .* --force insists"):
        start.check_crowd(64)


def test_root_is_told_what_to_set_until_it_is_set(monkeypatch):
    monkeypatch.setattr(start.os, "geteuid", lambda: 0)
    for word in start.AS_ROOT.split():
        assert f"`export {start.AS_ROOT}`" in start.as_root()
        monkeypatch.setenv(*word.split("="))
    assert start.as_root() == ""
    monkeypatch.setattr(start.os, "geteuid", lambda: 1000)
    monkeypatch.delenv("OMPI_ALLOW_RUN_AS_ROOT")
    assert start.as_root() == ""
