"""`measure` without any rank: what it refuses before it starts anything, and what its table looks like."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from typed import typed

from fabric.answers.measure import VIEW, Limits, beside, limits_of, switch_rows
from fabric.cli.measure_show import show
from fabric.cli.nccl_table import tables
from fabric.network.spec import from_short_form
from fabric.records.case import Case
from fabric.records.result import Result


def measure(*arguments):
    return typed("measure", *arguments)


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--backend", "glo"], 2, "backend: must be one of gloo, nccl, mpi, got 'glo' (did you mean gloo?)"),
        (["--collective", "allreduce"], 2, "did you mean all_reduce?"),
        (["--dtype", "f8"], 2, "dtype: must be one of"),
        (["--min", "64KB"], 2, "min: must be a size such as 8, 64KiB or 64M"),
        (["--min", "6", "--max", "6"], 2, "sizes: must be whole f32 elements of 4 bytes, got 6"),
        (["--factor", "1"], 2, "factor: must be a whole number from 2 to 4,294,967,296, got '1'"),
        (["--ranks", "0"], 2, "ranks: must be whole numbers >= 1"),
        (["--iters", "0"], 2, "iters: must be a whole number from 1 to 1,000,000, got '0'"),
        (["--iters", "x"], 2, "iters: must be a whole number from 1 to 1,000,000, got 'x'"),
        (["--backend", "gloo", "--mode", "persistent"], 2, "mode: all_reduce of gloo is blocking, got 'persistent'"),
        (["--collective", "gather", "--root", "9"], 2, "root: must be a rank of every world size, 0 ... "),
        (["--collective", "incast", "--param", "skew=1"], 2, "param: incast takes fan_in, got 'skew'"),
        (["--param", "skew"], 2, "param: must be KEY=NUMBER"),
        (["--op", "avg"], 2, "op: must be one of sum, max, min, prod, got 'avg'"),
        (["--barrier", "none"], 2, "barrier: must be before, excluded, back_to_back, got 'none'"),
        (
            ["--backend", "mpi", "--mode", "async"],
            2,
            "mode: all_reduce of mpi is blocking, nonblocking, persistent, got",
        ),
        (["--orders", "interleave"], 2, "orders: must be contiguous, interleaved or scattered:SEED, got 'interleave'"),
        (["--resume"], 2, "resume: needs -o FILE, the file to go on with, got none"),
        (["none.yaml"], 2, "run: cannot read none.yaml"),
        (["--backend", "gloo", "-o", "/proc/none/out.jsonl"], 2, "output: cannot write /proc/none/out.jsonl"),
        (["--backend", "gloo", "--ranks", "8", "--topo", "star:devices=4"], 2, "ranks: must be <= 4, the devices of"),
    ],
)
def test_bad_input_is_one_line_and_starts_nothing(arguments, code, words):
    done = measure(*arguments)
    assert done.returncode == code, done.stderr
    assert words in done.stderr
    assert done.stderr.count("\n") == 1
    assert done.stdout == ""


@pytest.mark.parametrize("more", [[], ["--resume"]])
def test_a_file_of_a_newer_version_is_refused_and_left_alone(tmp_path, more):
    path = tmp_path / "new.jsonl"
    path.write_text('{"schema":"fabricbench.result/9"}\n{"torn')
    done = measure("--backend", "gloo", "--ranks", "2", "-o", str(path), *more)
    assert done.returncode == 2
    assert "schema must be fabricbench.result/2, got 'fabricbench.result/9'" in done.stderr
    assert done.stderr.count("\n") == 1, "nothing was started"
    assert path.read_text().endswith('{"torn')


@pytest.mark.skipif(Path("/proc/driver/nvidia").exists(), reason="there is an NVIDIA GPU here")
def test_nccl_without_a_gpu_is_a_fault_of_the_environment():
    done = measure("--backend", "nccl")
    assert done.returncode == 3
    assert done.stderr.startswith("fabricbench: nccl: ")
    assert done.stderr.count("\n") == 1


def answer(nbytes, *, in_place=True, world_size=2, wrong=0, source="mpi:openmpi", **context):
    case = Case("all_reduce", nbytes, world_size, 1, world_size, in_place=in_place)
    return Result(case, source, (1e-3,) * 20, wrong=wrong, context=context)


def rows(text):
    return [line.split() for line in text.splitlines() if line and not line.startswith("#")]


def test_the_table_has_nccl_tests_columns():
    text = tables(
        [answer(2_000_000, in_place=False), answer(2_000_000)], {("all_reduce", 2, 2_000_000, "contiguous"): (4e9, "loopback")}
    )
    (row,) = rows(text)
    assert row[:4] == ["2000000", "500000", "float", "sum"]
    assert row[4:8] == row[8:12] == ["1000.00", "2.00", "2.00", "0"]
    assert row[12:] == ["1000..1000", "20", "50", "%", "(loopback)"]
    assert "# Avg bus bandwidth    : 2 GB/s" in text


def test_a_form_that_the_library_lacks_and_no_bound_print_a_dash():
    (row,) = rows(tables([answer(8, source="gloo")], {}))
    assert row[4:8] == ["-"] * 4
    assert row[-1] == "-"


def test_every_collective_has_its_table_and_rooted_ones_a_root():
    moved = Result(Case("all_gather", 64, 2, 1, 2, in_place=False), "gloo", (1e-3,) * 20, wrong=0)
    rooted = Result(Case("broadcast", 64, 2, 1, 2, root=1, mode="persistent"), "gloo", (1e-3,) * 20, wrong=0, batch=3)
    text = tables([rooted, answer(64, source="gloo"), moved], {("all_gather", 2, 64, "contiguous"): (64e3, "loopback")})
    first, second, third = rows(text)
    assert [row[3] for row in (first, second, third)] == ["sum", "none", "none"]
    assert (first[4], third[4]) == ("-", "1")
    assert second[-3:] == ["50", "%", "(loopback)"]
    assert text.count("  root") == 1
    assert "# broadcast, persistent, gloo" in text
    assert "mean of up to 3 calls" in text


def test_sizes_ascend_and_every_world_size_has_its_table():
    text = tables([answer(64, world_size=1), answer(8), answer(64), answer(8, world_size=1)], {})
    assert [row[0] for row in rows(text)] == ["8", "64", "8", "64"]
    assert text.count("Avg bus bandwidth") == 2


def test_doubts_and_wrong_results_are_said():
    text = tables([answer(8, wrong=3, ranks_exceed_cores=True, contended=True)], {})
    assert "WRONG RESULTS: 3 elements" in text
    assert "More ranks than cores" in text
    assert "Contended host: in 1 of 1 cases" in text


def test_unchecked_results_print_not_available():
    (row,) = rows(tables([answer(8, wrong=None)], {}))
    assert row[11] == "N/A"


def test_a_flat_row_is_json_with_units_in_its_keys():
    row = VIEW.row(beside(answer(1000), {("all_reduce", 2, 1000, "contiguous"): (2e6, "memory")}))
    assert json.loads(json.dumps(row)) == row
    assert row["seconds"] == 1e-3
    assert row["busbw_bytes_per_second"] == pytest.approx(1e6)
    assert row["of_bound"] == pytest.approx(0.5)
    assert row["bottleneck"] == "memory"
    assert VIEW.row(beside(answer(1000), {}))["of_bound"] is None


def test_every_order_has_its_table_and_its_bound():
    case = replace(answer(1000).case, order="scattered:7")
    bounds = {("all_reduce", 2, 1000, "contiguous"): (2e6, "leaf"), ("all_reduce", 2, 1000, "scattered:7"): (4e6, "pod")}
    text = tables([answer(1000), replace(answer(1000), case=case)], bounds)
    assert [row[-3:] for row in rows(text)] == [["50", "%", "(leaf)"], ["25", "%", "(pod)"]]
    assert "# all_reduce, scattered:7, mpi:openmpi" in text


def test_wrong_results_are_said_in_every_form_and_end_with_1(capsys):
    bad = [answer(8, wrong=3), answer(64)]
    assert show(bad, "none", None, as_json=False, as_csv=False) == 1
    out, err = capsys.readouterr()
    assert "WRONG RESULTS: 3 elements" in out
    assert err == "fabricbench: WRONG RESULTS in 1 of 2 cases: 3 elements differ from the exact result\n"
    assert show(bad, "none", None, as_json=True, as_csv=False) == 1
    assert json.loads(capsys.readouterr().out)["wrong_cases"] == 1
    assert show(bad[1:], "none", None, as_json=True, as_csv=False) == 0


def test_switches_are_shown_of_curves_that_were_refined(capsys):
    def at(nbytes, seconds, **context):
        return Result(Case("all_reduce", nbytes, 2, 1, 2), "gloo", (seconds,) * 20, wrong=0, context=context)

    curve = [at(64, 1e-5), at(1000, 1e-5), at(1100, 3e-5), at(4096, 3e-5), at(8192, 3e-5)]
    assert switch_rows(curve) == []
    refined = [*curve[:2], at(1100, 3e-5, refined=True), *curve[3:]]
    (found,) = switch_rows(refined)
    assert (found["low_nbytes"], found["high_nbytes"], found["factor"]) == (1000, 1100, 3.0)
    show(refined, "none", None, as_json=False, as_csv=False)
    words = "# all_reduce of gloo on 2 ranks, contiguous, in place: between 1 kB and 1100 B time jumps 3x"
    assert words in capsys.readouterr().out


def test_no_bound_where_the_fabric_is_not_known():
    far = replace(answer(8), case=replace(answer(8).case, nodes=2))
    assert limits_of([far]) == Limits({}, ("No bound: ranks on several nodes; name their fabric with --topo.",))
    (note,) = limits_of([answer(8, source="nccl")]).notes
    assert note.startswith("No bound: what links these devices is not known")
    assert limits_of([answer(8, world_size=1)]) == Limits({}), "nothing is measured for it"


def test_an_order_has_a_bound_where_the_launch_fills_the_fabric():
    fabric = from_short_form("fat_tree:k=4,speed=100Gb/s")

    def at(order, ranks):
        return replace(answer(1000, launch_ranks=ranks), case=replace(answer(1000).case, order=order))

    limits = limits_of([at("contiguous", 2), at("scattered:7", 16)], fabric)
    assert {key[-1] for key in limits.bounds} == {"contiguous", "scattered:7"}
    assert not limits.notes
    limits = limits_of([at("contiguous", 2), at("scattered:7", 2)], fabric)
    assert {key[-1] for key in limits.bounds} == {"contiguous"}
    assert limits.notes == (
        "No bound for 1 cases: the launch does not fill the fabric, so their order names other devices there.",
    )
