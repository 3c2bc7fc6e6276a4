import json
import re
import sys
from pathlib import Path

import pytest
from typed import typed

sys.path.insert(0, str(Path(__file__).parents[1] / "judge"))

import sites

from fabric.records.store import append

ROOT = Path(__file__).parents[3]
TOPO = ("--topo", "rail_only:nodes=8,rails=8,scale_up=nvswitch")


def judge(*arguments, code):
    done = typed("judge", *arguments)
    assert done.returncode == code, (done.returncode, done.stdout[-800:], done.stderr[-2000:])
    return done


def log(path, nodes, times, factor=1.0):
    """A text of nccl-tests, out of place, of times {MiB: (us, us in place)}."""
    ranks = 8 * nodes
    busbw = 2 * (ranks - 1) / ranks
    lines = [
        "# Collective test starting: all_reduce_perf",
        "# nThread 1 nGpus 1 minBytes 8 maxBytes 8589934592 step: 2(factor) warmup iters: 5 iters: 20 agg iters: 1",
        *(f"#  Rank {r:2d} Group  0 Pid {r} on n{r // 8} device {r % 8} [0x0{r % 8}] NVIDIA H100" for r in range(ranks)),
        "#       size         count      type   redop    root     time   algbw   busbw #wrong     time   algbw   busbw #wrong",
    ]
    for mib, (out, inside) in times.items():
        nbytes = mib << 20
        halves = (
            f"{t:9.2f} {nbytes / t / 1e3:8.2f} {nbytes / t / 1e3 * busbw:8.2f} 0" for t in (factor * out, factor * inside)
        )
        lines.append(f"{nbytes} {nbytes // 4} float sum -1 {'  '.join(halves)}")
    path.write_text("\n".join(lines) + "\n")
    return path


HEALTHY = {256: (1768.0, 1775.1), 512: (3109.0, 3114.2), 1024: (5808.8, 5812.6), 2048: (11508.0, 11521.0)}


def test_a_healthy_log_is_good(tmp_path):
    said = judge(log(tmp_path / "a.log", 4, HEALTHY), *TOPO, code=0).stdout
    assert said.startswith("GOOD for rail_only")


@pytest.mark.parametrize("name", ["nonsense", " "])
def test_an_algorithm_that_nccl_does_not_have_is_refused_with_those_it_has(name, tmp_path):
    said = judge(log(tmp_path / "a.log", 4, HEALTHY), *TOPO, "--algorithm", name, code=2)
    assert not said.stdout
    assert said.stderr.splitlines() == [
        "fabricbench: algorithm: must be one of default, ring, tree, nvls, nvls_tree, pat, collnet, collnet_direct, "
        f"collnet_chain, collnetdirect, collnetchain, sharp, got {name!r}"
    ]


def test_where_no_row_can_be_judged_reasons_stand_without_an_empty_table(tmp_path):
    slower = [one.replace("nodes=8", "nodes=8,speed=10Gb/s") for one in TOPO]
    said = judge(log(tmp_path / "a.log", 4, HEALTHY), *slower, code=4).stdout.splitlines()
    assert said[0].endswith("8 unknown of 8 rows")
    assert said[1].startswith("unknown: 8 rows: busbw is over 1.5 x the NICs' rate, more than they can")


def test_half_the_rails_are_bad_and_named(tmp_path):
    found = json.loads(judge(log(tmp_path / "a.log", 4, HEALTHY, 2.0), *TOPO, "--json", code=1).stdout)
    assert found["schema"] == "fabricbench.judge/1"
    assert found["verdict"] == "bad"
    assert [one["name"] for one in found["signatures"]] == ["part of the rails"]
    assert all(row["ratio"] > 1.55 for row in found["rows"])
    assert {row["expected_low_seconds"] < row["expected_seconds"] < row["bad_beyond_seconds"] for row in found["rows"]} == {
        True
    }


def test_only_small_rows_are_undecided_and_say_what_to_run(tmp_path):
    said = judge(log(tmp_path / "a.log", 4, {1: (100.0, 101.3), 2: (120.0, 119.1)}), *TOPO, code=4).stdout
    assert "all_reduce_perf -b 256M" in said


