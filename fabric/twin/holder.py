"""The process that owns a twin: a user, network, mount and process namespace of its own. It does not know what is inside.

Everything lives in these namespaces, so that ending the holder ends every process and removes every link, however it ends.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep

from fabric.errors import EnvironmentFault

TOOLS = ("ip", "tc", "unshare", "nsenter", "mount")
PREPARE = (
    "read pid _ < /proc/self/stat && mount -t proc proc /proc && mount -t tmpfs tmpfs /run && mkdir /run/lock "
    "&& ip link set lo up && echo $pid && exec "
)
"""Of the holder: its process number as seen from outside, then its own /proc and /run."""
UNTIL_EOF, FOREVER = "cat > /dev/null", "sleep infinity > /dev/null 2>&1 < /dev/null"
MODES = {"rootless": ("--user", "--map-root-user"), "root": ()}
STARTS_WITHIN = 20.0


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
        return [*enter, "--", "sh", "-c", 'cd "$0" && exec "$@"', folder or str(Path.cwd()), *command]

    def run(self, script: str) -> None:
        """Run a shell script inside.

        Raises:
            EnvironmentFault: its first error.
        """
        done = subprocess.run(self.inside(["sh", "-e"], "/"), input=script, capture_output=True, text=True, check=False)
        if done.returncode:
            lines = [line for line in done.stderr.splitlines() if line.strip()] or ["it gives no reason"]
            raise EnvironmentFault(f"twin: the bring-up failed: {' / '.join(lines[:2])}")

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


def hold(mode: str = "auto", *, lasting: bool = False) -> tuple[Holder, subprocess.Popen[str]]:
    """Return a new holder and the process that waits for it; unless lasting, it ends as soon as this process does.

    mode: `rootless` (user namespaces), `root`, or `auto`: rootless where the kernel allows it, else root.

    Raises:
        EnvironmentFault: not Linux, a missing tool, or a kernel that allows neither.
    """
    missing = [tool for tool in TOOLS if shutil.which(tool) is None]
    if missing or not Path("/proc/self/ns/net").exists():
        reason = f"{', '.join(missing)} not found; install iproute2 and util-linux" if missing else "only Linux has namespaces"
        raise EnvironmentFault(f"twin: {reason}")
    reasons = []
    for name in ("rootless", "root") if mode == "auto" else (mode,):
        if name == "root" and os.geteuid():
            reasons.append("root: not root")
            continue
        child = _start(MODES[name], lasting=lasting)
        assert child.stdout is not None  # noqa: S101  # a pipe was asked for
        line = child.stdout.readline().strip()
        started = start_of(int(line)) if line.isdigit() else None
        if started is not None:
            return Holder(int(line), started, name == "rootless"), child
        _, said = child.communicate(timeout=STARTS_WITHIN)
        reasons.append(f"{name}: {' '.join(said.split()) or 'ended without a reason'}")
    raise EnvironmentFault(
        f"twin: no namespaces can be made here ({'; '.join(reasons)}); be root, or allow user namespaces: "
        "sysctl kernel.apparmor_restrict_unprivileged_userns=0 (Ubuntu), kernel.unprivileged_userns_clone=1 (Debian)"
    )


def _start(user: Sequence[str], *, lasting: bool) -> subprocess.Popen[str]:
    words = ["unshare", *user, "--net", "--mount", "--pid", "--fork", "--kill-child=SIGKILL", "sh", "-c"]
    return subprocess.Popen(
        [*words, PREPARE + (FOREVER if lasting else UNTIL_EOF)],
        stdin=subprocess.DEVNULL if lasting else subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=_plain(os.environ),
        start_new_session=True,
    )


def _plain(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the environment with a path on which ip and tc are found by any user."""
    return {**environment, "PATH": f"{environment.get('PATH', '')}:/usr/sbin:/sbin"}
