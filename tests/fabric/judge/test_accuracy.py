"""Hits and false alarms on miniatures of real sites, so that accuracy is gated without the sites' files."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import sites

from fabric.judge.floor import floor_of
from fabric.judge.judge import judge
from fabric.judge.table import is_large

TABLES = sites.tables()


def factors(result, expected):
    return [factor * result.time > expected.bad for factor in (1.0, 1.33, 1.14)]


@pytest.mark.parametrize(("name", "site", "rows"), TABLES + sites.apart(), ids=lambda v: v if isinstance(v, str) else "")
def test_no_healthy_row_is_bad_by_hardware(name, site, rows):
    judged = judge(rows, sites.nominal(site))
    assert not [row for row in judged.judgements if row.verdict == "bad"]
    assert any(row.expected for row in judged.judgements), name


@pytest.mark.parametrize(("name", "site", "rows"), TABLES, ids=lambda v: v if isinstance(v, str) else "")
def test_twice_as_slow_is_always_bad_by_hardware(name, site, rows):
    slow = sites.nominal(site)
    for row in rows:
        expected = slow.expected(row, row.algorithm)
        if not isinstance(expected, str):
            assert 2 * row.time > expected.bad, (name, row)


def test_a_third_slower_is_found_by_the_sites_own_rows_with_few_false_alarms():
    """Every table against its site's other ones: at least 85 % of rows a third slower, at most 10 % as they are."""
    found = []
    for site in ("alps", "b200", "mare_nostrum"):
        own = [(name, rows) for name, of, rows in TABLES if of == site]
        for name, rows in own:
            floor = floor_of([row for other, others in own if other != name for row in others])
            for row in rows:
                expected = floor.expected(row, row.algorithm)
                if is_large(row) and not isinstance(expected, str):
                    found.append(factors(row, expected))
    assert len(found) > 80
    false, third, _ = (sum(column) / len(found) for column in zip(*found, strict=True))
    assert third >= 0.85
    assert false <= 0.10
