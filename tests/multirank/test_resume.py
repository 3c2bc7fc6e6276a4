"""A run that is killed and resumed has every cell as often as asked; a full disk keeps what there is."""

import json
import os
import resource
import signal
import subprocess
from collections import Counter

import pytest

from fabric.records.store import read

pytestmark = pytest.mark.multirank
VISITS = 3
COUNTS = ["--iters", "60", "--warmup", "1", "--visits", str(VISITS), "--topo", "none"]
RUN = ["--ranks", "1,2", "--sizes", "8,8MiB", *COUNTS]
ORDERS = ["--orders", "contiguous,scattered:3"]


def killed(path, ranks, arguments, victim):
    """Start a run and end one of its processes without mercy once three results are on disk."""
    with ranks.start_measure(*arguments, "-o", str(path)) as process:
        ranks.wait_until(lambda: path.exists() and path.read_bytes().count(b"\n") >= 3, every=0.005)
        os.kill(victim(process), signal.SIGKILL)
        process.communicate(timeout=60)
    ranks.wait_until(lambda: not ranks.processes(str(path)), 20)
    assert process.returncode != 0


def cells(results):
    return Counter((r.case.nbytes, r.case.world_size, r.case.in_place, r.case.order) for r in results)


@pytest.mark.parametrize("backend", ["mpi"], indirect=True)
def test_a_killed_start_is_resumed(backend, tmp_path, ranks):
    path = tmp_path / "r.jsonl"
    arguments = ["--backend", backend.name, *RUN, *ORDERS]
    killed(path, ranks, arguments, lambda process: process.pid)
    before, _ = read(path)
    path.write_bytes(path.read_bytes() + b'{"case":{"coll')
    done = ranks.measure(*arguments, "-o", str(path), "--resume", "--json")
    assert done.returncode == 0, done.stderr
    assert "its last line is torn (14 bytes)" in done.stderr
    after, torn = read(path)
    assert torn is None
    assert after[: len(before)] == before
    found = cells(after)
    assert len(found) == 2 * 2 * 2 * len(backend.ways["all_reduce"].forms)
    assert set(found.values()) == {VISITS}
    assert {row["samples"] for row in json.loads(done.stdout)["rows"]} == {VISITS * 20}
    assert len({r.context["launch"] for r in after}) == 2
    assert len({r.context["run"] for r in after}) == 1


def test_a_run_whose_rank_0_was_killed_is_resumed(tmp_path, ranks):
    ranks.needs("mpi")
    path = tmp_path / "r.jsonl"
    arguments = ["--backend", "mpi", *RUN]
    killed(path, ranks, arguments, lambda _: ranks.rank_pid(str(path), 0))
    done = ranks.measure(*arguments, "-o", str(path), "--resume")
    assert done.returncode == 0, done.stderr
    whole = read(path)[0]
    assert set(cells(whole).values()) == {VISITS}
    assert ranks.measure(*arguments, "-o", str(path), "--resume").returncode == 0
    assert len(read(path)[0]) == len(whole), "nothing was left to measure"


def test_another_command_or_another_library_is_refused(tmp_path, ranks):
    ranks.needs("mpi")
    path = tmp_path / "r.jsonl"
    arguments = ["--backend", "mpi", "--ranks", "2", "--sizes", "8", "--iters", "7", "--topo", "none", "-o", str(path)]
    assert ranks.measure(*arguments).returncode == 0
    other = ranks.measure(*("8" if word == "7" else word for word in arguments), "--resume")
    assert other.returncode == 2
    assert "fabricbench: resume: none of the file's 2 results on mpi is of this run" in other.stderr
    path.write_text(path.read_text().replace('"thread_level":"serialized"', '"thread_level":"multiple"'))
    kept = path.read_bytes()
    other = ranks.measure(*arguments, "--resume")
    assert other.returncode == 2
    lines = [line for line in other.stderr.splitlines() if not line.startswith("#")]
    assert lines == [
        "fabricbench: resume: thread level must be 'multiple' as in the file, got 'serialized'; choose another file"
    ]
    assert path.read_bytes() == kept


def test_several_launches_are_told_apart(tmp_path, ranks):
    ranks.needs("mpi")
    path = tmp_path / "r.jsonl"
    arguments = ["--backend", "mpi", "--ranks", "2", "--sizes", "8", "--iters", "12", "--visits", "2", "--topo", "none"]
    done = ranks.measure(*arguments, "--launches", "2", "-o", str(path), "--json")
    assert done.returncode == 0, done.stderr
    results, _ = read(path)
    assert set(Counter(r.context["launch"] for r in results).values()) == {2 * 2}
    assert {row["samples"] for row in json.loads(done.stdout)["rows"]} == {2 * 12}


def test_a_full_disk_is_one_line_and_keeps_what_there_is(tmp_path, ranks):
    """A limit on the size of files stands for the full disk: the kernel refuses the same write."""
    ranks.needs("gloo")
    path = tmp_path / "r.jsonl"
    arguments = ["--backend", "gloo", "--ranks", "2", "--sizes", "8,64,512,4KiB", *COUNTS, "-o", str(path)]
    command = [ranks.sys.executable, "-m", "fabric", "measure", *arguments]
    limit = 16 << 10
    done = subprocess.run(
        command,
        cwd=ranks.ROOT,
        env={**ranks.BARE, "PYTHONPATH": ranks.PATH},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
    )
    assert done.returncode == 3, done.stderr
    results, torn = read(path)
    assert torn is None
    assert len(results) >= 2
    assert path.stat().st_size <= limit
    lines = [line for line in done.stderr.splitlines() if line.startswith("fabricbench")]
    assert len(lines) == 1
    assert f"gloo: output: no room to write {path}: File too large; make room" in lines[0]
    assert f"{len(results)} results kept in {path}" in lines[0]
    rest = ranks.measure(*arguments, "--resume")
    assert rest.returncode == 0, rest.stderr
    assert set(cells(read(path)[0]).values()) == {VISITS}
