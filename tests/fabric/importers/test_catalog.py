import json
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parent))

import samples

from fabric.collectives.catalog import busbw_factor
from fabric.importers.catalog import imported, load, recognise
from fabric.importers.results import Given
from fabric.records.store import read
from topologies.errors import InputError


def doubts(found):
    return [f for f in found.findings if f.severity != "note"]


SAMPLES = {
    "nccl-tests": samples.nccl(),
    "rccl-tests": samples.nccl(tool="rccl", device="AMD Radeon Graphics"),
    "osu": samples.osu(),
    "imb": samples.imb(("Allreduce", 4, [4, 1024])),
    "hccl_test": samples.hccl(),
}


@pytest.mark.parametrize("tool", SAMPLES)
@pytest.mark.parametrize("prefix", ["", "[1,0]<stdout>:", "[1,0]<stdout>: ", "0: ", "\r"])
def test_the_tool_is_told_by_its_content_whatever_the_launcher_puts_before_a_line(tool, prefix):
    text = SAMPLES[tool]
    tagged = text.replace("\n", "\r\n") if prefix == "\r" else "\n".join(prefix + line for line in text.splitlines())
    assert recognise(tagged, "f") == tool
    found = imported(tagged, "f", given=None if tool in ("nccl-tests", "rccl-tests", "imb") else Given(ranks=8))
    plain = imported(text, "f", given=None if tool in ("nccl-tests", "rccl-tests", "imb") else Given(ranks=8))
    assert [(r.case, r.seconds) for r in found.results] == [(r.case, r.seconds) for r in plain.results]
    assert {r.source for r in found.results} == {f"import:{tool}"}
    assert {r.statistic for r in found.results} == {"mean"}
    assert doubts(found) == []


@given(st.text(max_size=300))
def test_any_text_is_read_or_refused_in_one_line(text):
    with pytest.raises(InputError, match=r"\Af: [^\n]*\Z"):
        imported(text, "f")


@example("nccl-tests", 1103, 24, "")  # the second half of the header without its bandwidths
@example("nccl-tests", 1111, 16, "")
@given(
    st.sampled_from(sorted(SAMPLES)), st.integers(0, 3000), st.integers(1, 40), st.sampled_from(["", "x", "|", " 7 ", "nan"])
)
def test_a_spoilt_file_is_read_or_refused_in_one_line_that_names_it(tool, start, length, instead):
    text = SAMPLES[tool]
    spoilt = text[:start] + instead + text[start + length :]
    try:
        found = imported(spoilt, "f.log", given=Given(ranks=8) if tool in ("osu", "hccl_test") else None)
    except InputError as error:
        assert "f.log" in str(error)  # noqa: PT017  # it may also be read
        assert "\n" not in str(error)  # noqa: PT017
    else:
        assert all(np.isfinite(r.time) and r.time > 0 for r in found.results)


def test_files_that_are_none_get_one_line(tmp_path):
    with pytest.raises(InputError, match=r"import: cannot read .*none: No such file"):
        load(tmp_path / "none")
    (tmp_path / "b").write_bytes(b"\x7fELF\0\0")
    with pytest.raises(InputError, match="must be a text file, got binary data"):
        load(tmp_path / "b")
    with pytest.raises(InputError, match=r"f: is no output of nccl-tests, rccl-tests, osu, imb, hccl_test"):
        imported("hello\n", "f")
    with pytest.raises(InputError, match=r"tool: must be auto or one of nccl-tests, .*, got 'nccl'"):
        imported("hello\n", "f", "nccl")
    with pytest.raises(InputError, match=r"f: holds output of osu and imb; name one with --tool"):
        imported(SAMPLES["osu"] + SAMPLES["imb"], "f")
    with pytest.raises(InputError, match="f: holds no result of osu that can be imported"):
        imported(SAMPLES["imb"], "f", "osu")


def test_two_tools_in_one_file_are_read_one_after_the_other():
    text = SAMPLES["osu"] + SAMPLES["imb"]
    assert len(imported(text, "f", "imb").results) == 2
    assert {r.case.world_size for r in imported(SAMPLES["osu"], "f", "osu", Given(ranks=6)).results} == {6}


