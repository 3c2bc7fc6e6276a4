"""Every topology file that the field handed in, with its right outcome; skipped where the shared folder is absent."""

import pytest

from fabric.formats import catalog
from topologies.errors import InputError

COUNTS = {
    "nccl-pci-gpus.xml": (2, {}),
    "nccl-show-audit-crash.xml": (2, {}),
    "nccl-xgmi-speed.xml": (2, {}),
    "nccl-repeated-busid.xml": (2, {}),
    "no-final-newline.conf": (8, {"leaf": 2, "spine": 1}),
    "bom.conf": (4, {"leaf": 1, "spine": 1}),
    "slurm-empty-block.conf": (8, {"leaf": 3}),
    "slurm-scontrol-show-topology.txt": (8, {"leaf": 2, "spine": 1}),
    "slurm-node-on-two-leaves.conf": (8, {"leaf": 2, "spine": 1}),
    "slurm-blocks-predict.conf": (8, {"leaf": 2}),
    "ib-stderr-lines.out": (8, {"leaf": 3, "spine": 1}),
    "ib-loopback-cable.out": (8, {"leaf": 3, "spine": 1}),
    "ib-missing-ca-block.out": (8, {"leaf": 3, "spine": 1}),
    "ib-storage-fabric.out": (8, {"leaf": 3, "spine": 1}),
    "ib-ports-p.out": (2, {"leaf": 1}),
    "containerlab.clab.yml": (2, {}),
    "astra-sim.yml": (32, {"dim1-switch": 4}),
    "simai-topology.txt": (8, {"leaf": 1, "unreached": 8}),
    "csv-bandwidth-column.csv": (3, {"leaf": 1}),
    "node-link-bandwidth.json": (2, {"leaf": 1}),
    "simgrid-backbone.xml": (100, {"leaf": 1}),
    "infragraph-own-20kB.yaml": (128, {"leaf": 32, "spine": 32, "core": 16}),
    "infragraph-no-newline.json": (2, {"leaf": 1}),
    "rails-back-to-back.csv": (16, {}),
}
FLAWS = {
    "nccl-repeated-busid.xml": ["repeated"],
    "no-final-newline.conf": ["unfinished"],
    "slurm-node-on-two-leaves.conf": ["repeated"],
    "ib-stderr-lines.out": ["noise", "noise"],
    "ib-loopback-cable.out": ["loopback"],
    "ib-missing-ca-block.out": ["missing"],
    "simai-topology.txt": ["missing"],
    "simgrid-backbone.xml": ["noise"],
}


@pytest.fixture
def folder(data):
    found = data / "field" / "topologies"
    if not found.is_dir():
        pytest.skip("the shared data folder has no field/topologies")
    return found


@pytest.mark.parametrize("name", sorted(COUNTS))
def test_a_file_of_the_field_is_read(folder, name):
    found = catalog.read((folder / name).read_text(), name)
    assert (found.topology.devices, found.topology.switches_by_tier) == COUNTS[name]
    assert [defect.kind for defect in found.defects] == FLAWS.get(name, [])


def test_no_file_of_the_field_is_forgotten(folder):
    there = {path.name for path in folder.iterdir()} - {"README.txt"}
    assert there <= {*COUNTS, "graphml-ring-no-host.graphml"}


def test_a_ring_without_hosts_says_how_to_mark_them(folder):
    with pytest.raises(InputError, match="mark hosts with type=host"):
        catalog.read((folder / "graphml-ring-no-host.graphml").read_text(), "x")
