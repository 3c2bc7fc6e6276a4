"""A world of ranks from connecting to leaving it, in good order or not. It does not know what the ranks do in between."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext

from fabric.errors import EnvironmentFault
from fabric.measure.backends.backend import Backend, World
from fabric.measure.launch.connecting import connecting, watched
from fabric.measure.launch.launcher import Launch
from fabric.measure.launch.waiting import not_without_end
from topologies.errors import InputError

EXIT_CODES: Mapping[type[BaseException], int] = {InputError: 2, KeyboardInterrupt: 130}
"""What a rank ends with that cannot leave in good order; 3 for everything else."""


def check_backend(chosen: Backend, launch: Launch) -> None:
    """Raise EnvironmentFault unless the library is there and runs under this launcher."""
    missing = chosen.missing()
    if missing is not None:
        raise EnvironmentFault(f"{chosen.name}: {missing}")
    if launch.started and launch.launcher not in chosen.launchers:
        raise EnvironmentFault(f"{chosen.name}: does not run under {launch.name}; start it plainly, under mpirun or under srun")


@contextmanager
def connected(chosen: Backend, launch: Launch, timeout: float) -> Iterator[World]:
    """Connect the ranks; close the world at a good end, else see to it that this rank can end, and say what failed.

    Raises:
        EnvironmentFault: the library is missing, does not run under this launcher, or lost a rank.
    """
    check_backend(chosen, launch)
    limited = not_without_end(launch, timeout) if launch.started and not watched() else nullcontext()
    with connecting(launch.rank), limited:
        world = chosen.connect(launch, timeout)
    try:
        yield world
        world.close()
    except BaseException as error:  # torch's and mpi4py's own errors are RuntimeErrors
        world.abandon(next((code for kind, code in EXIT_CODES.items() if isinstance(error, kind)), 3))
        if not isinstance(error, RuntimeError) or isinstance(error, EnvironmentFault):
            raise
        raise EnvironmentFault(f"{chosen.name}: a rank was lost or the library failed: {_first_words(error)}") from None


def _first_words(error: RuntimeError) -> str:
    """Return the first sentence of a library's error, without the place in its sources."""
    line = (str(error).splitlines() or ["it gives no reason"])[0]
    return re.sub(r"^\[[^\]]*\]\s*", "", line).split(". ")[0][:120]
