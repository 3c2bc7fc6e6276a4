"""Kinds of logs that the field hands in, rewritten small, each with its right outcome; and the shared folder's own files."""

import os
import re
import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))

import samples

from fabric.importers.catalog import imported, load
from fabric.importers.results import Given
from topologies.errors import InputError

DATA = Path(os.environ.get("FABRICBENCH_DATA", Path(__file__).parents[4] / "shared" / "data"))
HEAD = "#       size         count      type   redop    root     time   algbw   busbw #wrong     time   algbw   busbw #wrong"
UNITS = "#        (B)    (elements)                               (us)  (GB/s)  (GB/s)            (us)  (GB/s)  (GB/s)"
TWO = [
    "# Collective test starting: all_reduce_perf",
    "#  Rank  0 Group  0 Pid     25 on hostA device  0 [0x53] GPU",
    "#  Rank  1 Group  0 Pid     26 on hostA device  1 [0x64] GPU",
    HEAD,
    UNITS,
]
ROWS = [
    "     1048576        262144     float     sum      -1    20.00   52.43   52.43      0    21.00   49.93   49.93      0",
    "     2097152        524288     float     sum      -1    30.00   69.91   69.91      0    30.50   68.76   68.76      0",
]


def read(*lines, **given):
    return imported("\n".join(lines) + "\n", "f.log", given=Given(**given))


def doubts(found):
    return [(f.severity, f.row, f.text) for f in found.findings if f.severity != "note"]


def seconds(found):
    return [round(r.time * 1e6, 9) for r in found.results]


# printed precision


def test_a_time_of_ten_seconds_has_two_digits_and_is_no_error():
    rows = [
        "  1073741824    134217728    double     sum      -1   160344    6.70    6.70       0   212998    5.04    5.04     N/A",
        " 17179869184    2147483648    double    sum      -1  1.6e+07    1.09    1.09       0  1.7e+07    1.03    1.03     N/A",
    ]
    found = read(*(line.replace("all_reduce", "sendrecv") for line in TWO), *rows)
    assert doubts(found) == []
    assert seconds(found) == [160344, 212998, 1.6e7, 1.7e7]


def test_a_wrong_bandwidth_is_still_one_beside_a_time_of_two_digits():
    found = read(*TWO, *ROWS, ROWS[1].replace("2097152", "4194304"))
    assert [(severity, row) for severity, row, _ in doubts(found)] == [("error", 8), ("error", 8)]


def test_listed_ranks_are_wrong_only_outside_what_was_printed():
    lines = samples.nccl(32, 8, perf="alltoall_perf", factor=31 / 32).splitlines()
    coarse = [
        "     1048576          8192     float    none      -1   1105.3    0.95    0.92      0   1107.4    0.95    0.92    N/A",
        "     2097152         16384     float    none      -1   2130.9    0.98    0.95      0   2109.2    0.99    0.96    N/A",
        "     4194304         32768     float    none      -1   3516.1    1.19    1.16      0   3574.0    1.17    1.14    N/A",
    ]
    head = [line for line in lines if line.startswith("#")][:-4]
    assert doubts(read(*head, *coarse)) == []
    halved = [row.replace("0.95    0.92 ", "0.95    0.48 ").replace("0.98    0.95 ", "0.98    0.49 ") for row in coarse]
    halved = [row.replace("1.19    1.16 ", "1.19    0.60 ") for row in halved]
    (error,) = [text for severity, _, text in doubts(read(*head, *halved)) if severity == "error"]
    assert error == "ranks: 32 stated, busbw / algbw means 2"


NO_LIST = [
    "#       size         count      type   redop     time   algbw   busbw  #wrong",
    "#        (B)    (elements)                        (us)  (GB/s)  (GB/s)",
    "  8589934592    2147483648     float     sum    47850   179.52  358.33       0",
    "  8589934592    2147483648     float     sum   100855    85.17  170.01       0",
]


