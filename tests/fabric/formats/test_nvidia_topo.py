"""The matrix of nvidia-smi: links by its cells, a switch only where one must be, a PCIe tree where NVLink joins not all."""

from itertools import combinations

import pytest

from fabric.formats import catalog
from fabric.predict.answer import predict
from fabric.predict.cases import cases
from topologies.errors import InputError


def matrix(cells, devices, legend=""):
    """Return the text of a matrix; cells: (a, b) -> cell, SYS where none is given."""
    rows = ["\t" + "\t".join(devices) + "\tCPU Affinity\tNUMA Affinity"]
    for a in devices:
        own = ["X" if a == b else cells.get((a, b)) or cells.get((b, a)) or "SYS" for b in devices]
        rows.append("\t".join([a, *own, "0-47", "0"]))
    return "\n".join(rows) + f"\n{legend}\n"


def gpus(count):
    return [f"GPU{i}" for i in range(count)]


def joined(count, cell):
    return matrix(dict.fromkeys(combinations(gpus(count), 2), cell), gpus(count))


@pytest.mark.parametrize(
    ("count", "links", "switches", "cables"), [(2, 4, 0, 1), (4, 6, 0, 6), (8, 12, 1, 8), (8, 18, 1, 8), (16, 6, 1, 16)]
)
def test_a_switch_stands_between_where_no_gpu_has_so_many_links(count, links, switches, cables):
    found = catalog.read(joined(count, f"NV{links}"), "x")
    topology = found.topology
    assert (topology.devices, topology.nodes) == (count, 1)
    assert (topology.vertices - topology.devices, len(topology.ends)) == (switches, cables)
    assert set(topology.lanes.tolist()) == {links}
    assert any("NVSwitch" in loss for loss in found.losses) == bool(switches)
    asked = cases(found.fabric, "all_reduce", sizes=[2**30], ranks=[count])
    per_device = links * 25e9 * (1 if switches else count - 1)
    (answer,) = predict(asked, found.fabric, algorithm="ring")
    assert answer.busbw <= per_device * (1 + 1e-9)


def test_without_nvlink_for_all_the_cells_make_a_tree():
    cells = {("GPU0", "NIC0"): "PIX", ("GPU1", "NIC1"): "PXB", ("GPU0", "GPU1"): "NODE", ("GPU0", "NIC1"): "NODE"}
    cells |= {("NIC0", "NIC1"): "NODE", ("GPU1", "NIC0"): "NODE", ("GPU2", "GPU3"): "NV4"}
    found = catalog.read(matrix(cells, [*gpus(4), "NIC0", "NIC1"], "NIC Legend:\n\n  NIC0: mlx5_0\n  NIC1: mlx5_1"), "x")
    ends = {tuple(sorted((found.names[a], found.names[b]))) for a, b in found.topology.ends.tolist()}
    assert ends == {
        ("GPU0", "PCIe switch 0"),
        ("PCIe switch 0", "mlx5_0"),
        ("GPU1", "PCIe switches 0"),
        ("PCIe switches 0", "mlx5_1"),
        ("CPU 0", "PCIe switch 0"),
        ("CPU 0", "PCIe switches 0"),
        ("CPU 0", "sockets 0"),
        ("GPU2", "sockets 0"),
        ("GPU3", "sockets 0"),
        ("GPU2", "GPU3"),
    }
    assert "nearest NIC of GPU0: mlx5_0 (PIX); a fabric of one node has no use for it" in found.losses


def test_a_cut_row_is_told_by_the_others_and_two_that_differ_are_a_defect():
    whole = joined(4, "NV4")
    cut = "\n".join(line if not line.startswith("GPU1") else line[:9] for line in whole.split("\n"))
    found = catalog.read(cut, "x")
    assert len(found.topology.ends) == 6
    assert [(d.kind, d.line) for d in found.defects] == [("missing", 3)]
    other = whole.replace("GPU3\tNV4", "GPU3\tNV2")
    assert [d.told for d in catalog.read(other, "x").defects] == [
        "GPU0 says NV4 of GPU3, and GPU3 says NV2 of GPU0; the first is taken"
    ]


@pytest.mark.parametrize("length", range(1, 120))
def test_a_cut_matrix_never_says_another_number_of_links(length):
    try:
        found = catalog.read(joined(3, "NV18")[:length], "x", "nvidia-topo")
    except InputError:
        return
    assert set(found.topology.lanes[found.fabric.link_speed[::2] > 20e9].tolist()) <= {18}


def test_colours_and_text_around_it_are_left_out():
    text = joined(2, "NV4").replace("\tGPU0\tGPU1", "\x1b[4m\tGPU0\tGPU1").replace("Affinity\n", "Affinity\x1b[0m\n", 1)
    found = catalog.read(f"$ nvidia-smi topo -m\n{text}", "x")
    assert (found.topology.devices, found.defects) == (2, ())


def test_what_is_no_matrix_is_refused():
    with pytest.raises(InputError, match=r"^x:1: expected the matrix of `nvidia-smi topo -m`"):
        catalog.read("GPU0 is hot\n", "x", "nvidia-topo")


def test_the_sample_of_the_field(data):
    path = data / "field" / "wanted" / "topo_m.log"
    if not path.exists():
        pytest.skip("the shared data folder has no field/wanted")
    found = catalog.read(path.read_text(), "x")
    assert (found.topology.devices, len(found.topology.ends), found.defects) == (4, 6, ())
    assert any(loss.startswith("nearest NIC of GPU0, GPU1, GPU2, GPU3: mlx5_0 (NODE)") for loss in found.losses)
