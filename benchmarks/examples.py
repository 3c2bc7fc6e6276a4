"""Reprints docs/examples/README.md: every example with what it prints. `python -m benchmarks.examples`."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / "docs" / "examples"
PAGE = FOLDER / "README.md"
HEAD = """# Examples

Each script asks one question and runs as it stands: `python docs/examples/NAME.py`. Below every one is what it printed; the
tests run them all. This page is written by `python -m benchmarks.examples`.
"""
ORDER = (
    "suits_2048", "my_log", "failed_spine", "two_jobs", "rank_order", "worst_traffic", "as_built", "measure_here",
)  # fmt: skip
MEASURED = frozenset({"measure_here"})
"""Examples whose numbers are measured, and so differ from run to run."""


def output(name: str) -> str:
    """Return what an example prints; its folder's path is left out."""
    path = os.pathsep.join(part for part in (str(ROOT), os.environ.get("PYTHONPATH")) if part)
    done = subprocess.run(
        [sys.executable, str(FOLDER / f"{name}.py")],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": path},
    )
    return done.stdout.replace(f"{FOLDER}{os.sep}", "")


def section(name: str) -> str:
    """Return an example's part of the page."""
    code = (FOLDER / f"{name}.py").read_text()
    return f"\n## {name}.py\n\n```python\n{code}```\n\n```text\n{output(name)}```\n"


if __name__ == "__main__":
    PAGE.write_text(HEAD + "".join(map(section, ORDER)))
