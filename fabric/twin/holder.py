"""The process that owns a twin: a user, network, mount and process namespace of its own. It does not know what is inside.

Everything lives in these namespaces, so that ending the holder ends every process and removes every link, however it ends.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep

from fabric.errors import EnvironmentFault

TOOLS = ("ip", "tc", "unshare", "nsenter", "mount")
SYSTEM_PATH = "/usr/sbin:/sbin"
"""Where ip and tc are: not on every user's path."""
STAY = "/run/stay"
"""With this file a holder goes on when its input ends."""
HOLD = (
    "read pid _ < /proc/self/stat && mount -t proc proc /proc && mount -t tmpfs tmpfs /run && mkdir /run/lock "
    f"&& ip link set lo up && echo $pid && cat > /dev/null; [ -e {STAY} ] && exec sleep infinity > /dev/null 2>&1 < /dev/null"
)
"""Makes its own /proc and /run, says its process number as seen from outside, and ends with its input unless told to stay."""
MODES = {"rootless": ("--user", "--map-root-user"), "root": ()}
STARTS_WITHIN = 20.0
ENDED = "the process that holds the twin has ended; was it killed?"
FULL, MORE = "No space left on device", "user.max_user_namespaces=15000"
"""What unshare says where there are as many user namespaces as may be, and what to do."""
ALLOW = (
    "kernel.apparmor_restrict_unprivileged_userns=0 (Ubuntu), kernel.unprivileged_userns_clone=1 (Debian); a container's own "
    "settings may forbid them too"
)


@dataclass(frozen=True)
class Holder:
    """A running holder. pid: as seen from outside; started: in clock ticks, so that no other process is taken for it."""

    pid: int
    started: int
    rootless: bool

    def inside(self, command: Sequence[str], folder: str | None = None) -> list[str]:
        """Return the command that runs a command inside, in a folder."""
        user = ["--user", "--preserve-credentials"] if self.rootless else []
        enter = ["nsenter", "--target", str(self.pid), *user, "--mount", "--net", "--pid"]
        there = f'PATH=$PATH:{SYSTEM_PATH}; cd "$0" 2> /dev/null || cd /; exec "$@"'
        return [*enter, "--", "sh", "-c", there, folder or str(Path.cwd()), *command]

    def run(self, script: str, doing: str = "the bring-up") -> str:
        """Run a shell script inside and return what it prints. doing: what it is for, in words.

        Raises:
            EnvironmentFault: its first error.
        """
        done = subprocess.run(self.inside(["sh", "-e"], "/"), input=script, capture_output=True, text=True, check=False)
        if done.returncode:
            lines = [line for line in done.stderr.splitlines() if line.strip()] or ["it gives no reason"]
            raise EnvironmentFault(f"twin: {doing} failed: {' / '.join(lines[:2]) if self.alive() else ENDED}")
        return done.stdout

    def stay(self) -> None:
        """Let it go on when the process that started it ends."""
        self.run(f"touch {STAY}")

    def alive(self) -> bool:
        """Return whether it still runs."""
        return start_of(self.pid) == self.started

    def end(self) -> None:
        """End it and all that runs inside, and wait until it is gone."""
        if self.alive():
            with suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)
        deadline = monotonic() + STARTS_WITHIN
        while self.alive() and monotonic() < deadline:
            sleep(0.005)


def start_of(pid: int) -> int | None:
    """Return when a process started, in clock ticks since the system did; None where it is gone or a zombie."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] in "ZX" else int(fields[19])


def hold(mode: str = "auto") -> tuple[Holder, subprocess.Popen[str]]:
    """Return a new holder and the process that waits for it; it ends as soon as this process does, unless told to stay().

    mode: `rootless` (user namespaces), `root`, or `auto`: rootless where the kernel allows it, else root.

    Raises:
        EnvironmentFault: not Linux, a missing tool, or a kernel that allows neither.
    """
    _check_machine()
    reasons = []
    for name in ("rootless", "root") if mode == "auto" else (mode,):
        found = "not root" if name == "root" and os.geteuid() else _start(name)
        if not isinstance(found, str):
            return found
        reasons.append(f"{name}: {found}")
    said = "; ".join(reasons)
    raise EnvironmentFault(f"twin: no namespaces can be made here ({said}); {_remedy(mode, said)}")


def _remedy(mode: str, said: str) -> str:
    if mode == "root":
        return "be root, or take --as rootless"
    return f"be root, or allow user namespaces with sysctl: {MORE if FULL in said else ALLOW}"


def _check_machine() -> None:
    missing = [tool for tool in TOOLS if shutil.which(tool, path=_path()) is None]
    if missing:
        raise EnvironmentFault(f"twin: {', '.join(missing)} not found; install iproute2 and util-linux")
    if not Path("/proc/self/ns/net").exists():
        raise EnvironmentFault("twin: only Linux has network namespaces, this machine has none")


def _start(name: str) -> tuple[Holder, subprocess.Popen[str]] | str:
    """Return a holder of a mode with the process that waits for it, or why there is none."""
    words = ["unshare", *MODES[name], "--net", "--mount", "--pid", "--fork", "--kill-child=SIGKILL", "sh", "-c", HOLD]
    pipe, own = subprocess.PIPE, {**os.environ, "PATH": _path()}
    child = subprocess.Popen(words, stdin=pipe, stdout=pipe, stderr=pipe, text=True, env=own, start_new_session=True)
    assert child.stdout is not None  # noqa: S101  # a pipe was asked for
    line = child.stdout.readline().strip()
    started = start_of(int(line)) if line.isdigit() else None
    if started is not None:
        return Holder(int(line), started, name == "rootless"), child
    _, said = child.communicate(timeout=STARTS_WITHIN)
    return " ".join(said.split()) or "ended without a reason"


def _path() -> str:
    return f"{os.environ.get('PATH', '')}:{SYSTEM_PATH}"
