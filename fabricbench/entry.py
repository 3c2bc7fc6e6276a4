"""The console script's entry: checks that the packages `fabric` and `topologies` are ours, then runs the command line.

It stands outside both packages on purpose: where an unrelated package of the same name is found first, nothing inside
ours could say so.
"""

import importlib.util
import sys
from functools import cache

FOREIGN = {"fabric": "fabric (the SSH tool)", "topologies": "topologies"}
"""Import name -> the distribution on PyPI that also installs it."""


def clash(name: str) -> str | None:
    """Return one line naming the foreign package that hides ours under this import name, or None where ours is found."""
    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None:
        return f"fabricbench: its package `{name}` was not found; reinstall fabricbench in an environment of its own"
    package = importlib.import_module(name)
    if getattr(package, "DISTRIBUTION", None) == "fabricbench":
        return None
    return (
        f"fabricbench: the import name `{name}` belongs to another package here ({spec.origin}); "
        f"remove {FOREIGN[name]} with `pip uninstall {name}`, reinstall fabricbench, or give it an environment of its own"
    )


@cache
def hidden() -> str | None:
    """Return one line naming the first foreign package that hides one of ours, None where none does; looked at once."""
    return next((line for name in FOREIGN if (line := clash(name))), None)


def main() -> None:
    """Run the command line; exit 3 with one line where a foreign package hides ours."""
    line = hidden()
    if line is not None:
        print(line, file=sys.stderr)
        raise SystemExit(3)
    from fabric.cli.main import main as run

    run()
