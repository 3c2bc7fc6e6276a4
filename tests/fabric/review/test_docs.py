"""docs/review.md against the code: every key is in it, and the table of slips is the code's."""

from pathlib import Path

import pytest

from fabric.review.inputs import OPEN
from fabric.review.published_errors import SLIPS
from fabric.review.racks import Floor
from fabric.review.request import OPEX_OF_CENTRE, CaseText, Failing, Limits, PartText, Request, Step

TEXT = (Path(__file__).parents[3] / "docs" / "review.md").read_text()


@pytest.mark.parametrize("model", [Request, CaseText, Step, Limits, Failing, PartText])
def test_every_key_is_explained(model):
    missing = [name for name in model.model_fields if f"`{name}`" not in TEXT]
    assert not missing


def test_every_key_of_the_floor_is_explained():
    assert not [name for name in Floor.__dataclass_fields__ if f"`{name}`" not in TEXT]


def test_every_key_of_the_cost_is_explained():
    assert not [name for name in (*OPEN, OPEX_OF_CENTRE) if f"`{name}`" not in TEXT]


@pytest.mark.parametrize("slip", SLIPS, ids=lambda slip: slip.where)
def test_the_table_of_slips(slip):
    row = next(line for line in TEXT.splitlines() if line.startswith(f"| {slip.where.split(' on ')[0]}"))
    assert f"| {slip.printed:,g}" in row.replace("%", "")
    assert f"{slip.computed:,.1f}".removesuffix(".0") in row
