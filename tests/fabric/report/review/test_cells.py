"""Numbers in the review's tables: units, ranges, digits."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fabric.report.review.cells import digits, money, over_seeds, share, size, watts
from fabric.report.words.review import words
from fabric.review.quote import Range


@pytest.mark.parametrize(
    ("found", "lang", "text", "below"),
    [
        (Range(371_600_000, 380_300_000, 389_000_000), "en", "380.3 M USD", "371.6 to 389.0"),
        (Range(371_600_000, 380_300_000, 389_000_000), "zh", "3.803 亿美元", "3.716 至 3.890"),
        (Range(1267, 1293.5, 1320), "en", "1,294 USD", "1,267 to 1,320"),
        (Range(5, 5, 5), "zh", "5 美元", ""),
    ],
)
def test_money_is_written_as_the_language_counts(found, lang, text, below):
    cell = money(found, words(lang))
    assert (cell.text, cell.below, cell.value) == (text, below, found.mid)


def test_watts_have_their_unit_and_range():
    assert watts(Range(24, 26, 28), words("en")).text == "26 W"
    assert watts(Range(0, 0.1, 0.2), words("en")).below == "0.0 to 0.2"
    assert watts(2e7, words("en")).text == "20 MW"


@given(st.floats(0, 1e9), st.floats(0, 1))
def test_digits_keep_what_they_show(middle, part):
    for value, text in zip((middle * part, middle), digits([middle * part, middle], middle), strict=True):
        assert abs(float(text.replace(",", "")) - value) <= max(0.0005 * middle, 1e-4)


@pytest.mark.parametrize(
    ("nbytes", "text"), [(14 * 10**9, "14 GB"), (4 * 2**30, "4 GiB"), (2**16, "64 KiB"), (8, "8 B"), (0, "0 B")]
)
def test_sizes_are_told_in_the_units_that_they_are_whole_in(nbytes, text):
    assert size(nbytes).text == text
    assert size(nbytes).value == nbytes


def test_a_column_has_one_unit():
    assert watts(Range(1_000_000, 1_075_000, 1_200_000), words("en"), 863_000.0).text == "1,075 kW"


@pytest.mark.parametrize(("value", "text"), [(0.0, "0 %"), (0.97, "97.0 %"), (0.0776, "7.76 %"), (1.0, "100.0 %")])
def test_shares_have_the_same_decimals(value, text):
    assert share(value, words("zh")).text == text


def test_what_is_missing_sorts_last_and_says_so():
    cell = money(None, words("zh"))
    assert (cell.text, cell.known, cell.value) == ("未知", False, None)


def test_a_ratio_over_seeds_has_its_spread_and_their_number():
    cell = over_seeds((1.72, 1.0, 1.5), words("en"))
    assert (cell.text, cell.below, cell.value) == ("1.50", "1.00 to 1.72, 3 seeds", 1.5)
    assert over_seeds((1.5,), words("en")).below == "one routing: no spread"
    assert not over_seeds((), words("en")).known
