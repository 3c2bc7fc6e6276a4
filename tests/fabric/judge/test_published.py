"""Accuracy on the sites' own files, where they are beside the checkout; elsewhere test_accuracy.py has miniatures."""

from pathlib import Path

import pytest

from benchmarks.judge_accuracy import SITES, hardware, others, sites

DATA = Path(__file__).parents[4] / "shared" / "data"
FILES = [DATA / "published_busbw.json", DATA / "scale" / "b200_site1.csv", DATA / "scale" / "mare_nostrum.csv"]
pytestmark = pytest.mark.skipif(
    not all(path.exists() for path in FILES), reason="the published tables are not beside the checkout"
)


def test_no_healthy_row_is_bad_and_twice_the_time_always_is():
    total = hardware(FILES, SITES)
    assert total.rows.count > 200
    assert (total.rows.false, total.two_nodes.false, total.one_node.false) == (0, 0, 0)
    assert total.rows.hits[0] == total.rows.count
    assert total.watched == total.two_nodes.count


def test_a_third_more_is_found_by_the_sites_own_rows():
    total = sites(FILES, "by site", others)
    assert total.rows.count > 200
    assert total.rows.hits[1] >= 0.85 * total.rows.count
    assert total.rows.false <= 0.10 * total.rows.count
