"""Every row of the published and formula tables whose family exists, through the row that `show --json` prints."""

import json
import os
from pathlib import Path

import pytest

from fabric.answers.show import describe
from topologies.catalog import FAMILIES, parse, split_spec

ROOT = Path(__file__).parents[2]
DATA = Path(os.environ.get("FABRICBENCH_DATA", ROOT.parent / "shared" / "data"))
TABLE = DATA / "topology_tables.json"


def rows() -> list[dict[str, object]]:
    if not TABLE.is_file():
        return []
    tables = json.loads(TABLE.read_text())["tables"]
    return [row for row in tables if row.get("spec") and split_spec(row["spec"])[0] in FAMILIES]


@pytest.mark.skipif(not TABLE.is_file(), reason="the tables are not here: set FABRICBENCH_DATA to their folder")
def test_the_tables_have_rows_for_our_families():
    assert len(rows()) >= 14


@pytest.mark.parametrize("row", rows(), ids=lambda row: row["id"])
def test_the_row_is_reproduced(row):
    found = describe(parse(row["spec"]))
    for key, expected in row["expect"].items():
        shown = found[key]
        assert ({name: shown[name] for name in expected} if isinstance(expected, dict) else shown) == expected
