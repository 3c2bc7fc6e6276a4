"""Revisions and interpreters that cannot be compared are named in one line; worktrees go away whatever happens."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from fabric.errors import EnvironmentFault
from fabric.gate.sides import Side, check_revision, interpreters, worktrees
from topologies.errors import InputError

ROOT = Path(__file__).parents[3]


@pytest.fixture
def repository(tmp_path):
    def git(*words):
        own = ["-c", "user.name=n", "-c", "user.email=e@e", "-c", "init.defaultBranch=main", "-c", "commit.gpgsign=false"]
        return subprocess.run(["git", *own, *words], cwd=tmp_path, capture_output=True, text=True, check=True).stdout

    git("init", "-q")
    for content in ("one", "two"):
        (tmp_path / "file").write_text(content)
        git("add", "file")
        git("commit", "-q", "-m", content)
    return tmp_path, git


def test_each_side_has_its_own_revision(repository):
    folder, git = repository
    with worktrees(("HEAD~1", "main"), folder) as (a, b):
        assert [(side.root / "file").read_text() for side in (a, b)] == ["one", "two"]
        assert a.python == sys.executable
    assert git("worktree", "list").count("\n") == 1
    assert not a.root.exists()


def fail_after_writing(path):
    path.write_text("by a build")
    raise ZeroDivisionError


def test_worktrees_are_removed_after_an_error(repository):
    folder, git = repository
    with pytest.raises(ZeroDivisionError), worktrees(("HEAD~1", "HEAD"), folder) as (a, _):
        fail_after_writing(a.root / "left behind")
    assert git("worktree", "list").count("\n") == 1


def test_a_revision_of_which_a_launch_imports_nothing_is_refused(repository):
    folder, git = repository
    (folder / "library.py").write_text("raise SystemExit\n")
    git("add", "library.py")
    git("commit", "-q", "-m", "never imported")
    with worktrees(("HEAD~1", "HEAD"), folder) as sides:
        for side in sides:
            with pytest.raises(
                InputError, match=r"revs: a launch imports nothing of HEAD(~1)? \(.*compare them with --envs A B"
            ):
                check_revision(side)


def test_a_revision_that_is_imported_is_measured(tmp_path):
    check_revision(Side("own", sys.executable, ROOT))
    (tmp_path / "sitecustomize.py").touch()  # Python itself imports it
    check_revision(Side("changes Python's start", sys.executable, tmp_path))


@pytest.mark.parametrize(
    ("content", "reason"),
    [("raise SystemExit", "the interpreter ended with exit code 0"), ("import none", "No module named 'none'")],
)
def test_a_revision_that_cannot_be_imported_says_why(content, reason, tmp_path):
    (tmp_path / "fabric").mkdir()
    (tmp_path / "fabric" / "__init__.py").write_text(content)
    with pytest.raises(EnvironmentFault, match=f"new: fabric cannot be imported there: .*{reason}"):
        check_revision(Side("new", sys.executable, tmp_path))


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_interrupted_in_the_middle_of_a_checkout_nothing_is_left(number, code, repository, tmp_path_factory):
    folder, git = repository
    begun, mine = tmp_path_factory.mktemp("begun") / "begun", tmp_path_factory.mktemp("temporary")
    (folder / ".git" / "info" / "attributes").write_text("file filter=slow\n")
    git("config", "filter.slow.smudge", f"touch {begun}; sleep 60")
    program = (
        "from pathlib import Path; from fabric.gate.sides import worktrees\n"
        "try:\n    with worktrees(('HEAD~1', 'HEAD'), Path.cwd()): pass\n"
        "except KeyboardInterrupt: raise SystemExit(130) from None\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(mine)}
    running = subprocess.Popen([sys.executable, "-c", program], cwd=folder, env=environment, stderr=subprocess.PIPE)
    while not begun.exists():
        assert running.poll() is None, running.stderr.read()
        time.sleep(0.01)
    running.send_signal(number)
    _, said = running.communicate(timeout=50)
    assert running.returncode == code, said
    assert git("worktree", "list").count("\n") == 1
    assert list(mine.iterdir()) == []


@pytest.mark.parametrize("revision", ["no-such-branch", "--help", ""])
def test_a_revision_that_is_none_is_named(revision, repository):
    with pytest.raises(InputError, match=f"revs: must be a revision of this git repository, got '{revision}'"):  # noqa: SIM117
        with worktrees(("HEAD", revision), repository[0]):
            pass


def test_outside_a_repository_it_says_so(tmp_path):
    with pytest.raises(InputError, match="revs: must be a revision, inside a git repository, got 'HEAD'"):  # noqa: SIM117
        with worktrees(("HEAD", "HEAD"), tmp_path):
            pass


def test_interpreters_are_tried_first(tmp_path):
    with pytest.raises(InputError, match="envs: must be a Python interpreter, got '/no/python'"):  # noqa: SIM117
        with interpreters(("/no/python", sys.executable)):
            pass
    with pytest.raises(InputError, match="envs: /bin/true cannot import what fabricbench needs: the interpreter ended with"):  # noqa: SIM117
        with interpreters((sys.executable, "/bin/true")):
            pass
    bare = tmp_path / "bare"
    bare.write_text("#!/bin/sh\necho \"ModuleNotFoundError: No module named 'numpy'\" >&2\nexit 1\n")
    bare.chmod(0o755)
    with pytest.raises(InputError, match=f"envs: {bare} cannot import what fabricbench needs: ModuleNotFoundError"):  # noqa: SIM117
        with interpreters((sys.executable, str(bare))):
            pass
