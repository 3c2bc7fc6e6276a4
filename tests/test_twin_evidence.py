"""The published evidence of the twin says what its rows say."""

import json
from pathlib import Path

import pytest

from benchmarks.twin_summary import fastest, summary

ROOT = Path(__file__).parents[1]
FOLDERS = sorted((ROOT / "results").glob("twin-*"))


def rows(folder):
    return [json.loads(line) for line in (folder / "rows.jsonl").read_text().splitlines()]


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_the_summary_is_made_of_the_rows(folder):
    assert (folder / "summary.md").read_text() == "\n".join(summary(rows(folder))) + "\n"


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_every_row_has_an_error_a_regime_and_a_fidelity_block(folder):
    for row in rows(folder):
        assert row["error"] == pytest.approx(row["seconds"] / row["predicted_seconds"] - 1)
        assert row["regime"] == ("bandwidth" if row["quotient"] >= 8 else "mixed")
        assert {"idle", "softirq", "load_1min", "retransmitted_segments", "drops_of_launch"} <= row["fidelity"].keys()


def test_the_page_of_the_twin_quotes_the_latest_evidence():
    first = (FOLDERS[-1] / "summary.md").read_text().splitlines()[0]
    said = (ROOT / "docs" / "twin.md").read_text()
    for figure in ("median |error| ", "within 5 %", "largest "):
        part = next(piece.strip() for piece in first.replace(":", ",").split(",") if figure.strip() in piece)
        assert part in said, part


def test_the_fastest_bring_up_stands_for_a_point():
    names = ("slice", "fabric", "routing", "source", "algorithm", "collective", "world_size", "nbytes", "order", "in_place")
    same = dict.fromkeys(names, 1)
    (best,) = fastest([same | {"seconds": 2.0, "error": 0.1}, same | {"seconds": 1.0, "error": 0.0}])
    assert (best["seconds"], best["errors"]) == (1.0, [0.1, 0.0])
