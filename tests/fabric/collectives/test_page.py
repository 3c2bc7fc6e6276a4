"""docs/collectives.md: its example prints what stands under it, its tables name every collective and algorithm."""

import contextlib
import io
import re
from pathlib import Path

from fabric.collectives.algorithms import ALGORITHMS

PAGE = (Path(__file__).parents[3] / "docs" / "collectives.md").read_text()


def test_the_example_prints_what_stands_under_it():
    code, said = re.search(r"```python\n(.*?)```\n\n```text\n(.*?)```", PAGE, re.DOTALL).groups()
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(code, {})  # noqa: S102
    assert printed.getvalue() == said


def test_the_tables_name_every_collective_and_algorithm():
    rows = [line for line in PAGE.splitlines() if line.startswith("|")]
    for collective, known in ALGORITHMS.items():
        assert any(f"`{collective}`" in row for row in rows), collective
        for name in known:
            assert any(re.search(rf"`{name}[`\[]", row) for row in rows), (collective, name)
