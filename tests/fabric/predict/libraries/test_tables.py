import pytest
from hypothesis import given
from hypothesis import strategies as st

from fabric.predict.libraries import gloo, mpich, openmpi
from fabric.predict.libraries.table import Row, Table, floor_power_of_two, is_power_of_two
from fabric.records.case import Case
from topologies.errors import InputError

TABLES = {"gloo": gloo, "openmpi": openmpi, "mpich": mpich}
COLLECTIVES = sorted({row.collective for row in gloo.TABLE.rows})
KIB, MIB = 1024, 1024**2

BORDERS = [
    ("openmpi", "all_reduce", 2, 4096, "recursive_doubling", "ring"),
    ("openmpi", "all_reduce", 2, 8192, "ring", "recursive_doubling"),
    ("openmpi", "all_reduce", 3, 262144, "ring", "halving_doubling"),
    ("openmpi", "all_reduce", 7, 8192, "recursive_doubling", "halving_doubling"),
    ("openmpi", "all_reduce", 15, 8192, "recursive_doubling", "halving_doubling"),
    ("openmpi", "all_reduce", 31, 4096, "recursive_doubling", "halving_doubling"),
    ("openmpi", "all_reduce", 32, 128, "ring", "halving_doubling"),
    ("openmpi", "all_reduce", 64, 262144, "recursive_doubling", "halving_doubling"),
    ("openmpi", "all_reduce", 128, 131072, "double_binary_tree:chunks=1", "recursive_doubling"),
    ("openmpi", "all_reduce", 256, 4096, "double_binary_tree:chunks=1", "halving_doubling"),
    ("openmpi", "all_to_all", 16, 16 * 512, "bruck", "direct"),
    ("openmpi", "all_to_all", 64, 64 * 262144, "direct", "pairwise"),
    ("openmpi", "all_gather", 32, 32 * 1024, "recursive_doubling", "ring"),
    ("openmpi", "reduce_scatter", 8, 262144, "recursive_halving", "ring"),
    ("openmpi", "broadcast", 16, MIB, "binomial", "scatter_ring"),
    ("openmpi", "broadcast", 2048, 262144, "binomial", "scatter_ring"),
    ("openmpi", "broadcast", 8, 32 * KIB, "binomial", "linear"),
    ("openmpi", "broadcast", 3, KIB, "binomial", "linear"),
    ("openmpi", "reduce", 7, 256 * KIB, "binomial", "linear"),
    ("openmpi", "reduce", 7, MIB, "binomial", "linear"),
    ("openmpi", "reduce", 4, 4096, "binomial", "chain:chunks=1"),
    ("openmpi", "gather", 300, 300 * 2048, "binomial", "linear"),
    ("openmpi", "scatter", 100, 100 * 512, "binomial", "linear"),
    ("mpich", "all_reduce", 8, 2 * KIB + 1, "recursive_doubling", "halving_doubling"),
    ("mpich", "all_gather", 16, 512 * KIB, "recursive_doubling", "ring"),
    ("mpich", "all_gather", 12, 80 * KIB, "bruck", "ring"),
    ("mpich", "reduce_scatter", 12, 512 * KIB, "nhr", "pairwise"),
    ("mpich", "all_to_all", 8, 8 * 257, "bruck", "direct"),
    ("mpich", "all_to_all", 8, 8 * (32 * KIB + 1), "direct", "pairwise"),
    ("mpich", "all_to_all", 7, 7 * (32 * KIB + 1), "direct", "pairwise"),
    ("mpich", "broadcast", 8, 12 * KIB + 1, "binomial", "scatter_ring"),
]


@pytest.mark.parametrize(("library", "collective", "p", "border", "below", "above"), BORDERS)
def test_borders_hold_to_the_byte(library, collective, p, border, below, above):
    default = TABLES[library].default
    assert default(Case(collective, border - 1, p, p, 1, dtype="i8")) == below
    assert default(Case(collective, border, p, p, 1, dtype="i8")) == above


@given(st.sampled_from(sorted(TABLES)), st.sampled_from(COLLECTIVES), st.integers(1, 100_000), st.integers(0, 2**40))
def test_every_case_has_a_row(library, collective, p, nbytes):
    row = TABLES[library].TABLE.row(Case(collective, nbytes, p, 1, p))
    assert row.collective == collective
    assert row.fits(Case(collective, nbytes, p, 1, p))


@pytest.mark.parametrize("library", ["gloo", "openmpi"])
def test_rows_of_one_collective_do_not_overlap(library):
    rows = TABLES[library].TABLE.rows
    for collective in COLLECTIVES:
        edges = {0, *(e for r in rows if r.collective == collective for e in r.nbytes if e)}
        worlds = {1, *(e for r in rows if r.collective == collective for e in r.ranks if e)}
        for p in worlds:
            for edge in edges:
                for nbytes in (edge, edge * p):
                    assert sum(row.fits(Case(collective, nbytes, p, 1, p)) for row in rows) == 1, (collective, p, nbytes)


@pytest.mark.parametrize(("p", "nbytes", "dtype", "expected"), [
    (4, 8, "f32", "recursive_doubling"),
    (4, 8, "i8", "ring"),
    (16, 32, "f32", "recursive_doubling"),
    (16, 32, "i8", "ring"),
    (32, 128, "f32", "halving_doubling"),
    (32, 128, "f64", "recursive_doubling"),
])  # fmt: skip
def test_open_mpi_falls_back_where_elements_are_fewer_than_ranks(p, nbytes, dtype, expected):
    assert openmpi.default(Case("all_reduce", nbytes, p, p, 1, dtype=dtype)) == expected


def test_open_mpi_all_gather_takes_bruck_for_ranks_that_are_no_power_of_two():
    assert openmpi.default(Case("all_gather", 800, 8, 1, 8)) == "recursive_doubling"
    assert openmpi.default(Case("all_gather", 900, 9, 1, 9)) == "bruck"


def test_gloo_keeps_one_part_of_an_all_reduce_and_gathers_what_it_reduces():
    assert (
        gloo.default(Case("reduce_scatter", 2**20, 8, 1, 8)) == gloo.default(Case("all_reduce", 2**20, 8, 1, 8)) == "gloo_ring"
    )
    assert gloo.default(Case("reduce", 2**20, 8, 1, 8)) == "ring_gather"


def test_mpich_keeps_few_elements_on_recursive_doubling():
    assert mpich.default(Case("all_reduce", 4096, 600, 1, 600)) == "halving_doubling"
    assert mpich.default(Case("all_reduce", 4096, 2048, 1, 2048, dtype="f32")) == "recursive_doubling"


@given(st.integers(1, 10**6))
def test_powers_of_two(p):
    floor = floor_power_of_two(p)
    assert is_power_of_two(floor)
    assert floor <= p < 2 * floor
    assert is_power_of_two(p) == (floor == p)


def test_a_missing_row_is_named():
    table = Table("L", "1", "made for the test", (Row("all_reduce", (1, None), (0, None), "ring"),))
    with pytest.raises(InputError, match="algorithm: L has a default for all_reduce, got gather; name an algorithm"):
        table.row(Case("gather", 8, 2, 1, 2))


def test_every_table_says_what_it_was_taken_from():
    for module in TABLES.values():
        assert module.TABLE.version
        assert "read" in module.TABLE.source