def test_powershells_files_are_read(tmp_path):
    (tmp_path / "f").write_text(SAMPLES["nccl-tests"], encoding="utf-16")
    assert len(imported(load(tmp_path / "f"), "f").results) == 2 * len(samples.SIZES)


# nccl-tests


def test_a_table_of_nccl_tests_gives_its_times_ranks_nodes_and_context():
    found = imported(samples.nccl(16, 2), "dir/f.log")
    assert len(found.results) == 2 * len(samples.SIZES)
    first = found.results[0]
    assert first.time == pytest.approx(float(samples.printed(samples.microseconds(1024))) * 1e-6)
    assert (first.case.world_size, first.case.nodes, first.case.ranks_per_node) == (16, 2, 8)
    assert (first.case.in_place, found.results[1].case.in_place) == (False, True)
    assert (first.iterations, first.batch, first.wrong, first.barrier) == (20, 1, 0, "back_to_back")
    assert first.context["devices"] == ["NVIDIA H100"]
    assert first.context["tool_version"] == "2.17.6"
    assert first.context["file"] == "f.log"
    for result in found.results:
        assert result.busbw / 1e9 == pytest.approx(result.context["printed_gb_per_second"]["busbw"], rel=1e-2, abs=0.01)


@pytest.mark.parametrize(
    ("perf", "name"),
    [
        ("all_gather", "all_gather"),
        ("reduce_scatter", "reduce_scatter"),
        ("alltoall", "all_to_all"),
        ("broadcast", "broadcast"),
        ("reduce", "reduce"),
        ("gather", "gather"),
        ("scatter", "scatter"),
        ("sendrecv", "sendrecv"),
    ],
)
def test_every_collective_of_nccl_tests_is_named_and_passes_the_screening(perf, name):
    found = imported(samples.nccl(8, perf=f"{perf}_perf", factor=busbw_factor(name, 8)), "f")
    assert {r.case.collective for r in found.results} == {name}
    assert doubts(found) == []


def test_several_runs_in_one_file_keep_their_own_ranks_and_collectives():
    text = samples.nccl(8) + samples.nccl(16, 2, perf="all_gather_perf", factor=15 / 16)
    first, second = imported(text, "f").tables
    assert (first.collective, first.results[0].case.world_size) == ("all_reduce", 8)
    assert (second.collective, second.results[0].case.world_size, second.results[0].case.nodes) == ("all_gather", 16, 2)


def test_old_forms_without_version_root_or_group_are_read():
    lines = [line for line in samples.nccl(4).splitlines() if "version" not in line and "starting" not in line]
    text = "\n".join(lines).replace(" Group  0", "").replace("#wrong", "error").replace("    root", "").replace("      -1", "")
    found = imported("$ mpirun -np 4 ./build/all_reduce_perf -b 1K -e 1G -f 4\n" + text, "f")
    assert found.results[0].case.world_size == 4
    assert found.results[0].case.collective == "all_reduce"
    assert doubts(found) == []
    with pytest.raises(InputError, match=r"f:\d+: the file does not name the collective; give --collective all_reduce"):
        imported(text, "f")
    assert imported(text, "f", given=Given(collective="all_reduce")).results


def test_na_timestamps_roots_and_ranks_without_a_list():
    text = samples.nccl(8, wrong="N/A", root=3, perf="reduce_perf", factor=1).replace("#wrong\n", "#wrong  timestamp\n")
    rows = [line + "  2026-01-02 03:04:05" if line.rstrip().endswith("N/A") else line for line in text.splitlines()]
    result = imported("\n".join(rows), "f").results[0]
    assert (result.wrong, result.case.root, result.made_at) == (None, 3, "2026-01-02T03:04:05")
    unlisted = "\n".join(line for line in samples.nccl(8).splitlines() if "Rank" not in line)
    found = imported(unlisted, "f")
    assert found.results[0].case.world_size == 8
    assert "ranks: 8 inferred from busbw / algbw" in doubts(found)[0].text
    bare = "\n".join(line for line in samples.nccl(8, perf="sendrecv_perf", factor=1).splitlines() if "Rank" not in line)
    with pytest.raises(InputError, match=r"f:\d+: the file does not say how many ranks took part; give --ranks N"):
        imported(bare, "f")


