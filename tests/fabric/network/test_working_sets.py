"""Rates by working set: closed forms of what they say, and the way through a file and back."""

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fabric.formats.catalog import read, write
from fabric.formats.named import named
from fabric.network import spec
from fabric.network.working_sets import Rates, WorkingSets
from topologies.errors import InputError

MIB = 1 << 20
CACHE = Rates(MIB, 50e9, 40e9, 50e9, 40e9)
STILL = Rates(16 * MIB, 50e9, 40e9, 50e9, 40e9)
MEMORY = Rates(64 * MIB, 20e9, 10e9, 20e9, 10e9)
SETS = WorkingSets((CACHE, STILL, MEMORY), 2e9, 8e9, 3, "2026-11-29", "made for the test")
LOCAL = spec.load("local:slots=2")


@pytest.mark.parametrize(("mib", "nanoseconds"), [(0.001, 0), (1, 0), (16, 0), (64, 0.075), (4096, 0.075), (32, 0.025)])
def test_beyond_the_cache_a_byte_takes_what_memory_takes_more(mib, nanoseconds):
    assert SETS.excess(mib * MIB) == pytest.approx(nanoseconds * 1e-9)


@given(st.floats(1, 1e12), st.floats(1, 1e12))
def test_more_memory_is_never_faster_where_the_rates_fall(one, other):
    low, high = sorted((one, other))
    assert 0 <= SETS.excess(low) <= SETS.excess(high) * (1 + 1e-9)


def test_the_cache_is_the_largest_set_that_is_as_fast_as_the_fastest():
    assert SETS.cache == 16 * MIB
    assert "while all touch up to 16 MiB together, 10 GB/s at 64 MiB, 2 GB/s of new pages" in SETS.said()


def test_rates_come_back_from_a_file_and_count_in_the_fingerprint(tmp_path):
    fabric = replace(LOCAL, working_sets=SETS)
    spec.write(fabric, tmp_path / "f.yaml")
    again = spec.load(str(tmp_path / "f.yaml"))
    assert again.working_sets == SETS
    assert again.fingerprint == fabric.fingerprint != LOCAL.fingerprint
    assert replace(LOCAL, working_sets=replace(SETS, fresh=3e9)).fingerprint != fabric.fingerprint
    assert any(line.startswith("memory: a core copies") for line in again.assumptions())


@pytest.mark.parametrize("name", ["node-link", "graphml"])
def test_rates_come_back_from_files_of_other_tools(name):
    text = write(named(replace(LOCAL, working_sets=SETS)), name).text
    assert read(text, "f", name).fabric.working_sets == SETS


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ("touched: 1048576 B -> touched: 0 B", "touched must be sizes above 0 that rise"),
        ("copy_one: 50GB/s -> copy_one: 0GB/s", "speeds must be above zero, got 0GB/s"),
        ("fresh: 2GB/s -> fresh: fast", "fast"),
        ("reduce_all -> reduce_every", "working_sets.rates.0.reduce_all: Field required"),
    ],
)
def test_a_file_with_rates_that_are_none_is_refused(changed, words, tmp_path):
    spec.write(replace(LOCAL, working_sets=SETS), tmp_path / "f.yaml")
    old, new = changed.split(" -> ")
    text = (tmp_path / "f.yaml").read_text()
    assert old in text
    (tmp_path / "f.yaml").write_text(text.replace(old, new, 1))
    with pytest.raises(InputError, match=re.escape(words)):
        spec.load(str(tmp_path / "f.yaml"))
