import math

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fabric import units
from topologies.errors import InputError


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("400Gb/s", 50e9),
        ("50GB/s", 50e9),
        ("400Gbit/s", 50e9),
        ("1GiB/s", 2**30),
        ("8b/s", 1.0),
        ("400Gbps", 50e9),
        ("1.5 TB/s", 1.5e12),
    ],
)
def test_rates_know_bits_from_bytes(text, expected):
    assert units.rate(text) == expected


@pytest.mark.parametrize("text", ["400G", "400", "400gb/s", "400gbps", "400 GB", "fast", "", "-1GB/s", "nanGB/s"])
def test_ambiguous_rates_are_refused(text):
    with pytest.raises(InputError, match=r"speed: must be a rate such as 400Gb/s \(bits\) or 50GB/s \(bytes\), got"):
        units.rate(text)


def test_times_and_sizes():
    assert units.duration("500ns") == pytest.approx(5e-7)
    assert units.duration("2ms") == 0.002
    assert units.size("64MiB") == 64 * 2**20
    assert units.size("64MB") == 64_000_000
    assert [units.size(text) for text in ("64k", "64K", "8M", "1G")] == [2**16, 2**16, 2**23, 2**30], "as nccl-tests"
    assert [units.size(text) for text in ("64kB", "8MB", "1GB")] == [64_000, 8 * 10**6, 10**9]
    assert units.power("4.5MW") == 4.5e6
    assert units.sizes("8, 1KiB") == [8, 1024]
    assert units.counts("1,2") == [1, 2]


@pytest.mark.parametrize(
    ("call", "text", "message"),
    [
        (units.duration, "5", "latency: must be a time such as 500ns, .* got '5': the unit is missing"),
        (units.size, "64KB", "size: must be a size such as .* got '64KB': unit 'KB' is ambiguous"),
        (units.rate, "400G", "speed: .* got '400G': ambiguous, 400Gb/s is 50 GB/s, 400GB/s eight times that"),
        (units.power, "4.5", "power: must be a power such as 700W, 120kW or 4.5MW, got '4.5': the unit is missing"),
        (units.size, "0.5", "size: must be a whole number of bytes, got '0.5'"),
        (units.size, "1e999", r"size: must be a size such as .*, got '1e999': too large for any number"),
        (units.counts, "1,0", "ranks: must be whole numbers >= 1 such as 8,16,32, got '0'"),
        (units.counts, "two", "got 'two'"),
    ],
)
def test_bad_text_gets_one_line(call, text, message):
    with pytest.raises(InputError, match=message):
        call(text)


@example(math.factorial(11))  # a quarter of a KiB more than six digits say
@example(10**9)
@example(1_000_001)
@given(st.integers(0, 2**53))
def test_shown_sizes_read_back_exactly(nbytes):
    assert units.size(units.show_size(nbytes)) == nbytes


@pytest.mark.parametrize(
    ("nbytes", "shown"),
    [
        (8, "8 B"),
        (1024, "1 KiB"),
        (1280, "1.25 KiB"),
        (1025, "1025 B"),
        (64 << 20, "64 MiB"),
        (10**9, "1 GB"),
        (512 * 10**6, "512 MB"),
        (1_000_000_001, "1000000001 B"),
        (1500, "1.5 kB"),
        (1000 << 10, "1000 KiB"),
        (0, "0 B"),
        (39_916_800, "39916800 B"),
    ],
)
def test_sizes_are_shown_in_the_largest_unit_that_says_them(nbytes, shown):
    assert units.show_size(nbytes) == shown


def test_shown_rates_and_times():
    assert units.show_rate(50e9) == "50 GB/s"
    assert units.show_duration(1.5e-6) == "1.5 us"
    assert units.show_duration(0.25) == "250 ms"
    assert units.show_duration(3e-8) == "30 ns"