def test_a_table_over_dtypes_and_a_replayed_trace_are_no_repeated_sizes():
    rows = samples.nccl_rows(1.75) + samples.nccl_rows(1.75, dtype="half") + samples.nccl_rows(1.75, dtype="fp8_e4m3")
    found = imported("\n".join([*samples.nccl_head(8), *rows]), "f")
    assert {r.case.dtype for r in found.results} == {"f32", "f16"}
    assert doubts(found) == []
    assert any("left out: rows of dtype fp8_e4m3" in f.text for f in found.findings)
    replayed = [row[: 12 + 2 + 12 + 2 + 8 + 2 + 6 + 2 + 6] + 32 * " " + row[-33:] for row in samples.nccl_rows(1.75)]
    assert {r.case.in_place for r in imported("\n".join([*samples.nccl_head(8), *replayed]), "f").results} == {True}


def test_zero_bytes_and_cpu_times_are_left_out():
    zero = [samples.nccl_rows(1.75, sizes=[1024])[0].replace("1024", "   0", 1)] * 3
    found = imported("\n".join([*samples.nccl_head(8), *zero, *samples.nccl_rows(1.75)]), "f")
    assert len(found.results) == 2 * len(samples.SIZES)
    assert doubts(found) == []
    with pytest.raises(InputError, match=r"left out: a table of CPU times \(-C 1\)"):
        imported(samples.nccl().replace("    time ", " cputime "), "f")


def test_a_cut_row_names_file_line_and_columns():
    text = "\n".join([*samples.nccl_head(8), samples.nccl_rows(1.75)[0][:70]])
    line = len(text.splitlines())
    with pytest.raises(InputError, match=rf"f.log: holds no result.*; line {line}: the file ends inside this line"):
        imported(text, "f.log")
    ended = rf"f.log: holds no result.*; line {line}: left out.*13 columns as in the header of line \d+, got '7 columns"
    with pytest.raises(InputError, match=ended):
        imported(f"{text}\n", "f.log")


# screening


def test_planted_faults_are_found_with_severity_and_line():
    def only(text, given=None):
        return [(f.severity, f.text) for f in doubts(imported(text, "f", given=given))]

    assert only(samples.nccl(16, 2, factor=1.75))[0] == ("error", "ranks: 16 stated, busbw / algbw means 8")
    lines = samples.nccl().splitlines()
    at = next(i for i, line in enumerate(lines) if line.split()[:1] == ["1048576"])
    cells = lines[at].split()
    cells[6] = "99.00"
    (found,) = doubts(imported("\n".join([*lines[:at], "  ".join(cells), *lines[at + 1 :]]), "f"))
    assert (found.severity, found.row) == ("error", at + 1)
    assert found.text.startswith("algbw: 1 rows are not size / time, first at 1048576 bytes: 99 GB/s")
    assert "in place: the same difference" in only(samples.nccl(in_place=lambda t: t - 2))[0][1]
    assert "in place: the same ratio" in only(samples.nccl(in_place=lambda t: 0.95 * t))[0][1]
    assert "in place: equal to out of place" in only(samples.nccl(in_place=lambda t: t))[0][1]
    assert "size: must differ" in only(samples.nccl(sizes=[*samples.SIZES, 1024]))[0][1]
    assert "size: does not rise" in only(samples.nccl(sizes=samples.SIZES[::-1]))[0][1]
    assert ("error", f"wrong: {2 * len(samples.SIZES)} times have wrong elements") in only(samples.nccl(wrong="5"))