@pytest.mark.parametrize(
    ("command", "nodes"),
    [
        ("$ mpirun -np 512 --map-by ppr:8:node /opt/build/all_reduce_perf -b 8G -e 8G -g 1 -n 20", 64),
        ("+ srun -N 64 --ntasks-per-node=8 ./all_reduce_perf_mpi -n 20 -N 1", 64),
        ("mpirun -np 64 -npernode 1 ./all_reduce_perf -g 8", 64),
        ("mpirun -np 512 \\\n  -x NCCL_DEBUG=INFO \\\n  ./all_reduce_perf -b 8G", 1),
    ],
)
def test_ranks_that_no_list_states_come_from_the_command_line(command, nodes):
    found = read(command, *NO_LIST)
    assert {(r.case.world_size, r.case.nodes) for r in found.results} == {(512, nodes)}


def test_ranks_that_nothing_states_are_a_range_and_asked_for():
    asked = r"f.log:2: the file does not list its ranks, busbw / algbw means \d+ to \d+; give --ranks N"
    with pytest.raises(InputError, match=asked) as refused:
        read("$ ./all_reduce_perf -b 8G", *NO_LIST)
    low, high = (int(number) for number in re.findall(r"means (\d+) to (\d+)", str(refused.value))[0])
    assert low < 512 < high
    assert {r.case.world_size for r in read("$ ./all_reduce_perf -b 8G", *NO_LIST, ranks=500).results} == {500}
    with pytest.raises(InputError, match=rf"means {low} to {high}, the log's 8 are not among them"):
        read("$ mpirun -np 8 ./all_reduce_perf -b 8G", *NO_LIST)
    said = "hostA:25:25 [0] NCCL INFO comm 0x1 rank 0 nranks 504 cudaDev 0 - Init COMPLETE"
    assert {r.case.world_size for r in read("$ ./all_reduce_perf -b 8G", said, *NO_LIST).results} == {504}


@pytest.mark.parametrize("ranks", [2, 3, 8, 16, 31])
def test_ranks_inferred_are_those_that_printed_it(ranks):
    unlisted = "\n".join(line for line in samples.nccl(ranks).splitlines() if "Rank" not in line)
    assert {r.case.world_size for r in imported(unlisted, "f").results} == {ranks}


def test_an_empty_half_is_not_computed():
    rows = [row[:-33] + "     0.00    0.00    0.00     N/A" for row in samples.nccl_rows(1.75)]
    found = read(*samples.nccl_head(8), *rows)
    assert doubts(found) == []
    assert {r.case.in_place for r in found.results} == {False}
    assert any(f.text == "in place: not measured, every time is 0" for f in found.findings)


# noise

PREFIXES = [
    "[0] ",
    "> ",
    "[prterun-hostA-123@1,0]<stdout>: ",
    "[1,0]<stdout>:",
    "[pod/launcher-abc/mpi] ",
    "[2026-01-02T03:04:{:02d}.678Z] ",
    "2026-01-02T03:04:{:02d}.1234567Z stdout F ",
    "00:55:{:02d}  ",
    "Jan {:2d} 03:04:05 hostA app[77]: ",
    "[default0]:",
    "node07: ",
    "launcher-1  | ",
    "    ",
    "{:5d}\t",
    " 0: ",
    "INFO 2026-01-02 03:04:05,{:03d} [run.py:12] ",
    "\x1b[32m",
]
TOOLS = {
    "nccl-tests": samples.nccl(),
    "osu": samples.osu(),
    "imb": samples.imb(("Allreduce", 4, [4, 1024])),
    "hccl_test": samples.hccl(),
}


@pytest.mark.parametrize("tool", TOOLS)
@pytest.mark.parametrize("prefix", PREFIXES)
def test_any_constant_or_patterned_prefix_is_taken_off(tool, prefix):
    given = Given(ranks=8) if tool in ("osu", "hccl_test") else Given()
    plain = imported(TOOLS[tool], "f", given=given)
    # The lines of a second process, which have a prefix of their own form, are noise.
    lines = [prefix.format(1 + i % 50) + line for i, line in enumerate(TOOLS[tool].splitlines())]
    noisy = [part for line in lines for part in (line, "hostB [4]: 17 warnings from a worker")]
    for text in ("\n".join(lines) + "\n", "\n".join(noisy) + "\n"):
        found = imported(text, "f", given=given)
        assert [(r.case, r.seconds) for r in found.results] == [(r.case, r.seconds) for r in plain.results]
        assert doubts(found) == doubts(plain)


