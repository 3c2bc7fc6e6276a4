"""Revisions and interpreters that cannot be compared are named in one line; worktrees go away whatever happens."""

import subprocess
import sys

import pytest

from fabric.measure.sides import interpreters, worktrees
from topologies.errors import InputError


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
    bare = tmp_path / "bare"
    bare.write_text("#!/bin/sh\necho \"ModuleNotFoundError: No module named 'numpy'\" >&2\nexit 1\n")
    bare.chmod(0o755)
    with pytest.raises(InputError, match=f"envs: {bare} cannot import what fabricbench needs: ModuleNotFoundError"):  # noqa: SIM117
        with interpreters((sys.executable, str(bare))):
            pass