@pytest.mark.parametrize("bad", ["0.00", "-3.10", "nan", "inf"])
def test_a_time_that_is_none_is_left_out_and_named(bad):
    lines = samples.nccl().splitlines()
    at = next(i for i, line in enumerate(lines) if line.split()[:1] == ["1048576"])
    cells = lines[at].split()
    cells[5] = bad
    found = imported("\n".join([*lines[:at], "  ".join(cells), *lines[at + 1 :]]), "f")
    assert [(f.severity, f.row) for f in doubts(found)] == [("error", at + 1)]
    assert len(found.results) == 2 * len(samples.SIZES) - 1
    assert found.results[0].context["screened"] == ["time: must be > 0 in every row"]


@pytest.mark.parametrize("seed", range(0, 4000, 100))
def test_honest_tables_are_not_flagged(seed):
    assert doubts(imported(samples.nccl(8, seed=seed), "f")) == []


def test_what_is_given_must_agree_with_the_file():
    for said, words in (
        (Given(ranks=4), "the file says 8, got --ranks 4"),
        (Given(nodes=2), "the file says 1, got --nodes 2"),
        (Given(collective="all_gather"), "the file says all_reduce, got --collective all_gather"),
    ):
        with pytest.raises(InputError, match=words):
            imported(samples.nccl(), "f", given=said)
    with pytest.raises(InputError, match="nodes: must divide the 6 ranks of f:2 evenly, got 4"):
        imported(samples.osu(), "f", given=Given(ranks=6, nodes=4))


# JSON of nccl-tests


def as_json(**changed):
    text = imported(samples.nccl(8), "f").results
    rows = [
        {
            "size": out.case.nbytes,
            "count": out.case.nbytes // 4,
            "type": "float",
            "redop": "sum",
            "root": "    -1",
            "out_of_place": part(out),
            "in_place": part(inside),
            "actual_iterations": 20,
            "experiment_name": "",
        }
        for out, inside in zip(text[::2], text[1::2], strict=True)
    ]
    devices = [{"rank": r, "group": 0, "hostname": "n0", "device": r, "device_info": "NVIDIA H100"} for r in range(8)]
    run = {
        "version": 1,
        "start_time": "2026-01-02 03:04:05",
        "args": ["/opt/build/all_reduce_perf", "-J", "x"],
        "env": ["HOME=/home/someone", "NCCL_ALGO=Ring"],
        "nccl_version": 22803,
        "config": {"nthreads": 1, "ngpus": 1, "iterations": 20, "aggregated_iterations": 1, "devices": devices},
        "results": rows,
    }
    return json.dumps(run | changed)


def part(result):
    printed = result.context["printed_gb_per_second"]
    return {"time": result.time * 1e6, "alg_bw": printed["algbw"], "bus_bw": printed["busbw"], "nwrong": None}


def test_json_and_text_of_one_run_give_the_same_times():
    found, text = imported(as_json(), "f"), imported(samples.nccl(8), "f")
    assert [r.case for r in found.results] == [r.case for r in text.results]
    assert [r.time for r in found.results] == pytest.approx([r.time for r in text.results])
    first = found.results[0]
    assert (first.made_at, first.algorithm, first.wrong) == ("2026-01-02T03:04:05", "ring", None)
    assert first.context["environment"] == {"NCCL_ALGO": "Ring"}
    assert "someone" not in str(first.context)


def test_bad_json_gets_one_line():
    with pytest.raises(InputError, match="f: must be JSON of nccl-tests with whole results"):
        imported(as_json()[:-40].replace('"config":', '"config" '), "f")
    with pytest.raises(InputError, match="f: version must be 1, got 2"):
        imported(as_json(version=2), "f")
    with pytest.raises(
        InputError, match=r"f: holds no result of nccl-tests that can be imported; left out: result 1: KeyError"
    ):
        imported(as_json(results=[{"alg_bw": 1, "out_of_place": {}}]).replace('"results"', '"results"'), "f")


# OSU, IMB, hccl_test