def test_a_tag_inside_a_row_is_taken_off_unless_it_may_stand_in_a_number():
    tag = "[1,0]<stdout>:"
    inside = (
        ROWS[0].replace("      -1    20.00", f"      -1{tag}    20.00").replace("      0    21.00", f"      0{tag}    21.00")
    )
    assert seconds(read(*(tag + line for line in [*TWO, inside, ROWS[1]]))) == [20, 21, 30, 30.5]
    split = ROWS[0].replace("20.00", f"20.{tag}00")
    found = read(*(tag + line for line in [*TWO, split, ROWS[1]]))
    assert seconds(found) == [30, 30.5]
    assert [f.row for f in found.findings] == [6]


LOG = "hostA:25:25 [0] NCCL INFO 1048576 Bytes -> Algo 1 proto 2 time 25.2"


def test_a_row_that_a_log_line_split_is_joined_where_it_proves_itself():
    head, tail = ROWS[0][:52], ROWS[0][52:]
    found = read(*TWO, head + LOG, LOG, tail, ROWS[1])
    assert seconds(found) == [20, 21, 30, 30.5]
    assert [(f.severity, f.row) for f in found.findings] == [("note", 6)]
    for spoilt in ([head + LOG, LOG, ROWS[1][52:]], [ROWS[0][:58] + LOG, ROWS[0][58:]]):
        found = read(*TWO, *spoilt, ROWS[1])
        assert seconds(found) == [30, 30.5], spoilt
        assert [(severity, row) for severity, row, _ in doubts(found)][:1] == [("warning", 6)]


def test_a_row_after_a_host_whose_name_may_begin_with_its_last_digit_is_left_out():
    listed = [TWO[0], TWO[1].replace("hostA", "9hostA"), TWO[2].replace("hostA", "9hostA"), HEAD]
    glued = ROWS[0][:52] + LOG.replace("hostA", "9hostA")
    found = read(*listed, glued, LOG, ROWS[0][52:], ROWS[1])
    assert seconds(found) == [30, 30.5]


def test_a_table_whose_hashes_were_lost_or_escaped_is_read():
    bare = [line.lstrip("#").replace("#wrong", "wrong") for line in [*TWO, *ROWS]]
    escaped = ["\\" + line if line.startswith("#") else line for line in [*TWO, *ROWS]]
    assert seconds(read(*bare)) == seconds(read(*escaped)) == [20, 21, 30, 30.5]
    assert {r.case.world_size for r in read(*bare).results} == {2}


@pytest.mark.parametrize(
    "noise", ["238  UCX  ERROR   shm_open(file_name=/ucx_shm flags=0x0) failed", "7", "12 3 4 workers", "5 processes left"]
)
def test_a_line_that_begins_with_a_number_is_no_row(noise):
    given = {"ranks": 4}
    text = ["# OSU MPI Allreduce Latency Test v5.8", "# Size       Avg Latency(us)", "4    10.39", noise, "8     7.95"]
    found = read(*text, **given)
    assert seconds(found) == [10.39, 7.95]
    assert [f.row for f in found.left_out] == [4]


# columns, ranks, runs


def test_a_blank_redop_is_a_column():
    header = ["#   Rank  0 Pid 1001 on hostA device  0 [0x00] GPU", "#   Rank  1 Pid 1001 on hostA device  1 [0x00] GPU"]
    header += ["#       size         count    type   redop     time   algbw   busbw  error     time   algbw   busbw  error"]
    row = "     1048576        131072   float            20.00   52.43   26.21    N/A    21.00   49.93   24.97    N/A"
    found = read(*header, row, collective="all_to_all")
    assert (seconds(found), {r.case.op for r in found.results}, doubts(found)) == ([20, 21], {"sum"}, [])


