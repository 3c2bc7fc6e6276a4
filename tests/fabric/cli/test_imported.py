"""Results of other tools in `calibrate`, `scale` and `compare`, as a user types them."""

import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from typed import typed

sys.path.insert(0, str(Path(__file__).parents[1] / "importers"))

import samples

from fabric.records.store import append, read

TOPO = "local:slots=8"


def run(*arguments, code=0):
    done = typed(*arguments)
    assert done.returncode == code, (done.returncode, done.stdout[-500:], done.stderr[-2000:])
    return done


@pytest.fixture
def imported(tmp_path):
    """A results file with nccl-tests' means at 2 and 4 ranks."""
    out = tmp_path / "r.jsonl"
    for ranks in (2, 4):
        (tmp_path / f"{ranks}.log").write_text(samples.nccl(ranks, 1, factor=2 * (ranks - 1) / ranks))
        run("import", tmp_path / f"{ranks}.log", "-o", out)
    return out


def test_calibrate_fits_what_another_tool_measured_and_says_mean(imported, tmp_path):
    said = json.loads(run("calibrate", imported, "--topo", TOPO, "-o", tmp_path / "c.json", "--json").stdout)
    assert {row["source"] for row in said["rows"]} == {"import:nccl-tests"}
    assert {(row["statistic"], row["samples"], row["interval_seconds"]) for row in said["rows"]} == {("mean", 1, None)}
    assert {constants["backend"] for constants in said["constants"]} == {"nccl"}, "so that predictions of nccl can use them"
    lines = [line for constants in said["constants"] for line in constants["lines"]["*"]]
    assert all(line["alpha_interval"] is None and line["beta_interval"] is None for line in lines)
    text = run("calibrate", imported, "--topo", TOPO).stdout
    assert " mean " in text
    assert "import:nccl-tests" in text


def test_scale_puts_imported_results_beside_their_prediction(imported):
    rows = json.loads(run("scale", imported, "--topo", TOPO, "--json").stdout)["rows"]
    assert {(row["source"], row["statistic"]) for row in rows} == {("import:nccl-tests", "mean")}
    assert {row["world_size"] for row in rows} == {2, 4}
    assert all(row["error"] is not None for row in rows if row["use"] == "fitted")


def test_a_log_without_two_ranks_is_scaled_by_the_librarys_own_model(tmp_path):
    """It was refused for want of world size 2, without a word that NCCL's own model needs no fit."""
    topo = "rail_optimized:nodes=4,rails=8,radix=64,scale_up=nvswitch"
    (tmp_path / "32.log").write_text(samples.nccl(32, 4, factor=2 * 31 / 32))
    run("import", tmp_path / "32.log", "-o", tmp_path / "r.jsonl")
    done = run("scale", tmp_path / "r.jsonl", "--topo", topo, "--json")
    assert "predicted instead with nccl (NVIDIA/nccl" in done.stderr
    assert "--constants names others" in done.stderr
    rows = json.loads(done.stdout)["rows"]
    named = json.loads(run("scale", tmp_path / "r.jsonl", "--topo", topo, "--constants", "nccl:h100", "--json").stdout)["rows"]
    sizes = ",".join(str(size) for size in sorted({row["nbytes"] for row in rows}))
    asked = ("predict", "--topo", topo, "--sizes", sizes, "--ranks", "32", "--constants", "nccl:h100", "--fidelity", "loaded")
    said = {row["nbytes"]: row["busbw_bytes_per_second"] for row in json.loads(run(*asked, "--json").stdout)["rows"]}
    for row in (*rows, *named):
        assert row["predicted_busbw_bytes_per_second"] == said[row["nbytes"]]


def test_ours_and_theirs_are_two_series_and_never_one(imported):
    ours = [replace(r, source="nccl", statistic="raw", seconds=(2 * r.time,) * 8, wrong=0) for r in read(imported)[0]]
    append(imported, ours)
    rows = json.loads(run("scale", imported, "--topo", TOPO, "--json").stdout)["rows"]
    assert {row["source"] for row in rows} == {"import:nccl-tests", "nccl"}
    ratio = {}
    for row in rows:
        ratio.setdefault((row["nbytes"], row["world_size"], row["in_place"]), {})[row["source"]] = row["seconds"]
    assert all(cell["nccl"] == pytest.approx(2 * cell["import:nccl-tests"]) for cell in ratio.values())
    (row, *_) = json.loads(run("compare", f"{imported}@nccl", f"{imported}@import", "--json").stdout or "{}")["rows"] or [{}]
    assert row["error"] == pytest.approx(1.0)


def test_a_table_with_errors_is_left_out_and_alone_refused(imported, tmp_path):
    lines = samples.nccl(2, 1, factor=1.0).splitlines()
    wrong = next(i for i, line in enumerate(lines) if line.split()[:1] == ["4096"])
    cells = lines[wrong].split()
    cells[6] = str(100 * float(cells[6]) + 1)
    lines[wrong] = "  ".join(cells)
    (tmp_path / "bad.log").write_text("\n".join(lines) + "\n")
    bad = tmp_path / "bad.jsonl"
    assert ": error: " in run("import", tmp_path / "bad.log", "-o", bad).stderr
    for verb in ("calibrate", "scale"):
        done = run(verb, bad, "--topo", TOPO, code=2)
        assert "results: " in done.stderr
        assert "holds no measured results that can be used" in done.stderr
    assert "holds nothing that can be compared" in run("compare", bad, imported, code=2).stderr
    append(imported, read(bad)[0])
    done = run("calibrate", imported, "--topo", TOPO)
    assert "imported results left out, screening found errors: " in done.stderr


def test_osu_does_not_say_which_mpi_and_is_told(tmp_path):
    (tmp_path / "o.txt").write_text(samples.osu(sizes=[2**k for k in range(2, 22, 2)]))
    out = tmp_path / "o.jsonl"
    run("import", tmp_path / "o.txt", "--ranks", "2", "-o", out)
    done = run("calibrate", out, "--topo", TOPO, code=2)
    assert "library: osu does not say which library it timed; name it, e.g. --library mpi:openmpi" in done.stderr
    said = json.loads(run("calibrate", out, "--topo", TOPO, "--library", "mpi:openmpi", "--json").stdout)
    assert {constants["backend"] for constants in said["constants"]} == {"mpi:openmpi"}