@pytest.mark.parametrize(
    ("title", "name", "times"),
    [
        ("Allreduce Latency", "all_reduce", 1),
        ("Allgather Latency", "all_gather", 6),
        ("All-to-All Personalized Exchange Latency", "all_to_all", 6),
        ("Reduce_scatter Latency", "reduce_scatter", 1),
        ("Broadcast Latency", "broadcast", 1),
        ("Gather Latency", "gather", 6),
    ],
)
def test_osu_sizes_become_the_whole_s(title, name, times):
    found = imported(samples.osu(title), "f", given=Given(ranks=6))
    assert [r.case.nbytes for r in found.results] == [times * s for s in (4, 64, 1024, 1048576)]
    assert {(r.case.collective, r.barrier, r.case.in_place) for r in found.results} == {(name, "before", False)}


def test_osu_latency_is_half_a_round_trip_and_may_have_no_bytes():
    found = imported(samples.osu("Latency", sizes=(0, 8, 1024)), "f").results
    assert [(r.case.collective, r.case.nbytes, r.case.world_size, dict(r.case.params)) for r in found] == [
        ("latency", size, 2, {}) for size in (0, 8, 1024)
    ]
    assert [r.time for r in found] == pytest.approx([samples.microseconds(size) * 1e-6 for size in (0, 8, 1024)], abs=6e-9)


@pytest.mark.parametrize(
    ("title", "pairs", "name", "each"),
    [
        ("Bandwidth", None, "bandwidth", 1),
        ("Bi-Directional Bandwidth", None, "bibandwidth", 2),
        ("Multiple Bandwidth / Message Rate", 6, "message_rate", 6),
    ],
)
def test_osu_bandwidths_are_our_busbw(title, pairs, name, each):
    text = samples.osu_rate(title, pairs, 16)
    found = imported(text, "f", given=Given(nodes=2)).results
    assert [r.busbw for r in found] == pytest.approx([8e6, 4e9])
    assert [r.algbw for r in found] == pytest.approx([8e6 / each, 4e9 / each])
    assert {(r.case.collective, r.case.world_size, r.case.nodes) for r in found} == {(name, 2 * pairs if pairs else 2, 2)}
    assert {r.case.params["window"] for r in found} == {16.0 if pairs else 64.0}
    assert {r.context["window_stated"] for r in found} == {bool(pairs)}
    if pairs:
        printed = [float(line.split()[2]) for line in text.splitlines() if line[:1].isdigit()]
        assert [each / r.time for r in found] == pytest.approx(printed, rel=1e-3), "messages per second"


def test_osu_point_to_point_says_how_many_ranks_there_were():
    with pytest.raises(InputError, match="ranks: the file says 2, got --ranks 4"):
        imported(samples.osu_rate(), "f", given=Given(ranks=4))
    without = samples.osu_rate("Multiple Bandwidth / Message Rate", 2).replace("# [ pairs", "# [ couples")
    (finding,) = imported(without + samples.osu_rate(), "f").left_out
    assert finding.text.endswith("no line `# [ pairs: N ] [ window size: W ]` under the title")


def test_osu_takes_the_maximum_over_ranks_where_it_is_printed():
    short = imported(samples.osu(), "f", given=Given(ranks=4)).results[2]
    full = imported(samples.osu(full=True), "f", given=Given(ranks=4)).results[2]
    assert (short.context["over_ranks"], full.context["over_ranks"]) == ("mean", "max")
    assert full.time == pytest.approx(1.2 * short.time, rel=1e-3)
    assert full.iterations == 1000
    assert full.context["avg_seconds"] == pytest.approx(short.time)
    assert full.context["p99_seconds"] == pytest.approx(2 * short.time, rel=1e-3)