def test_columns_of_iterations_are_kept_beside_the_mean():
    wide = HEAD.replace("#wrong", "#wrong    i_min    i_max    i_p99    i_cv%")
    row = "1048576 262144 float sum -1 20.00 52.43 52.43 0 18.00 40.00 39.00 20.00 21.00 49.93 49.93 0 19.00 41.00 40.00 21.00"
    first = read(*TWO[:3], wide, row).results[0]
    assert (first.context["min_seconds"], first.context["max_seconds"]) == (pytest.approx(18e-6), pytest.approx(40e-6))


def test_given_ranks_are_for_tables_that_state_none():
    text = ["# OSU MPI Latency Test v5.8", "# Size   Latency (us)", "8   1.60", "# OSU MPI Allreduce Latency Test v5.8"]
    text += ["# Size   Avg Latency(us)", "8    7.95"]
    assert [r.case.world_size for r in read(*text, ranks=6).results] == [2, 6]
    alone = read(*text)
    assert [r.case.world_size for r in alone.results] == [2]
    assert doubts(alone) == [("warning", 4, "left out: the file does not say how many ranks took part; give --ranks N")]


def test_a_list_with_gaps_is_incomplete():
    listed = [
        TWO[0],
        "#  Rank  0 Group  0 Pid   1000 on node00 device  0 [0x01] GPU",
        "#  Rank  1 Group  0 Pid   1001 on node00 device  1 [0x02] GPU",
        "# ...",
        "#  Rank 127 Group  0 Pid  1127 on node31 device  3 [0x01] GPU",
        HEAD,
        " 17179869184    4294967296     float     sum      -1    42067  408.40  810.41      0    41557  413.41  820.36      0",
    ]
    for given in ({}, {"ranks": 128}):
        assert {(r.case.world_size, r.case.nodes) for r in read(*listed, **given).results} == {(128, 32)}
    with pytest.raises(InputError, match="ranks: the file lists rank 127, got --ranks 64"):
        read(*listed, ranks=64)


def test_two_runs_in_one_stream_are_refused_by_name():
    second = [line.replace("hostA", "hostB") for line in TWO[1:3]]
    with pytest.raises(InputError, match=r"2 runs side by side in one stream \(rank 0 listed twice\); built without MPI\?"):
        read(*TWO[:3], *second, HEAD, *ROWS)
    with pytest.raises(InputError, match="side by side in one stream"):
        read(*TWO, HEAD, *ROWS)
    assert (
        "sizes rise and fall"
        in doubts(
            read(
                *samples.nccl().splitlines(),
                *TWO,
                *ROWS,
                *ROWS,
                ROWS[0].replace("1048576        262144", "      4             1"),
            )
        )[0][2]
    )


def test_runs_whose_prefixes_tell_them_apart_are_separated():
    one, other = samples.nccl(8).splitlines(), samples.nccl(16, 2, seed=5).splitlines()
    mixed = [
        part
        for a, b in zip(one, [*other[:8], *other[16:]], strict=False)
        for part in (f"[1,0]<stdout>:{a}", f"[1,1]<stdout>:{b}")
    ]
    mixed += [f"[1,1]<stdout>:{line}" for line in other[8:16]]
    assert len(imported("\n".join(mixed), "f").tables) == 2
    woven = [
        f"{i % 2}: {part}"
        for pair in zip(one, samples.nccl(8, seed=5).splitlines(), strict=True)
        for i, part in enumerate(pair)
    ]
    a, b = imported("\n".join(woven), "f").tables
    assert [r.seconds for r in a.results] == [r.seconds for r in imported(samples.nccl(8), "f").results]
    assert [r.seconds for r in b.results] == [r.seconds for r in imported(samples.nccl(8, seed=5), "f").results]


def test_a_world_of_one_communicated_nothing():
    with pytest.raises(InputError, match="left out: one rank alone, nothing was communicated; was the benchmark built without"):
        imported(samples.nccl(1), "f")
    with pytest.raises(InputError, match="nothing was communicated"):
        imported(samples.osu(), "f", given=Given(ranks=1))


