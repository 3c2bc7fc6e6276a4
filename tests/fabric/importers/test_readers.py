"""perftest, all_reduce_bench, DeepSpeed and NCCL Inspector as results; NCCL's log and nvidia-smi's matrix as context."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import samples

from fabric.importers import nccl_debug, topo_matrix
from fabric.importers.catalog import context, imported
from fabric.importers.results import Given
from topologies.errors import InputError


def doubts(found):
    return [(f.severity, f.row, f.text) for f in found.findings if f.severity != "note"]


# perftest


@pytest.mark.parametrize("unit", ["Gb/sec", "MB/sec", "MiB/sec"])
@pytest.mark.parametrize("depth", [None, 128, 256])
def test_a_bandwidth_of_perftest_is_one_message_of_a_window(unit, depth):
    found = imported(samples.perftest(unit=unit, depth=depth), "f", given=Given(nodes=2))
    assert [r.case.nbytes for r in found.results] == [2, 65536, 8388608]
    assert [r.time for r in found.results] == pytest.approx(
        [samples.microseconds(s) * 1e-6 for s in (2, 65536, 8388608)], rel=1e-3
    )
    assert {(r.case.collective, r.case.world_size, r.algorithm, r.case.params["window"]) for r in found.results} == {
        ("bandwidth", 2, "rdma_write", float(depth or 128))
    }
    assert {r.context["window_stated"] for r in found.results} == {depth is not None}
    assert found.results[0].context["device"] == "mlx5_0"
    assert doubts(found) == []


def test_both_directions_are_bibandwidth_whose_busbw_is_what_was_printed():
    one, both = (imported(samples.perftest(test, "Gb/sec"), "f").results for test in ("Send BW", "Send Bidirectional BW"))
    assert {(r.case.collective, r.algorithm) for r in both} == {("bibandwidth", "send")}
    assert [r.busbw for r in both] == pytest.approx([r.busbw for r in one])


def test_latencies_are_half_round_trips_except_those_of_reads():
    found = imported(samples.perftest("Send Latency"), "f")
    assert [r.time for r in found.results] == pytest.approx(
        [1.01e-6 * samples.microseconds(s) for s in (2, 65536, 8388608)], rel=1e-3
    )
    assert {r.case.collective for r in found.results} == {"latency"}
    assert found.results[0].context["p99_seconds"] == pytest.approx(1.5e-6 * samples.microseconds(2), rel=1e-3)
    with pytest.raises(InputError, match="left out: a latency of `RDMA_Read`, which need not be half a round trip"):
        imported(samples.perftest("RDMA_Read Latency"), "f")


def test_a_rate_that_contradicts_the_message_rate_is_left_out():
    lines = samples.perftest().splitlines()
    at = next(i for i, line in enumerate(lines) if line.startswith(" 65536"))
    cells = lines[at].split()
    lines[at] = f" {cells[0]}    {cells[1]}   0.00    {2 * float(cells[3]):.2f}   {cells[4]}"
    found = imported("\n".join(lines) + "\n", "f")
    assert [r.case.nbytes for r in found.results] == [2, 8388608]
    assert [row for _, row, _ in doubts(found)] == [at + 1]


# all_reduce_bench


@pytest.mark.parametrize("ranks", [4, 16])
@pytest.mark.parametrize("unit", ["iB", "B"])
def test_a_payload_over_its_algbw_is_the_time(ranks, unit):
    found = imported(samples.bench(ranks, unit=unit), "f")
    assert [r.case.nbytes for r in found.results] == [32768, 1048576, 2**30]
    assert [r.time for r in found.results[1:]] == pytest.approx(
        [samples.microseconds(s) * 1e-6 for s in (1048576, 2**30)], rel=1e-2
    )
    assert {(r.case.world_size, r.case.in_place, r.case.dtype) for r in found.results} == {(ranks, True, "f32")}
    assert doubts(found) == []
    unsaid = imported(samples.bench(ranks, said=False), "f")
    assert {r.case.world_size for r in unsaid.results} == {ranks}
    assert "inferred from busbw / algbw" in doubts(unsaid)[0][2]


def test_a_row_without_its_last_bar_is_cut():
    cut = samples.bench().rstrip()[:-1]
    found = imported(cut, "f")
    assert [r.case.nbytes for r in found.results] == [32768, 1048576]
    assert len(doubts(found)) == 1
    assert [r.case.nbytes for r in imported(cut + "|", "f").results] == [32768, 1048576, 2**30]


# DeepSpeed


def test_the_communication_loggers_averages_are_read_where_its_sizes_are_s():
    found = imported(samples.deepspeed(), "f", given=Given(ranks=16, nodes=2))
    assert [(r.case.collective, r.case.nbytes, r.time) for r in found.results] == [
        ("all_reduce", 50 * 2**20, pytest.approx(6.61e-3)),
        ("all_reduce", 2048, pytest.approx(6.61e-3)),
        ("broadcast", int(98.25 * 2**20), pytest.approx(6.61e-3)),
    ]
    assert found.results[0].context["size_hidden_bytes"] == pytest.approx(0.05 * 2**20)
    assert found.results[2].context["caller"] == "_broadcast_model"
    assert any("left out: `all_gather_into_tensor`" in f.text for f in found.left_out)
    with pytest.raises(InputError, match="does not say how many ranks took part"):
        imported(samples.deepspeed(), "f")


# NCCL Inspector


def test_records_of_one_rank_are_samples_and_part_sizes_become_s():
    found = imported(samples.inspector(), "f")
    assert [(r.case.collective, r.case.nbytes, r.case.world_size, r.case.nodes) for r in found.results] == [
        ("all_reduce", 2**24, 8, 2),
        ("reduce_scatter", 2**24, 8, 2),
    ]
    assert {(r.statistic, len(r.seconds), r.context["over_ranks"]) for r in found.results} == {("raw", 12, "ranks 3 of 8")}
    assert all(r.bracket for r in found.results)
    every = imported(samples.inspector(seen=range(8)), "f").results
    assert {r.context["over_ranks"] for r in every} == {"max"}
    assert all(slow.time >= one.time for slow, one in zip(every, found.results, strict=True))


def test_a_record_whose_size_its_bandwidth_does_not_mean_is_left_out():
    spoilt = samples.inspector(3).replace('"coll_msg_size_bytes":16777216', '"coll_msg_size_bytes":15777216', 1)
    found = imported(spoilt, "f")
    assert {r.case.collective: len(r.seconds) for r in found.results} == {"all_reduce": 2, "reduce_scatter": 3}
    assert [row for _, row, _ in doubts(found)] == [1]
    cut = imported(samples.inspector(3)[:-40], "f")
    assert [len(r.seconds) for r in cut.results] == [3, 2]
    assert "cut" in doubts(cut)[0][2]


# context

DEBUG = """\
hostA:25:25 [0] NCCL INFO NCCL version 2.21.5+cuda12.4
hostA:25:30 [0] NCCL INFO NET/IB : Using [0]mlx5_0:1/IB [1]mlx5_3:1/RoCE [RO]; OOB eth0:10.0.0.1<0>
hostB:26:31 [0] NCCL INFO NET/IB : Using [0]mlx5_1:1/IB ; OOB eth0:10.0.0.2<0>
hostA:25:30 [0] NCCL INFO comm 0x1 rank 0 nRanks 2 nNodes 2 localRanks 1 localRank 0 MNNVL 0
hostA:25:30 [0] NCCL INFO Channel 00/02 :    0   1
hostA:25:30 [0] NCCL INFO Channel 01/02 :    0   1
hostA:25:30 [0] NCCL INFO Trees [0] 1/-1/-1->0->-1 [1] -1/-1/-1->0->1
hostB:26:31 [0] NCCL INFO Trees [0] -1/-1/-1->1->0 [1] 0/-1/-1->1->-1
hostA:25:30 [0] NCCL INFO Channel 00/0 : 1[0] -> 0[0] [receive] via NET/IB/1/GDRDMA
hostA:25:30 [0] NCCL INFO Channel 00/0 : 0[0] -> 1[0] [send] via NET/IB/0/GDRDMA
hostB:26:31 [0] NCCL INFO Channel 00/0 : 1[0] -> 0[0] [send] via NET/IB/0
hostA:25:30 [0] NCCL INFO 2 coll channels, 0 collnet channels, 0 nvls channels, 2 p2p channels, 2 p2p channels per peer
"""


def test_nccls_log_is_context_as_far_as_it_is_certain():
    said = nccl_debug.context(DEBUG)
    assert (said["version"], said["ranks"], said["nodes"], said["channels"]) == ("2.21.5+cuda12.4", 2, 2, 2)
    assert said["rings"] == {"00": [0, 1], "01": [0, 1]}
    assert said["tree_parents"] == {"0": {"0": -1, "1": 0}, "1": {"0": 1, "1": -1}}
    assert said["transports"] == {"NET/IB": 1, "NET/IB/GDRDMA": 2}
    assert said["nic_of_rank"] == {"0": ["mlx5_0", "mlx5_3"], "1": ["mlx5_1"]}
    other = (
        DEBUG
        + "hostA:25:40 [0] NCCL INFO comm 0x2 rank 0 nRanks 4 nNodes 1 localRanks 4\n"
        + DEBUG.splitlines()[4].replace("0   1", "1   0")
    )
    assert {"ranks", "nodes", "rings"} & set(nccl_debug.context(other)) == set()
    assert nccl_debug.context("hello\n") == {}


def test_the_log_around_a_table_is_its_results_context():
    lines = samples.nccl(2, 2).splitlines()
    found = imported("\n".join([*lines[:8], *DEBUG.splitlines(), *lines[8:]]) + "\n", "f")
    assert {r.context["nccl_debug"]["ranks"] for r in found.results} == {2}
    assert doubts(found) == []
    with pytest.raises(InputError, match="f: holds NCCL's own log and no times; give it beside a log with --context"):
        imported(DEBUG, "f")


MATRIX = """\
\tGPU0\tGPU1\tNIC0\tNIC1\tCPU Affinity\tNUMA Affinity
GPU0\t X \tNV18\tPIX\tSYS\t0-47\t0
GPU1\tNV18\t X \tSYS\tNODE\t48-95\t1
NIC0\tPIX\tSYS\t X \tSYS\t\t
NIC1\tSYS\tNODE\tSYS\t X \t\t

Legend:

  X    = Self

NIC Legend:

  NIC0: mlx5_0
  NIC1: mlx5_1
"""


def test_the_matrix_says_which_nic_is_near():
    assert context(MATRIX)["topo_matrix"]["gpu_nic"] == {
        "GPU0": {"mlx5_0": "PIX", "mlx5_1": "SYS"},
        "GPU1": {"mlx5_0": "SYS", "mlx5_1": "NODE"},
    }
    assert context(MATRIX)["topo_matrix"]["nearest_nic"] == {"GPU0": ["mlx5_0"], "GPU1": ["mlx5_1"]}
    assert context(MATRIX)["topo_matrix"]["gpu_links"] == ["NV18"]
    found = imported(samples.bench(), "f", beside=context(MATRIX))
    assert found.results[0].context["topo_matrix"]["nearest_nic"]["GPU0"] == ["mlx5_0"]


@pytest.mark.parametrize("cut", range(60, MATRIX.index("Legend") - 2, 5))
def test_a_matrix_that_was_cut_is_none(cut):
    assert topo_matrix.read(MATRIX[:cut]) is None or "NIC1\tSYS\tNODE\tSYS\t X" in MATRIX[:cut]
