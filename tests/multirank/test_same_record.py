"""One question, three ways in: the command line, Python and the pytest fixture measure the same case."""

import json

import pytest

import fabricbench as fb

pytestmark = pytest.mark.multirank
ASKED = [("all_reduce", 4096), ("all_gather", 65536)]
SUITE = """
import pytest

@pytest.mark.parametrize(("name", "nbytes"), %r)
def test_it(collective, name, nbytes):
    collective(name, nbytes=nbytes, backend="gloo", iters=5)
"""
KEYS = ("collective", "nbytes", "world_size", "source", "wrong")


def test_the_same_case_is_measured(tmp_path, ranks):
    ranks.needs("gloo")
    options = {"backend": "gloo", "collective": ["all_reduce", "all_gather"], "ranks": [2], "iters": 5}
    python = fb.measure(sizes="4096,65536", **options)
    done = ranks.measure(
        "--backend", "gloo", "--collective", "all_reduce,all_gather", "--ranks", "2", "--sizes", "4096,65536", "--iters", "5",
        "--topo", "none", "--json",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    line = json.loads(done.stdout)["rows"]
    path = tmp_path / "suite" / "test_suite.py"
    path.parent.mkdir()
    path.write_text(SUITE % ASKED)
    words = ["-m", "pytest", str(path), "-q", "-p", "no:cacheprovider", f"--benchmark-json={tmp_path / 'b.json'}"]
    ran = ranks.finish(ranks.torchrun(2, *words, "-c", "/dev/null", f"--rootdir={tmp_path}"))
    assert ran.returncode == 0, ran.stdout + ran.stderr
    fixture = [one["extra_info"] for one in json.loads((tmp_path / "b.json").read_text())["benchmarks"]]
    seen = {tuple(row[key] for key in KEYS) for row in line}
    assert seen == {tuple(row[key] for key in KEYS) for row in python.rows()}
    assert {tuple(info[key] for key in KEYS) for info in fixture} <= seen
    assert len(fixture) == len(ASKED)
    case = {key for key in line[0] if key in ("op", "dtype", "mode", "order", "nodes", "in_place", "root", "params")}
    for ours, theirs in zip(python.rows(), line, strict=True):
        assert {key: ours[key] for key in case} == {key: theirs[key] for key in case}
