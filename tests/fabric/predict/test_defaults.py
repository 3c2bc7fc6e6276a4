import numpy as np
import pytest

from fabric.collectives.algorithms import ALGORITHMS, algorithm
from fabric.collectives.catalog import COLLECTIVES
from fabric.collectives.schedule import Groups
from fabric.predict.defaults import DEFAULTS, default_algorithm
from fabric.predict.libraries import hccl
from fabric.records.case import Case
from topologies.errors import InputError

BACKENDS = ("gloo", "mpi:openmpi", "mpi:mpich", "nccl", "nccl:h100", "nccl:b200")
SIZES = (0, 4, 8, 64, 2**10, 2**12 + 4, 2**16, 2**20, 2**24, 2**32)
LARGE = (200, 256, 257, 500, 512, 1000, 1024, 2000, 2048, 4095, 4096, 10_000, 65_536)


def shapes(p):
    """One node, one rank per node, and eight ranks per node where that fills every node."""
    return [(1, p), (p, 1), *([(p // 8, 8)] if p % 8 == 0 and p > 8 else [])]


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("collective", COLLECTIVES)
def test_every_library_names_an_algorithm_that_exists_for_every_case(backend, collective):
    texts = set()
    for p in (*range(1, 131), *LARGE):
        for nodes, per_node in shapes(p):
            texts |= {default_algorithm(backend, Case(collective, size, p, nodes, per_node)) for size in SIZES}
    assert texts
    for text in texts:
        assert algorithm(collective, text).name in ALGORITHMS[collective]


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("collective", COLLECTIVES)
def test_what_a_library_runs_can_be_built(backend, collective):
    for p in (2, 3, 4, 5, 7, 8, 16, 32):
        for nodes, per_node in shapes(p):
            groups = Groups((np.arange(p) // per_node).astype("int32"))
            for size in (8, 2**12, 2**24):
                text = default_algorithm(backend, Case(collective, size, p, nodes, per_node))
                schedule = algorithm(collective, text).schedule(groups, size)
                assert schedule.world_size == p


def test_hccl_says_what_is_documented_and_no_more():
    assert default_algorithm("hccl", Case("all_reduce", 8, 8, 1, 8)) == "full_mesh"
    assert default_algorithm("hccl", Case("all_reduce", 8, 32, 4, 8)) == "halving_doubling"
    assert default_algorithm("hccl", Case("all_reduce", 8, 48, 6, 8)) == "ring"
    for collective in hccl.NAMES:
        for nodes in (1, 4, 6):
            text = default_algorithm("hccl", Case(collective, 8, 8 * nodes, nodes, 8))
            assert algorithm(collective, text).name in ALGORITHMS[collective]
    with pytest.raises(InputError, match=r"HCCL has a documented default for all_reduce, .*, got gather"):
        default_algorithm("hccl", Case("gather", 8, 8, 1, 8))


def test_unknown_libraries_and_hardware_are_named():
    with pytest.raises(InputError, match=r"default is known for gloo, .*hccl, rccl, got backend 'oneccl'; name an algorithm"):
        default_algorithm("oneccl", Case("all_reduce", 8, 2, 1, 2))
    with pytest.raises(InputError, match=r"nccl's hardware must be one of a100, .*, got 'h1000'"):
        default_algorithm("nccl:h1000", Case("all_reduce", 8, 2, 1, 2))
    assert set(DEFAULTS) == {"gloo", "mpi:openmpi", "mpi:mpich", "nccl", "hccl", "rccl"}


def test_plain_nccl_never_needs_switches_that_add():
    case = Case("all_reduce", 2**30, 8, 1, 8)
    assert default_algorithm("nccl", case) == "ring"
    assert default_algorithm("nccl", case, multicast=True) == "nvls"
    assert default_algorithm("nccl:h100", case) == "nvls"
    assert default_algorithm("nccl:a100", case) == "ring"
    assert default_algorithm("nccl:h100", case, multicast=False) == "ring"
