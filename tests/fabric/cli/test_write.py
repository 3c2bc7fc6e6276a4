import json

import pytest
import yaml
from typed import typed

from fabric.formats import catalog
from fabric.formats.named import named
from fabric.network.spec import load
from topologies.errors import InputError

TOPO = "fat_tree:k=4,devices_per_node=2,scale_up=nvswitch"


def run(*arguments, code=0):
    done = typed(*arguments)
    assert done.returncode == code, (done.stdout[-500:], done.stderr[-2000:])
    return done


def text(kind, topo=TOPO):
    return catalog.write(named(load(topo)), kind).text


def test_losses_stand_on_standard_error(tmp_path):
    done = run("write", "fat_tree:k=4", "--format", "slurm-conf", "-o", tmp_path / "topology.conf")
    assert "parallel paths and speeds are left out" in done.stderr
    row = json.loads(run("write", "star:devices=3", "--format", "csv", "--json").stdout)["rows"][0]
    assert row["text"].startswith("# fabricbench.cables/2 topology=star")
    assert "unknown format 'slurm'" in run("write", "star", "--format", "slurm", code=2).stderr


@pytest.mark.parametrize("kind", catalog.writable())
def test_every_format_is_written(kind):
    assert text(kind).endswith("\n")


def test_kueue_and_volcano_name_every_group():
    topology, _flavor, *nodes = yaml.safe_load_all(text("kueue"))
    levels = [level["nodeLabel"] for level in topology["spec"]["levels"]]
    assert len(nodes) == 8
    assert all(set(node["metadata"]["labels"]) == {*levels, "fabricbench/pool"} for node in nodes)
    groups = list(yaml.safe_load_all(text("volcano")))
    assert sorted({g["spec"]["tier"] for g in groups}) == [1, 2, 3]
    assert sum(m["type"] == "Node" for g in groups for m in g["spec"]["members"]) == 8


def test_simulators_get_all_devices_and_cables():
    simai = text("simai").splitlines()
    assert simai[0] == "44 2 8 20 64 H100"
    assert len(simai) == 2 + 64
    dimensions = yaml.safe_load(text("astra-sim"))
    assert dimensions["npus_count"] == [2, 2, 4]
    assert dimensions["bandwidth"] == pytest.approx([450e9 / 2**30, 50e9 / 2**30, 50e9 / 2**30])
    assert {"Nodes 16", "Tiers 3", "Podsize 4", "Radix_Up 2"} <= set(text("htsim").splitlines())
    lab = yaml.safe_load(text("containerlab"))["topology"]
    assert (len(lab["nodes"]), len(lab["links"])) == (36, 48)


def test_what_cannot_be_said_is_refused():
    ragged = named(load("rail_optimized:nodes=40,rails=8,radix=64"))
    with pytest.raises(InputError, match="astra-sim: groups of a tier must be equally large, leaf has 8 to 32 nodes"):
        catalog.write(ragged, "astra-sim")
    with pytest.raises(InputError, match="htsim: expected two or three tiers"):
        catalog.write(named(load("star:devices=3")), "htsim")
    large = named(load("rail_optimized:nodes=1,rails=64,radix=64"))
    assert any("NCCL releases that hold 256 refuse" in loss for loss in catalog.write(large, "nccl-xml").losses)
