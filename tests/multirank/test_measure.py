"""Real all-reduces through the command line: right, complete, recorded, under every launcher that is here."""

import json
import platform
import socket

import pytest

from fabric.records.store import read

pytestmark = pytest.mark.multirank
QUICK = ["--min", "8", "--max", "4096", "--factor", "512", "--budget", "0.1", "--warmup", "1", "--topo", "none"]


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
        assert len(result.warmup_seconds) >= 1, "the one counted, and a cold stretch where there was one"
        context = result.context
        assert context["thread_level"] == "serialized"
        assert {"python", "numpy", "mpi4py", "mpi_library", "cores", "launcher", "load_1min", "clock"} <= set(context)
        assert context["ranks_exceed_cores"] == (result.case.world_size > context["cores"])
    assert not {socket.gethostname(), platform.node()} & {str(v) for r in results for v in r.context.values()}


@pytest.mark.parametrize("backend", ["mpi"], indirect=True)
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
    found = rows(ranks.measure("--backend", "mpi", "--ranks", "2", *QUICK[:-2], "--topo", "star:devices=4", "--json"))
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


def test_a_library_that_is_wrong_fails_the_case_loudly(tmp_path, ranks):
    """One element of rank 1 is one too large from 1 KiB on: the library is replaced from outside, nothing else."""
    ranks.needs("mpi")
    program = [str(ranks.ROOT / "tests" / "multirank" / "wrong_sums.py"), "measure", "--backend", "mpi"]
    arguments = ["--sizes", "8,4KiB", "--iters", "7", "--loop", "python", "--topo", "none", "-o", str(tmp_path / "r.jsonl")]
    done = ranks.finish(ranks.mpirun(2, *program, *arguments, "--json"))
    assert done.returncode == 1, done.stderr
    report = json.loads(done.stdout.replace("\0", "")[: done.stdout.rindex("}") + 1])
    assert {(row["nbytes"], row["wrong"]) for row in report["rows"]} == {(8, 0), (4096, 1)}
    assert report["wrong_cases"] == 2
    assert "fabricbench: WRONG RESULTS in 2 of 4 cases: 2 elements differ from the exact result" in done.stderr
    assert {(r.case.nbytes, r.wrong) for r in read(tmp_path / "r.jsonl")[0]} == {(8, 0), (4096, 1)}
    done = ranks.finish(ranks.mpirun(2, *program, *arguments))
    assert done.returncode == 1
    assert "# WRONG RESULTS: 2 elements differ from the exact result." in done.stdout


@pytest.mark.parametrize("backend", ["mpi"], indirect=True)
def test_orders_are_cases_of_their_own(backend, ranks):
    """That gloo's groups keep an order is in test_groups.py."""
    arguments = ["--ranks", "1,2", *QUICK, "--orders", "contiguous,interleaved,scattered:3", "--json"]
    done = ranks.measure("--backend", backend.name, *arguments)
    found = rows(done)
    assert {(r["world_size"], r["order"]) for r in found} == {(p, o) for p in (1, 2) for o in ("contiguous", "scattered:3")}
    assert {r["wrong"] for r in found} == {0}
    assert "# interleaved: on 1, 2 ranks the same as contiguous, left out" in done.stderr


def test_this_machine_is_the_bound_where_none_is_named(ranks):
    ranks.needs("mpi")
    asked = ["--backend", "mpi", "--ranks", "1,2", "--sizes", "64KiB", "--iters", "9", "--json"]
    found = rows(ranks.measure(*asked, bounds=True))
    assert {r["bottleneck"] for r in found if r["world_size"] == 2} == {"device"}
    for row in found:
        if row["world_size"] == 2:
            assert row["of_bound"] == pytest.approx(row["busbw_bytes_per_second"] / row["bound_busbw_bytes_per_second"])
        else:
            assert row["of_bound"] is None


def test_both_loops_and_every_rank(tmp_path, ranks):
    ranks.needs("mpi")
    path = tmp_path / "r.jsonl"
    done = ranks.measure(
        *("--backend", "mpi", "--ranks", "2", "--sizes", "64KiB", "--iters", "9", "--topo", "none"),
        *("--loop", "python", "--per-rank", "-o", str(path)),
    )
    assert done.returncode == 0, done.stderr
    for result in read(path)[0]:
        assert result.context["loop"] == "python"
        by_rank = result.context["seconds_by_rank"]
        assert [len(own) for own in by_rank] == [9, 9]
        assert [max(pair) for pair in zip(*by_rank, strict=True)] == pytest.approx(result.seconds)


def test_a_real_curve_may_be_refined(tmp_path, ranks):
    ranks.needs("mpi")
    path = tmp_path / "r.jsonl"
    sizes = ["--min", "1KiB", "--max", "64KiB", "--budget", "0.05", "--refine", "2", "--topo", "none"]
    done = ranks.measure("--backend", "mpi", "--ranks", "2", *sizes, "-o", str(path), "--json")
    assert done.returncode == 0, done.stderr
    report, results = json.loads(done.stdout), read(path)[0]
    extra = {(r.case.in_place, r.case.nbytes) for r in results if r.context.get("refined")}
    assert all(sum(form == own for own, _ in extra) <= 2 for form in (True, False))
    assert all(nbytes % 4 == 0 and 1024 < nbytes < 65536 for _, nbytes in extra)
    for one in report["switches"]:
        assert 1024 <= one["low_nbytes"] < one["high_nbytes"] <= 1.12 * one["low_nbytes"] + 8