SAMPLED = """{"version":1,"args":["./all_reduce_perf","-I","1"],"config":{"nthreads":1,"ngpus":2,"iterations":12,"devices":[
{"rank":0,"group":0,"hostname":"hostA"},{"rank":1,"group":0,"hostname":"hostA"}]},"results":[
{"size":1048576,"type":"float","redop":"sum","root":"    -1","out_of_place":
{"time":20.0,"alg_bw":52.4288,"bus_bw":52.4288,"nwrong":0},"out_of_place_per_iter":{"skipped_iterations":1,"times_us":[99.0,18.0,18.5,19.0,19.5,20.0,20.5,21.0,21.5,22.0,23.0,26.0]}},
{"size":2097152,"type":"float","redop":"sum","root":"-1","out_of_place":{"time":30.0,"alg_bw":69.91,"bus_bw":69.91,"nwrong":0}}
]}"""


def test_samples_of_iterations_are_raw_with_an_interval():
    raw, mean = imported(SAMPLED, "f").results
    assert (raw.statistic, len(raw.seconds), raw.time) == ("raw", 11, pytest.approx(20.5e-6))
    assert raw.bracket is not None
    assert raw.bracket[0] <= raw.time <= raw.bracket[1]
    assert (mean.statistic, mean.seconds, mean.bracket) == ("mean", (pytest.approx(30e-6),), None)


@pytest.mark.parametrize("cut", range(300, len(SAMPLED), 7))
def test_json_that_was_cut_gives_its_whole_results(cut):
    whole = {(r.case, r.seconds) for r in imported(SAMPLED, "f").results}
    try:
        found = imported(SAMPLED[:cut], "f")
    except InputError:
        assert cut < SAMPLED.index('{"size":2097152')
    else:
        assert {(r.case, r.seconds) for r in found.results} <= whole
        assert any("the file ends inside a result" in f.text for f in found.findings) or cut >= SAMPLED.rindex("}") - 3


# the shared folder

OUTCOMES = {
    "M1_time_exponent.txt": ({}, 2, 6),
    "M2_coarse_ratio.txt": ({}, 32, 12),
    "M3_inferred_512.txt": ({}, 512, 3),
    "M4_tag_inside.txt": ({}, 2, 4),
    "M5_osu_mixed.txt": ({"ranks": 8}, None, 5),
    "M6_alltoall_blank_redop.txt": ({"collective": "all_to_all"}, 2, 4),
    "M7_ranks_elided.txt": ({"ranks": 128}, 128, 6),
    "M12_split_row.txt": ({}, 2, 4),
    "M13_hash_lost.txt": ({}, 16, 6),
    "M14_number_first_noise.txt": ({"ranks": 4}, 4, 3),
    "M16_per_iter_samples.json": ({}, 2, 2),
    **{f"M11_prefix_{i}.txt": ({}, 2, 6) for i in (1, 2, 3, 5, 6, 8, 9, 10)},
}


@pytest.mark.skipif(not (DATA / "field").is_dir(), reason="the shared data folder is absent: set FABRICBENCH_DATA")
@pytest.mark.parametrize("name", OUTCOMES)
def test_the_shared_logs_have_their_right_outcomes(name):
    given, ranks, count = OUTCOMES[name]
    found = imported(load(DATA / "field" / "logs" / name), name, given=Given(**given))
    assert len(found.results) == count
    assert ranks is None or {r.case.world_size for r in found.results} == {ranks}
    assert not any(f.severity == "error" for f in found.findings)
    assert all(np.isfinite(r.time) for r in found.results)


@pytest.mark.skipif(not (DATA / "field").is_dir(), reason="the shared data folder is absent: set FABRICBENCH_DATA")
def test_the_shared_folders_two_jobs_are_refused():
    with pytest.raises(InputError, match="2 runs side by side"):
        imported(load(DATA / "field" / "logs" / "M9_two_jobs_interleaved.txt"), "f")
