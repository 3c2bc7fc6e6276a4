import json
import sys
from pathlib import Path

import pytest
from typed import typed

sys.path.insert(0, str(Path(__file__).parents[1] / "importers"))

import samples

from fabric.records.store import read


def run(*arguments, code=0):
    done = typed(*arguments)
    assert done.returncode == code, (done.returncode, done.stdout[-500:], done.stderr[-2000:])
    return done


@pytest.fixture
def log(tmp_path):
    (tmp_path / "nccl.log").write_text(samples.nccl(16, 2) + samples.nccl(16, 2, perf="all_gather_perf", factor=15 / 16))
    return tmp_path / "nccl.log"


def test_a_file_becomes_results_that_compare_reads(log, tmp_path):
    out = tmp_path / "new" / "r.jsonl"
    done = run("import", log, "-o", out, "--json")
    said = json.loads(done.stdout)
    assert (said["schema"], said["tool"], said["findings"]) == ("fabricbench.import/1", "nccl-tests", [])
    assert [(row["collective"], row["in_place"], row["results"]) for row in said["rows"]] == [
        (name, place, len(samples.SIZES)) for name in ("all_reduce", "all_gather") for place in (False, True)
    ]
    results, torn = read(out)
    assert (len(results), torn) == (4 * len(samples.SIZES), None)
    rows = json.loads(run("compare", out, f"{out}@import:nccl", "--json").stdout)["rows"]
    assert {row["error"] for row in rows} == {0.0}
    assert len(rows) == len(results)


def test_a_second_file_is_added_and_nothing_of_a_bad_one(log, tmp_path):
    out, bad = tmp_path / "r.jsonl", tmp_path / "bad.log"
    run("import", log, "-o", out)
    before = out.read_bytes()
    bad.write_text("\n".join(samples.nccl().splitlines()[:-6]) + "\n  4096  12\n")
    line = len(bad.read_text().splitlines())
    done = run("import", bad, "-o", out, "--strict", code=2)
    assert f"bad.log:{line}: warning: left out, no row of its table: must be 13 columns" in done.stderr
    assert "nothing was imported" in done.stderr
    assert out.read_bytes() == before
    assert "written to" in run("import", log, "-o", out).stdout
    assert out.read_bytes().startswith(before)
    assert len(read(out)[0]) == 8 * len(samples.SIZES)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["bad.log", "nccl.log", "r.jsonl"]


def test_the_output_is_never_another_file(log, tmp_path):
    before = log.read_bytes()
    assert "must be one JSON object per line" in run("import", log, "-o", log, code=2).stderr
    assert log.read_bytes() == before
    done = run("import", log, "-o", "/proc/none/r.jsonl", code=2)
    assert "output: cannot write /proc/none/r.jsonl" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_findings_go_to_standard_error_and_strict_refuses(tmp_path):
    log, out = tmp_path / "f.log", tmp_path / "r.jsonl"
    log.write_text(samples.nccl(in_place=lambda t: t - 2))
    done = run("import", log, "--strict", "-o", out, code=2)
    assert "(--strict: 1 findings, nothing was imported)" in done.stderr.splitlines()[-1]
    assert not out.exists()
    done = run("import", log, "-o", out)
    assert "warning: in place: the same difference to out of place in all 11 rows" in done.stderr
    assert "screening: 1 findings" in done.stdout
    assert "screened" in read(out)[0][0].context
    assert "--strict" not in run("import", log).stderr


def test_ranks_and_nodes_are_given_where_the_file_does_not_say(tmp_path):
    log = tmp_path / "osu.txt"
    log.write_text(samples.osu())
    assert "the file does not say how many ranks took part; give --ranks N" in run("import", log, code=2).stderr
    row = json.loads(run("import", log, "--ranks", 8, "--nodes", 2, "--strict", "--json").stdout)["rows"][0]
    assert (row["world_size"], row["nodes"], row["smallest_nbytes"]) == (8, 2, 4)
    assert "tool: must be auto or one of" in run("import", log, "--tool", "omb", code=2).stderr
    assert "did you mean all_reduce" in run("import", log, "--ranks", 8, "--collective", "allreduce", code=2).stderr


def test_a_folder_gives_the_results_of_its_files_and_names_what_is_none(log, tmp_path):
    logs, out = tmp_path / "logs", tmp_path / "r.jsonl"
    (logs / "deep").mkdir(parents=True)
    (logs / "deep" / "a.log").write_text(log.read_text())
    (logs / "b.txt").write_text(samples.bench())
    (logs / "README").write_text("hello\n")
    (logs / ".hidden").write_text(samples.bench())
    done = run("import", logs, "-o", out)
    assert "left out: " in done.stderr
    assert f"{logs / 'README'}: is no output of nccl-tests" in done.stderr
    assert f"{4 * len(samples.SIZES) + 3} results of 2 files" in done.stdout
    assert {r.source for r in read(out)[0]} == {"import:nccl-tests", "import:all_reduce_bench"}
    (tmp_path / "none").mkdir()
    assert "holds no file that can be imported" in run("import", tmp_path / "none", code=2).stderr


def test_another_logs_context_goes_to_every_result(log, tmp_path):
    (tmp_path / "topo.txt").write_text("\tGPU0\tmlx5_0\tCPU Affinity\nGPU0\t X \tPIX\t0\nmlx5_0\tPIX\t X \t\n")
    out = tmp_path / "r.jsonl"
    run("import", log, "--context", tmp_path / "topo.txt", "-o", out)
    assert {str(r.context["topo_matrix"]["gpu_nic"]) for r in read(out)[0]} == {"{'GPU0': {'mlx5_0': 'PIX'}}"}
    assert "context: must be a log of NCCL_DEBUG=INFO" in run("import", log, "--context", log, code=2).stderr


def test_an_empty_name_is_no_folder():
    assert run("import", "", code=2).stderr.startswith("fabricbench: file: must be a file or a folder, got an empty name")
