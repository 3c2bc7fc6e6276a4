"""A twin of somebody who is not root: no sbin on the path, no folder of its own, or no user namespaces at all."""

import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

pytestmark = pytest.mark.multirank
ROOT = Path(__file__).parents[2]
TOPO = "leaf_spine:leaves=2,spines=1,hosts_per_leaf=1"
NO_NAMESPACES = "echo 1 > /proc/sys/user/max_user_namespaces; exec unshare --user --map-user=1000 "
"""Inside a user namespace of its own, so that nobody else's are touched: one more, and then none."""


class User:
    """Somebody who is not root: `nobody` where the tests run as root, else who runs them."""

    def __init__(self, home):
        entry = pwd.getpwnam("nobody")
        self.switch = {} if os.geteuid() else {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
        packages = [path for path in sys.path if path.endswith("site-packages")]
        self.environment = {
            "HOME": str(home),
            "TMPDIR": str(home),
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "PYTHONPATH": os.pathsep.join([str(ROOT), *packages]),
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        if self.switch:
            os.chown(home, entry.pw_uid, entry.pw_gid)
        plain = f"/usr/bin/python{sys.version_info.major}.{sys.version_info.minor}"
        self.python = next((one for one in (sys.executable, plain) if self.may_run(one)), None)

    def run(self, *command, **more):
        environment = {**self.environment, **more}
        settings = {"cwd": ROOT, "capture_output": True, "text": True, "timeout": 60}
        return subprocess.run(command, env=environment, check=False, **settings, **self.switch)

    def may_run(self, python):
        try:
            return self.run(python, "-c", "import torch, fabric.cli.main").returncode == 0
        except OSError:
            return False

    def twin(self, *words, **more):
        return self.run(self.python, "-m", "fabric", "twin", *words, **more)


@pytest.fixture(scope="module")
def user():
    home = Path(tempfile.mkdtemp(prefix="fb-user-"))  # pytest's own folders are closed to others
    try:
        found = User(home)
        if found.python is None:
            pytest.skip("a user who is not root may not read this Python or these sources")
        if found.run("unshare", "--user", "--map-root-user", "true").returncode:
            pytest.skip("user namespaces are not allowed here")
        yield found
    finally:
        shutil.rmtree(home)


def test_a_run_without_root(user, ranks):
    ranks.needs("gloo")
    done = user.twin("run", TOPO, "--sizes", "256KiB", "--iters", "2")
    assert done.returncode == 0, done.stderr
    assert "twin:gloo" in done.stdout


def test_up_exec_down_without_a_run_time_folder(user):
    home = Path(user.environment["TMPDIR"])
    try:
        done = user.twin("up", TOPO, "--name", "mine")
        assert done.returncode == 0, done.stderr
        assert len(list(home.glob("fabricbench-*/mine.json"))) == 1
        there = user.twin("exec", "mine", "host0", "--", "tc", "qdisc", "show", "dev", "eth0")
        assert "tbf" in there.stdout, there.stderr
    finally:
        done = user.twin("down", "--all")
    assert done.stdout == "mine: ended\n"
    assert not list(home.glob("fabricbench-*")), "nothing is left"


def test_a_run_time_folder_of_somebody_else_is_refused(user):
    done = user.twin("up", TOPO, XDG_RUNTIME_DIR="/proc/1")
    assert done.returncode == 3
    assert done.stderr.startswith("fabricbench: twin: no state can be kept in /proc/1/fabricbench: ")
    assert done.stderr.endswith("; set XDG_RUNTIME_DIR to a folder of yours\n")


@pytest.mark.parametrize("verb", ["run", "up"])
def test_without_user_namespaces_one_line_says_what_to_do(user, verb):
    inside = f"{NO_NAMESPACES} {user.python} -m fabric twin {verb} {TOPO}"
    done = user.run("unshare", "--user", "--map-root-user", "sh", "-c", inside)
    assert done.returncode == 3, done.stderr
    assert done.stderr.count("\n") == 1
    assert "no namespaces can be made here" in done.stderr
    assert "sysctl: user.max_user_namespaces=" in done.stderr
