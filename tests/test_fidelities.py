"""The table of cases on which the fidelities differ is what the program says today."""

from pathlib import Path

import pytest

from benchmarks.fidelities import CASES, line

PAGE = (Path(__file__).parent.parent / "docs" / "fidelities.md").read_text()


@pytest.mark.parametrize("named", CASES, ids=lambda named: named.name)
def test_the_page_says_what_the_program_says(named):
    assert line(named) in PAGE
    assert f"**{named.name}" in PAGE or f"{named.name}**" in PAGE or f", {named.name}," in PAGE, "every case is explained"
