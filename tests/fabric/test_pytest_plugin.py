"""The pytest plugin as a user has it: free where it is not asked for, one clear line where something is missing or wrong."""

import json
import os
import subprocess
import sys
import tomllib
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PLAIN = {key: value for key, value in os.environ.items() if not key.startswith(("OMPI_", "PMI", "SLURM_", "RANK", "PYTEST_"))}
RANK_1 = {"RANK": "1", "WORLD_SIZE": "2", "LOCAL_RANK": "1", "LOCAL_WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1"}
ASKS = "def test_it(collective):\n    collective('all_reduce', nbytes=64, budget=0.05{more})\n"


def suite(folder, text, *words, plugin=True, **variables):
    """Return a finished pytest of one file in a folder that is no project of ours."""
    (folder / "test_it.py").write_text(text)
    (folder / "pytest.ini").write_text("[pytest]\n")
    loaded = {entry.value for entry in entry_points(group="pytest11")}
    named = ["-p", "fabric.pytest_plugin"] if plugin and "fabric.pytest_plugin" not in loaded else []
    line = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *named, *words]
    return subprocess.run(
        line,
        cwd=folder,
        env={**PLAIN, "PYTHONPATH": str(ROOT), **variables},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def needs_gloo():
    pytest.importorskip("torch", reason="torch is not installed: the fixture has no library to measure")


def test_the_entry_point_is_in_the_package_and_loads_the_plugin():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    ((name, value),) = project["entry-points"]["pytest11"].items()
    module = EntryPoint(name, value, "pytest11").load()
    assert module.__name__ == name == "fabric.pytest_plugin", "another name would register it twice beside pytest_plugins"


def test_importing_it_imports_nothing_but_pytest():
    look = (
        "import pytest, sys; before = set(sys.modules); import fabric.pytest_plugin; print(*sorted(set(sys.modules) - before))"
    )
    done = subprocess.run([sys.executable, "-c", look], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["fabric", "fabric.pytest_plugin"]


def test_a_suite_that_does_not_ask_for_it_pays_and_sees_nothing(tmp_path):
    text = (
        "import sys\ndef test_it():\n    assert not [m for m in sys.modules if m.startswith(('fabric.m', 'numpy', 'torch'))]\n"
    )
    assert "1 passed" in suite(tmp_path, text).stdout
    as_rank = suite(tmp_path, "def test_it():\n    pass\n", MASTER_PORT="1", **RANK_1)
    assert "1 passed" in as_rank.stdout, "other ranks of suites that are not ours speak as ever"


def test_a_parameter_of_the_same_name_is_the_users_own(tmp_path):
    """The user's benchmark was given the clock that replays our times, and ended with StopIteration."""
    code = (
        "import pytest\n@pytest.mark.parametrize('collective', ['all_reduce'])\n"
        "def test_it(benchmark, collective):\n    benchmark.pedantic(len, (collective,), rounds=3)\n"
    )
    done = suite(tmp_path, code, "--benchmark-enable")
    assert "1 passed" in done.stdout


def test_ranks_other_than_0_are_silent_where_it_is_asked_for(tmp_path):
    report = tmp_path / "junit.xml"
    done = suite(tmp_path, ASKS.format(more=""), "--collect-only", f"--junitxml={report}", MASTER_PORT="1", **RANK_1)
    assert (done.returncode, done.stdout) == (0, "")
    assert not report.exists()


MEASURES = """import time
import fabric.measure.timing.loop as loop
import pytest

def test_alone(collective):
    collective('all_reduce', nbytes=64, budget=0.05, backend='gloo', dtype='f64')

def test_own(collective):
    timing = collective(lambda: time.sleep(0.001), backend='gloo', budget=0.1)
    assert 0.001 <= timing.interval[0] <= timing.median <= timing.interval[1]
    assert timing.median <= timing.p99 <= max(timing.seconds)
    assert timing.wrong is None

def test_wrong(collective, monkeypatch):
    monkeypatch.setattr(loop, "count_wrong", lambda *_: 3)
    collective('all_reduce', nbytes=64, budget=0.05, backend='gloo')

@pytest.mark.floor("floor.json")
def test_unknown(collective):
    collective("all_reduce", nbytes=64, backend="gloo", iters=9)

@pytest.mark.floor("missing.json")
def test_missing(collective):
    collective("all_reduce", nbytes=64, backend="gloo", iters=9)

@pytest.mark.floor("floor.json")
def test_callable(collective):
    collective(lambda: None, backend="gloo", iters=9)

"""
FLOOR = {"schema": "fabricbench.floor/1", "points": []}
BAD = {
    "nbytes=64, backend='smoke'": "backend: must be",
    "nbytes=64, backend='gloo', dtype='f7'": "dtype: must be one of",
    "nbytes=64, backend='gloo', colour=1": "collective: takes nbytes, backend, dtype",
    "nbytes=64, backend='gloo', iters='x'": "iters: must be a whole number of iterations, got 'x'",
    "nbytes=64, backend='gloo', in_place=False": "in_place: all_reduce of gloo has no such form, got False",
    "nbytes=2**70, backend='gloo'": "sizes: a buffer must fit into the memory of this machine, got 1180591620717411303424 B",
}
"""What is asked -> what is said of it."""


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """The folder and the output of one suite of all that gloo measures: importing torch is most of such a run."""
    needs_gloo()
    folder = tmp_path_factory.mktemp("suite")
    (folder / "floor.json").write_text(json.dumps(FLOOR))
    bad = "".join(f"def test_{n}(collective):\n    collective('all_reduce', {asked})\n" for n, asked in enumerate(BAD))
    done = suite(folder, MEASURES + bad, "-rA", "--strict-markers", "--benchmark-json=out.json", COLUMNS="400")
    return folder, done.stdout


def test_it_measures_alone_and_gives_the_times_to_pytest_benchmark(ran):
    folder, said = ran
    assert "PASSED test_it.py::test_alone" in said, said
    assert '"nbytes": 64' in (folder / "out.json").read_text()


def test_a_callable_of_the_users_own_is_timed_under_a_name_that_says_library_and_ranks(ran):
    folder, said = ran
    assert "PASSED test_it.py::test_own" in said, said
    every = {one["name"]: one for one in json.loads((folder / "out.json").read_text())["benchmarks"]}
    found = every["test_own gloo, 1 rank"]
    assert found["fullname"] == "test_it.py::test_own gloo, 1 rank"
    assert found["stats"]["min"] >= 0.001
    assert found["extra_info"]["callable"] == "<lambda>"


def test_on_one_rank_it_says_that_nothing_is_sent(ran, tmp_path):
    said = " collectives were timed on 1 rank, where nothing is sent: start the ranks with `mpirun -n 2 python -m"
    assert said in ran[1]
    assert "fabricbench:" not in suite(tmp_path, "def test_it():\n    pass\n").stdout


def test_mpi_on_one_rank_is_no_result(tmp_path):
    pytest.importorskip("mpi4py", reason="mpi4py is not installed")
    done = suite(tmp_path, ASKS.format(more=", backend='mpi'"), "-rs", "--benchmark-json=out.json")
    assert "1 skipped" in done.stdout, done.stdout
    assert "mpi: on one rank nothing is sent, so that there is no result; start the ranks with `mpirun -n 2" in done.stdout
    assert not (tmp_path / "out.json").exists() or '"benchmarks": []' in (tmp_path / "out.json").read_text()


def test_without_pytest_benchmark_it_is_one_line(tmp_path):
    done = suite(tmp_path, ASKS.format(more=""), "-p", "no:benchmark")
    assert done.returncode == 1
    assert "collective: needs pytest-benchmark; `pip install pytest-benchmark`" in done.stdout
    assert "Traceback" not in done.stdout


def test_wrong_results_fail_the_test(ran):
    assert "FAILED test_it.py::test_wrong - Failed: all_reduce: 3 wrong elements over all 1 ranks" in ran[1]


def test_bad_input_is_one_clear_line(ran):
    for number, line in enumerate(BAD.values()):
        assert f"FAILED test_it.py::test_{number} - Failed: {line}" in ran[1]
    assert "Traceback" not in ran[1]
    assert "Error" not in ran[1]


def test_a_floor_that_says_nothing_warns_and_one_that_cannot_be_read_fails(ran):
    said = ran[1]
    assert "PASSED test_it.py::test_unknown" in said
    assert "FloorWarning: unknown: all_reduce of 64 B on 1 ranks took " in said
    assert "FAILED test_it.py::test_missing - Failed: floor: cannot read " in said
    assert "FAILED test_it.py::test_callable - Failed: floor: holds collectives by name, not a callable: <lambda>" in said
    assert f"{2 + 1 + len(BAD)} failed, 3 passed" in said
