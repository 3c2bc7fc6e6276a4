"""docs/examples: every script runs, is short, and prints what the page shows; measured numbers may differ."""

import re

import pytest

from benchmarks.examples import FOLDER, MEASURED, ORDER, PAGE, output

SHOWN = dict(re.findall(r"## (\w+)\.py\n\n```python\n.*?```\n\n```text\n(.*?)```", PAGE.read_text(), re.DOTALL))


def test_every_script_is_on_the_page():
    assert sorted(ORDER) == sorted(path.stem for path in FOLDER.glob("*.py")) == sorted(SHOWN)


@pytest.mark.parametrize("name", ORDER)
def test_it_is_short_and_the_page_shows_it(name):
    code = (FOLDER / f"{name}.py").read_text()
    assert len(code.splitlines()) <= 40
    assert f"```python\n{code}```" in PAGE.read_text()


@pytest.mark.parametrize("name", [name for name in ORDER if name not in MEASURED])
def test_it_prints_what_the_page_shows(name):
    assert output(name) == SHOWN[name]


def cells(text: str) -> list[str]:
    """Return which cells of a printed fit stand in its table: size, ranks and use, without what was measured."""
    return re.findall(r"^(\S+ \S+ +\d+ +(?:fitted|held out)) ", text, re.MULTILINE)


@pytest.mark.multirank
@pytest.mark.parametrize("name", sorted(MEASURED))
def test_it_measures_the_cells_that_the_page_shows(name):
    """How many lines the fit has below its table depends on what was measured."""
    assert len(cells(SHOWN[name])) == 11
    assert cells(output(name)) == cells(SHOWN[name])
