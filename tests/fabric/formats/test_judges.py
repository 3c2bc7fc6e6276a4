"""What we write is loaded by those it is written for, where they are installed."""

import shutil
import subprocess
import sys

import networkx as nx
import pytest

from benchmarks.slurm_judge import controller, missing
from fabric.formats import catalog
from fabric.formats.named import named
from fabric.network.spec import load

FAT_TREE = "fat_tree:k=4"


def written(kind, topo=FAT_TREE):
    return catalog.write(named(load(topo)), kind).text


def test_graphml_is_read_by_networkx(tmp_path):
    file = tmp_path / "f.graphml"
    file.write_text(written("graphml", "leaf_spine:leaves=2,spines=2,hosts_per_leaf=2,uplinks=4"))
    graph = nx.read_graphml(file)
    assert (graph.number_of_nodes(), graph.number_of_edges()) == (8, 12)
    assert graph.nodes["leaf0"]["tier"] == "leaf"


def test_node_link_is_read_by_networkx():
    import json

    graph = nx.node_link_graph(json.loads(written("node-link")), edges="edges")
    assert (graph.number_of_nodes(), graph.number_of_edges()) == (36, 48)


@pytest.mark.parametrize("topo", [FAT_TREE, "rail_optimized:nodes=40,rails=8,radix=32"])
def test_slurmctld_loads_the_tree(topo):
    if missing():
        pytest.skip(missing())
    import os

    if os.geteuid():
        pytest.skip("slurmctld is started as root")
    fabric = named(load(topo))
    text = catalog.write(fabric, "slurm-conf").text
    count = fabric.topology.nodes
    with controller(text, [f"node{number}" for number in range(count)]) as (environment, folder):
        asked = ["scontrol", "show", "topology"]
        shown = subprocess.run(asked, env=environment, capture_output=True, text=True, check=True).stdout
        log = (folder / "log").read_text()
    wanted = catalog.read(text, "x", "slurm-conf").topology
    assert shown.count("SwitchName=") == sum(wanted.switches_by_tier.values()), shown + log[-2000:]
    assert f"Nodes=node[0-{count - 1}]" in shown
    assert "error: topology" not in log.lower()


def judged(code, *arguments, interpreter, package):
    absent = subprocess.run([interpreter, "-c", f"import {package}"], capture_output=True, check=False).returncode
    if absent:
        pytest.skip(f"the package {package} is absent")
    done = subprocess.run([interpreter, "-c", code, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


def test_infragraph_loads_the_infrastructure(tmp_path):
    import os

    file = tmp_path / "f.yaml"
    file.write_text(written("infragraph"))
    code = (
        "import sys; from infragraph.infragraph_service import InfraGraphService\n"
        "s = InfraGraphService(); s.set_graph(open(sys.argv[1]).read()); g = s.get_networkx_graph()\n"
        "print(sum('nic' in n for n in g.nodes), sum('port' in n for n in g.nodes))"
    )
    python = os.environ.get("INFRAGRAPH_PYTHON", sys.executable)
    assert judged(code, str(file), interpreter=python, package="infragraph").split() == ["16", "80"]


def test_simgrid_routes_through_the_platform(tmp_path):
    file = tmp_path / "f.xml"
    file.write_text(written("simgrid-xml", f"{FAT_TREE},speed=400Gb/s"))
    code = (
        "import sys; from simgrid import Engine, Host\n"
        "e = Engine(sys.argv[:1] + ['--log=root.thres:critical']); e.load_platform(sys.argv[1]); e.netzone_root.seal()\n"
        "links, latency = Host.by_name('host0').route_to(Host.by_name('host15'))\n"
        "print(len(e.all_hosts), len(e.all_links), len(links), round(latency * 1e9), round(links[0].bandwidth))"
    )
    python = next(
        (
            p
            for p in (sys.executable, "/usr/bin/python3")
            if shutil.which(p) and not subprocess.run([p, "-c", "import simgrid"], capture_output=True, check=False).returncode
        ),
        sys.executable,
    )
    out = judged(code, str(file), interpreter=python, package="simgrid").split()
    assert out[0] == "16"
    assert out[2:] == ["6", "1800", "50000000000"]
