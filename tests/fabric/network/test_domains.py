"""A scale-up domain of several servers: routes, times and bounds go by the domain, placement and failures by the server."""

import numpy as np
import pytest

from fabric.network.placement import groups_of, spread
from fabric.network.spec import load
from fabric.predict.answer import predict
from fabric.predict.bounds import bound
from fabric.predict.cases import cases

FORM = "clos:radix=16,endpoints=48,devices_per_node={},scale_up={}"


@pytest.mark.parametrize("kind", ["nvswitch", "nvl72", "full_mesh"])
@pytest.mark.parametrize(
    ("collective", "algorithm", "routing"),
    [
        ("all_reduce", "ring", "ideal"),
        ("all_reduce", "pipeline", "ideal"),
        ("all_to_all", "direct", "ideal"),
        ("all_to_all", "direct", "ecmp:1"),
        ("all_gather", "best", "ideal"),
    ],
)
def test_times_and_bounds_are_those_of_nodes_as_large_as_the_domain(kind, collective, algorithm, routing):
    rack, trays = (load(FORM.format(text, kind)) for text in ("12", "4"))
    own = load(FORM.format("4", f"{kind},domain=12"))
    times = {}
    for name, fabric in (("rack", rack), ("own", own), ("trays", trays)):
        (case,) = cases(fabric, collective, sizes=[1 << 24])
        (found,) = predict([case], fabric, algorithm=algorithm, routing=routing, fidelity="loaded")
        times[name] = found.time, bound(case, fabric).busbw, case.nodes, case.ranks_per_node
    assert times["own"][:2] == pytest.approx(times["rack"][:2])
    assert times["own"][2:] == times["trays"][2:] == (12, 4)
    assert times["rack"][2:] == (4, 12)


def test_ranks_are_counted_by_server_and_grouped_by_domain():
    topology = load(FORM.format("4", "nvswitch,domain=12")).topology
    devices = np.arange(24)
    assert spread(topology, devices) == (6, 4)
    assert spread(topology, devices, domains=True) == (2, 12)
    assert groups_of(topology, devices).node_of.tolist() == [0] * 12 + [1] * 12


def test_a_file_keeps_the_domain_and_a_fabric_without_one_its_fingerprint(tmp_path):
    from fabric.network.spec import write

    own = load(FORM.format("4", "nvl72,domain=12"))
    write(own, tmp_path / "own.yaml")
    again = load(str(tmp_path / "own.yaml"))
    assert again.topology.domains == 4
    assert again.fingerprint == own.fingerprint
    assert load(FORM.format("12", "nvl72")).fingerprint != own.fingerprint
    assert load("dgx-h100:nodes=4").fingerprint == "05191680ba8b"


def test_a_rack_of_the_catalogue_is_built_of_its_servers_where_they_are_asked_for():
    racks = load("clos:radix=64,endpoints=2376,node=gb200-nvl72,devices_per_node=4").topology
    assert (racks.nodes, racks.domains, racks.params["domain"]) == (594, 33, 72)


def test_through_host_memory_sending_and_receiving_share_what_a_device_has():
    memory, tree = (load(f"8x4090-dual-root:nodes=2,scale_up={kind}") for kind in ("host_memory", "pcie_tree"))
    times = {}
    for name, fabric in (("memory", memory), ("tree", tree)):
        (case,) = cases(fabric, "all_reduce", sizes=[1 << 28], ranks=[8])
        (found,) = predict([case], fabric, algorithm="ring", fidelity="loaded")
        times[name] = found.time
        assert found.busbw <= bound(case, fabric).busbw * (1 + 1e-9)
    assert times["memory"] == pytest.approx(2 * times["tree"], rel=0.02)
    inside = memory.topology.level == memory.topology.scale_up_level
    up = memory.link_speed[::2][inside]
    assert sorted(set(up.tolist())) == pytest.approx([31e9 / 2, 2 * 31e9])
