"""What a fabric says is off does not run, and what it says is on is tried: by NCCL's model, by `best`, by name."""

import pytest

from fabric import units
from fabric.network.spec import load
from fabric.predict.answer import predict
from fabric.predict.cases import cases
from fabric.predict.constants import NONE, constants_of
from fabric.predict.of_node import constants_on
from topologies.errors import InputError


def told(topo, algorithm=None, constants=None, size="1GiB", ranks=(8,)):
    fabric = load(topo)
    asked = cases(fabric, "all_reduce", sizes=[units.size(size)], ranks=ranks)
    return predict(asked, fabric, constants or constants_on(fabric), algorithm=algorithm, fidelity="loaded")[0]


def test_without_nvls_nccl_runs_what_it_ran_before_there_was_any():
    on, off = told("dgx-h100:nodes=2"), told("dgx-h100:nodes=2,nvls=off")
    assert (on.model.runs, off.model.runs) == ("nvls", "ring")
    by_name = told("dgx-h100:nodes=2", constants=constants_of("nccl:dgx-h100:nvls=off"))
    assert off.time == by_name.time > on.time


def test_ll128_off_is_never_faster_and_is_the_constants_key():
    named = constants_of("nccl:dgx-h100:nvls=off:ll128=off")
    for size, slower in (("64KiB", False), ("16MiB", True), ("1GiB", False)):
        on, off = (told(f"dgx-h100:nodes=2,nvls=off{key}", size=size) for key in ("", ",ll128=off"))
        assert (off.time > on.time) is slower
        assert off.time == told("dgx-h100:nodes=2", size=size, constants=named).time


def test_on_in_the_constants_does_not_bring_back_what_the_fabric_has_off():
    assert told("dgx-h100:nodes=2,nvls=off", constants=constants_of("nccl:h100:nvls=on")).model.runs == "ring"


@pytest.mark.parametrize(("algorithm", "key"), [("nvls", "nvls"), ("nvls_tree:chunks=4", "nvls"), ("sharp", "sharp")])
def test_an_algorithm_that_needs_what_is_off_is_refused(algorithm, key):
    with pytest.raises(InputError, match=f"algorithm: {algorithm.partition(':')[0]} needs {key}=on"):
        told(f"dgx-h100:nodes=2,{key}=off", algorithm, ranks=(16,))


def test_a_shared_nic_does_not_add():
    with pytest.raises(InputError, match="sharp is not known where devices share a NIC"):
        told("clos:radix=8,endpoints=4,devices_per_nic=2", "sharp", NONE)


@pytest.mark.parametrize("inside", ["pcie_tree", "host_memory", "cloudmatrix"])
def test_switches_that_only_forward_do_not_add(inside):
    topo = f"star:devices=8,devices_per_node=8,scale_up={inside}"
    with pytest.raises(InputError, match=f"those of {inside} only forward"):
        told(topo, "nvls", NONE)
    assert not told(topo, "best", NONE).model.runs.startswith("nvls")


def test_best_tries_sharp_where_the_switches_add_and_only_there():
    topo = "fat_tree:k=4"
    plain, adding = (told(f"{topo}{key}", "best", NONE, ranks=(16,)) for key in ("", ",sharp=on"))
    assert plain.model.runs != "sharp"
    assert adding.model.runs == "sharp"
    assert adding.time == told(topo, "sharp", NONE, ranks=(16,)).time < plain.time
