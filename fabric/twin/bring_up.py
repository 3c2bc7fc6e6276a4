"""A twin from bring-up to teardown: made for the length of a block, or left running under a name. It measures nothing."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from time import monotonic

from fabric.text.escape import shown
from fabric.twin import state
from fabric.twin.holder import Holder, hold
from fabric.twin.plan import TwinPlan
from fabric.twin.script import script
from topologies.errors import InputError

NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,30}", re.ASCII)


@contextmanager
def running(plan: TwinPlan, mode: str = "auto") -> Iterator[tuple[Holder, float]]:
    """Give the holder of a twin and the seconds of its bring-up; it is gone after the block, however that ends.

    It ends with this process too, kill -9 included.

    Raises:
        EnvironmentFault: no namespaces can be made here, or a command failed.
    """
    before = monotonic()
    holder, child = hold(mode)
    try:
        holder.run(script(plan))
        yield holder, monotonic() - before
    finally:
        _finish(holder, child)


def check_name(name: str) -> None:
    """Return nothing where a twin can have this name; InputError where not."""
    if not NAME.fullmatch(name):
        raise InputError(f"name: must be up to 31 of a-z, 0-9 and -, a letter or digit first, got {shown(name)}")


def up(plan: TwinPlan, name: str, mode: str = "auto") -> state.Twin:
    """Return a twin that stays until down(), even when this process is gone.

    Raises:
        InputError: the name is taken, is that of a twin that died, or no name.
        EnvironmentFault: as running(), or there is no folder to say where the twin is.
    """
    check_name(name)
    if state.exists(name):
        how = "is running" if state.load(name).holder.alive() else "has died and left its state behind"
        raise InputError(f"name: a twin {name!r} {how}; run `twin down {name}` first, or choose another --name")
    with ExitStack() as undo:
        holder, child = hold(mode)
        undo.callback(_finish, holder, child)
        holder.run(script(plan))
        made = state.Twin(name, holder, plan.fabric.topology.name, tuple(box.name for box in plan.boxes))
        state.save(made)
        undo.callback(state.forget, name)
        holder.stay()  # last: killed before, this process takes the twin with it
        undo.pop_all()
    _close(child)
    child.returncode = 0  # it outlives this process on purpose: nothing is to wait for it
    return made


def down(name: str) -> bool:
    """End a twin and forget it; return whether it was still running.

    Raises:
        InputError: there is none of this name.
    """
    twin = state.load(name)
    was = twin.holder.alive()
    twin.holder.end()
    state.forget(name)
    return was


def _finish(holder: Holder, child: subprocess.Popen[str]) -> None:
    holder.end()
    child.wait()
    _close(child)


def _close(child: subprocess.Popen[str]) -> None:
    for pipe in (child.stdin, child.stdout, child.stderr):
        if pipe is not None:
            pipe.close()
