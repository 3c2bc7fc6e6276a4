"""The wheel holds all it needs: installed into an environment of its own, away from the sources, five commands run.

Dependencies are this environment's, put on the path of the other; its own `fabricbench` is an editable install, which a
path alone does not bring along.
"""

import os
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path
from zipfile import ZipFile

import pytest

ROOT = Path(__file__).parent.parent
COMMANDS = [
    ["show", "fat_tree:k=4"],
    ["predict", "--topo", "dgx-h100:nodes=4", "--sizes", "1GiB"],
    ["hardware", "dgx-h100"],
    ["schema", "predict"],
    ["review", "run", "review.yaml", "-o", "page.html"],
]
REVIEW = """
title: small
candidates: [{name: one, topo: "fat_tree:k=4"}]
cases: [{collective: all_reduce, size: 64MiB}]
node: node-8xh100
failing: {links: [1], host_links: [], switches: [], racks: [], seeds: 1}
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """The interpreter of an environment that holds the wheel."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder)]
    subprocess.run([*build, str(ROOT)], check=True, cwd=folder, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    venv.create(folder / "env", with_pip=False, symlinks=True)
    python = folder / "env" / "bin" / "python"
    (site,) = (folder / "env" / "lib").glob("python*/site-packages")
    ZipFile(wheel).extractall(site)
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return python, ZipFile(wheel).namelist()


def run(python, folder, *words):
    """Return one run; kernels stay Python, since an environment of its own would compile them anew for half a minute."""
    clean = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"} | {"NUMBA_DISABLE_JIT": "1"}
    code = "import sys; from fabricbench.entry import main; sys.argv[0] = 'fabricbench'; main()"
    return subprocess.run(
        [str(python), "-c", code, *words], cwd=folder, env=clean, capture_output=True, text=True, check=False, timeout=250
    )


def test_it_ships_three_packages_and_their_data(installed):
    _, names = installed
    assert {name.split("/")[0] for name in names if ".dist-info" not in name} == {"fabricbench", "fabric", "topologies"}
    for name in (
        "fabricbench/py.typed",
        "fabric/report/review/page.css",
        "fabric/report/run/page.js",
        "fabric/hardware/data/links.yaml",
    ):
        assert name in names


@pytest.mark.parametrize("words", COMMANDS, ids=lambda words: words[0])
def test_a_command_runs_from_the_wheel(installed, tmp_path, words):
    python, _ = installed
    (tmp_path / "review.yaml").write_text(REVIEW)
    done = run(python, tmp_path, *words)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()


def test_its_sources_are_the_wheel_s(installed, tmp_path):
    python, _ = installed
    clean = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    code = "import fabric, fabricbench, topologies; print(fabric.__file__, fabricbench.__file__, topologies.__file__)"
    done = subprocess.run([str(python), "-c", code], cwd=tmp_path, env=clean, capture_output=True, text=True, check=True)
    assert all(str(python.parents[1]) in path for path in done.stdout.split())