@pytest.mark.parametrize("text", ["", "no log", "{}"])
def test_what_import_refuses_is_refused(tmp_path, text):
    (tmp_path / "a.log").write_text(text)
    error = judge(tmp_path / "a.log", *TOPO, code=2).stderr
    assert error.startswith("fabricbench: ")
    assert error.count("\n") == 1


def test_a_floor_is_written_and_read(tmp_path):
    old, new = log(tmp_path / "old.log", 4, HEALTHY), log(tmp_path / "new.log", 4, HEALTHY, 1.33)
    judge(old, *TOPO, "--floor", tmp_path / "floor.json", code=0)
    judge(new, *TOPO, code=4)
    found = json.loads(judge(new, *TOPO, "--against", tmp_path / "floor.json", "--json", code=1).stdout)
    assert {row["basis"] for row in found["rows"]} == {"floor"}


def test_results_of_ours_and_logs_are_judged_together(tmp_path):
    append(tmp_path / "ours.jsonl", sites.rows(2, 8, sites.H100_TWO_NODES))
    found = judge(tmp_path / "ours.jsonl", log(tmp_path / "b.log", 4, HEALTHY), *TOPO, "--json", code=0).stdout
    assert {row["world_size"] for row in json.loads(found)["rows"]} == {16, 32}


def test_the_page_begins_with_the_verdict_and_loads_nothing(tmp_path):
    log(tmp_path / "<b>.log", 4, HEALTHY, 2.0)
    judge(tmp_path / "<b>.log", *TOPO, "--html", tmp_path / "page.html", code=1)
    page = (tmp_path / "page.html").read_text()
    body = page[page.index("<main>") :]
    assert body.startswith("<main>\n<h1>BAD for rail_only")
    assert "part of the rails" in body
    assert "<b>.log" not in body
    assert 'src="http' not in page


def shown(page):
    """Return (command, output) of every judgement that a document shows."""
    text = (ROOT / page).read_text()
    return re.findall(r"^```\n\$ fabricbench judge (.*)\n((?:(?!```).*\n)*)```", text, re.MULTILINE)


@pytest.mark.parametrize(("command", "output"), shown("docs/judge.md"))
def test_shown_judgements_are_what_the_program_says(command, output):
    code = 0 if output.startswith("GOOD") else 1
    said = [" ".join(line.split()) for line in judge(*command.split(), code=code).stdout.splitlines()]
    assert said == [" ".join(line.split()) for line in output.splitlines()]


def test_the_front_page_shows_lines_of_a_real_judgement():
    ((command, output),) = shown("README.md")
    said = {" ".join(line.split()) for line in judge(*command.split(), code=1).stdout.splitlines()}
    assert {" ".join(line.split()) for line in output.splitlines()} - said == {"..."}


def test_a_floor_of_another_fabric_is_said(tmp_path):
    made = log(tmp_path / "a.log", 4, HEALTHY)
    judge(made, *TOPO, "--floor", tmp_path / "floor.json", code=0)
    other = ("--topo", "rail_only:nodes=16,rails=8,scale_up=nvswitch")
    assert "the floor is of rail_only:nodes=8" in judge(made, *other, "--against", tmp_path / "floor.json", code=0).stderr


def test_what_to_run_next_fits_the_reason(tmp_path):
    """Large sizes help where none is there; a floor where hardware has no law; else the reason says what to do."""
    small = log(tmp_path / "small.log", 4, {1: (82.0, 82.0), 4: (151.0, 151.0), 16: (260.0, 260.0)})
    assert "measure 256 MiB to 8 GiB" in judge(small, *TOPO, code=4).stdout
    larger = log(tmp_path / "large.log", 16, HEALTHY)
    said = judge(larger, *TOPO, code=4).stdout
    assert "a larger one (--topo)" in said
    assert "nothing could be judged good" not in said
    osu = tmp_path / "osu.log"
    osu.write_text("# OSU MPI Allreduce Latency Test v7.3\n# Size       Avg Latency(us)\n1048576 480.0\n536870912 245604.0\n")
    assert "write a floor of a log that you trust" in judge(osu, *TOPO, "--ranks", 64, code=4).stdout
