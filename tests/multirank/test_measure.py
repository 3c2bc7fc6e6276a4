"""Real all-reduces through the command line: right, complete, recorded, under every launcher that is here."""

import json
import platform
import socket

import pytest

from fabric.records.store import read

pytestmark = pytest.mark.multirank
QUICK = ["--min", "8", "--max", "4096", "--factor", "512", "--budget", "0.1", "--warmup", "1"]


def rows(done):
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["schema"] == "fabricbench.measure/1"
    return report["rows"]


def test_gloo_at_three_world_sizes_in_one_launch(ranks):
    ranks.needs("gloo")
    found = rows(ranks.measure("--backend", "gloo", "--ranks", "1,2,3", *QUICK, "--json"))
    assert [(r["world_size"], r["nbytes"]) for r in found] == [(w, s) for w in (1, 2, 3) for s in (8, 4096)]
    assert {r["in_place"] for r in found} == {True}, "torch has no other form"
    assert {r["wrong"] for r in found} == {0}
    assert {r["source"] for r in found} == {"gloo"}
    for row in found:
        assert row["samples"] >= 6
        assert row["seconds_low"] <= row["seconds"] <= row["seconds_high"]


def test_mpi_has_both_forms_and_records_its_surroundings(tmp_path, ranks):
    ranks.needs("mpi")
    path = tmp_path / "new" / "mpi.jsonl"
    done = ranks.measure("--backend", "mpi", "--ranks", "1,2", *QUICK, "-o", str(path))
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("Avg bus bandwidth") == 2
    assert "mpirun -n 2" in done.stderr, "the command is shown"
    results, torn = read(path)
    assert torn is None
    assert len(results) == 2 * 2 * 2
    for result in results:
        assert result.source.startswith("mpi:")
        assert (result.wrong, result.barrier, result.algorithm, result.statistic) == (0, "before", "default", "raw")
        assert len(result.warmup_seconds) == 1
        context = result.context
        assert context["thread_level"] == "serialized"
        assert {"python", "numpy", "mpi4py", "mpi_library", "cores", "launcher", "load_1min", "clock"} <= set(context)
        assert context["ranks_exceed_cores"] == (result.case.world_size > context["cores"])
    assert not {socket.gethostname(), platform.node()} & {str(v) for r in results for v in r.context.values()}


def test_fixed_counts_are_kept_by_all_ranks_and_appended_results_are_not_shown_again(backend, tmp_path, ranks):
    path = tmp_path / "r.jsonl"
    arguments = ["--backend", backend.name, "--sizes", "1KiB", "--iters", "7", "--warmup", "2", "--ranks", "2"]
    for launch in (1, 2):
        found = rows(ranks.measure(*arguments, "-o", str(path), "--json"))
        assert len(found) == len(backend.ways["all_reduce"].forms)
        assert {row["samples"] for row in found} == {7}
        assert len(read(path)[0]) == launch * len(backend.ways["all_reduce"].forms)


def test_two_backends_in_one_run_are_one_object(tmp_path, ranks):
    ranks.needs("gloo")
    ranks.needs("mpi")
    run = tmp_path / "run.yaml"
    run.write_text("backends: [gloo, mpi]\nsizes: [64]\nworld_sizes: {gloo: [3], mpi: [1, 2]}\niters: 6\ncheck: false\n")
    found = rows(ranks.measure(str(run), "--json"))
    assert {(r["source"].split(":")[0], r["world_size"]) for r in found} == {("gloo", 3), ("mpi", 1), ("mpi", 2)}
    assert {r["wrong"] for r in found} == {None}


def test_the_bound_of_a_fabric_stands_beside_the_measurement(ranks):
    ranks.needs("mpi")
    found = rows(ranks.measure("--backend", "mpi", "--ranks", "2", *QUICK, "--topo", "star:devices=4", "--json"))
    assert all(row["bound_busbw_bytes_per_second"] > 0 for row in found)


def test_gloo_meets_under_mpirun(ranks):
    ranks.needs("gloo")
    ranks.needs("mpi")
    done = ranks.finish(ranks.mpirun(2, "-m", "fabric", "measure", "--backend", "gloo", *QUICK, "--json"))
    assert {r["wrong"] for r in rows(done)} == {0}


def test_mpi_under_torchrun_is_refused_in_one_line(ranks):
    ranks.needs("gloo")
    ranks.needs("mpi")
    done = ranks.finish(ranks.torchrun(2, "-m", "fabric", "measure", "--backend", "mpi"))
    assert done.returncode != 0
    ours = [line for line in done.stderr.splitlines() if line.startswith("fabricbench")]
    assert ours == ["fabricbench: mpi: does not run under torchrun; start it plainly, under mpirun or under srun"]
    assert "exitcode  : 3" in done.stderr


def test_a_bad_world_size_under_mpirun_is_one_line_from_rank_0(ranks):
    ranks.needs("mpi")
    done = ranks.finish(ranks.mpirun(2, "-m", "fabric", "measure", "--ranks", "1,4"))
    ours = [line for line in done.stderr.splitlines() if line.startswith("fabricbench")]
    assert ours == ["fabricbench: ranks: must be <= 2, the ranks that mpirun started, got 4"]
    assert done.returncode == 2


def test_an_output_folder_that_cannot_be_is_refused_before_the_launch(tmp_path, ranks):
    (tmp_path / "file").write_text("")
    done = ranks.measure("--backend", "gloo", "-o", str(tmp_path / "file" / "r.jsonl"))
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "output: cannot write" in done.stderr