def test_osu_modes_barrier_validation_and_what_is_left_out():
    nonblocking = (
        "# OSU MPI Non-blocking Allreduce Latency Test v5.6.3\n# Overall = Coll. Init + Compute + MPI_Test + MPI_Wait\n\n"
        "# Size           Overall(us)       Compute(us)    Pure Comm.(us)        Overlap(%)\n"
        "4                       8.70              5.30              4.50             22.00\n"
    )
    barrier = "# OSU MPI Barrier Latency Test v5.8\n# Avg Latency(us)\n            12.50\n"
    checked = (
        "# OSU MPI-CUDA Allreduce Latency Test v7.4\n# Datatype: MPI_FLOAT.\n"
        "# Size    Avg Latency(us)    Validation\n8   3.50   Fail\n"
    )
    text = nonblocking + barrier + checked + samples.osu("Allreduce Persistent Latency") + samples.osu("Multi Latency")
    found = imported(text, "f", given=Given(ranks=2))
    assert [t.collective for t in found.tables] == ["all_reduce", "barrier", "all_reduce", "all_reduce"]
    slow, still, wrong, *persistent = found.results
    assert (slow.case.mode, slow.time) == ("nonblocking", pytest.approx(4.5e-6))
    assert (still.case.nbytes, still.time) == (0, pytest.approx(12.5e-6))
    assert (wrong.wrong, wrong.case.dtype) == (1, "f32")
    assert {r.case.mode for r in persistent} == {"persistent"}
    assert "`Multi Latency` is no collective" in found.left_out[0].text
    with pytest.raises(InputError, match=r"f: holds no result.*; line 4: .*must be 2 columns \(Size, Avg Latency\), got '3: 4"):
        imported(
            "# OSU MPI Allreduce Latency Test v7.4\n\n# Size       Avg Latency(us)\n4  1.0  2.0\n", "f", given=Given(ranks=2)
        )


def test_imb_blocks_carry_their_processes_and_sizes():
    names = [
        ("Allreduce", 4, 1),
        ("Allgather", 4, 4),
        ("Alltoall", 8, 8),
        ("Reduce_scatter", 4, 1),
        ("Reduce_scatter_block", 4, 4),
    ]
    found = imported(samples.imb(*[(n, p, [64, 4096]) for n, p, _ in names], ("Barrier", 16, []), ("PingPong", 2, [4])), "f")
    for table, (_, ranks, times) in zip(found.tables, names, strict=False):
        assert [(r.case.world_size, r.case.nbytes) for r in table.results] == [(ranks, times * 64), (ranks, times * 4096)]
    assert found.tables[-1].results[0].time == pytest.approx(3.3e-6)
    first = found.results[0]
    assert first.context["min_seconds"] < first.context["avg_seconds"] < first.time
    assert (first.case.dtype, found.tables[1].results[0].case.dtype, first.made_at) == ("f32", "i8", "2023-07-20T16:27:27")
    assert "`PingPong` is no collective" in found.left_out[0].text


def test_imb_without_processes_or_with_groups():
    text = samples.imb(("Allreduce", 4, [64]))
    unsaid = text.replace("# #processes = 4", "")
    with pytest.raises(InputError, match=r"f:\d+: the file does not say how many ranks took part; give --ranks N"):
        imported(unsaid, "f")
    assert {r.case.world_size for r in imported(unsaid, "f", given=Given(ranks=4)).results} == {4}
    with pytest.raises(InputError, match="several groups side by side"):
        imported(text.replace("# #processes = 4", "# ( 2 groups of 4 processes each running simultaneous )"), "f")
    timed_out = text.replace(
        "\n# All", "\n      1048576 time-out.; Time limit (secs_per_sample * msg_sizes_list_len) is over\n# All"
    )
    assert "1 rows of `Allreduce` that ran out" in imported(timed_out, "f").findings[0].text


def test_hccl_test_takes_collective_and_dtype_from_the_command_line():
    found = imported(samples.hccl(), "f", given=Given(ranks=8))
    assert {(r.case.collective, r.case.dtype, r.wrong, r.iterations) for r in found.results} == {("all_reduce", "f16", 0, 20)}
    with pytest.raises(InputError, match="the file does not name the collective"):
        imported(samples.hccl(command=None), "f", given=Given(ranks=8))
    failed = samples.hccl().replace("success", "failed", 1)
    assert imported(failed, "f", given=Given(ranks=8)).results[0].wrong == 1


def test_results_survive_the_results_file(tmp_path):
    from fabric.records.store import append

    for tool, text in SAMPLES.items():
        results = imported(text, "f", given=Given(ranks=8) if tool in ("osu", "hccl_test") else None).results
        append(tmp_path / f"{tool}.jsonl", results)
        assert read(tmp_path / f"{tool}.jsonl") == (results, None)
