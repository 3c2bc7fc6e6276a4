"""What makes schedulers act is what their published schemas take, whatever the names of a file are.

Schemas rewritten in short from their sources, read in November 2026: kubernetes-sigs/kueue
apis/kueue/v1beta2/topology_types.go and config/components/crd/bases/kueue.x-k8s.io_resourceflavors.yaml; volcano-sh/volcano
config/crd/volcano/bases/topology.volcano.sh_hypernodes.yaml; NVIDIA/KAI-Scheduler
deployments/kai-scheduler/crds/kai.scheduler_topologies.yaml; Kubernetes' rules of names and labels; SchedMD/slurm
doc/man/man5/topology.yaml.5 (May 2025).
"""

import jsonschema
import pytest
import yaml

from fabric.formats import catalog
from fabric.formats.named import named
from fabric.network.spec import load

SUBDOMAIN = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$"
LABEL = r"^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])$"
VALUE = r"^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$"
NAME = {"type": "string", "maxLength": 253, "pattern": SUBDOMAIN}
LABELS = {
    "type": "object",
    "propertyNames": {"pattern": LABEL, "maxLength": 316},
    "additionalProperties": {"type": "string", "maxLength": 63, "pattern": VALUE},
}


def document(api, kind, spec=None, labels=None):
    """The schema of an object: its API, kind, name, and spec or labels; nothing else."""
    metadata = {"name": NAME} | ({"labels": labels} if labels else {})
    parts = {
        "apiVersion": {"const": api}, "kind": {"const": kind},
        "metadata": {"type": "object", "properties": metadata, "required": list(metadata), "additionalProperties": False},
    } | ({"spec": spec} if spec else {})  # fmt: skip
    return {"type": "object", "properties": parts, "required": list(parts), "additionalProperties": False}


def topology(api):
    label = {"type": "string", "minLength": 1, "maxLength": 316, "pattern": LABEL}
    level = {"type": "object", "properties": {"nodeLabel": label}, "required": ["nodeLabel"], "additionalProperties": False}
    levels = {"type": "array", "minItems": 1, "maxItems": 16, "uniqueItems": True, "items": level}
    spec = {"type": "object", "properties": {"levels": levels}, "required": ["levels"], "additionalProperties": False}
    return document(api, "Topology", spec)


FLAVOR = document("kueue.x-k8s.io/v1beta2", "ResourceFlavor", {
    "type": "object", "additionalProperties": False, "required": ["nodeLabels", "topologyName"],
    "properties": {"nodeLabels": {**LABELS, "minProperties": 1, "maxProperties": 8}, "topologyName": NAME},
})  # fmt: skip
MEMBER = {
    "type": "object", "required": ["type", "selector"], "additionalProperties": False,
    "properties": {
        "type": {"enum": ["Node", "HyperNode"]},
        "selector": {"type": "object", "minProperties": 1, "maxProperties": 1, "additionalProperties": False, "properties": {
            "exactMatch": {"type": "object", "properties": {"name": {**NAME, "minLength": 1}}, "required": ["name"],
                           "additionalProperties": False}}},
    },
}  # fmt: skip
HYPER_NODE = document("topology.volcano.sh/v1alpha1", "HyperNode", {
    "type": "object", "required": ["tier"], "additionalProperties": False,
    "properties": {"tier": {"type": "integer", "minimum": 0}, "members": {"type": "array", "minItems": 1, "items": MEMBER}},
})  # fmt: skip
NODE = document("v1", "Node", labels={**LABELS, "required": ["kubernetes.io/hostname"]})
KINDS = {
    "kueue": {"Topology": topology("kueue.x-k8s.io/v1beta2"), "ResourceFlavor": FLAVOR, "Node": NODE},
    "kai": {"Topology": topology("kai.scheduler/v1alpha1"), "Node": NODE},
    "volcano": {"HyperNode": HYPER_NODE},
}
ODD = (
    "SwitchName=Spine..X Switches=Leaf_1.-A,LEAF-1..a\nSwitchName=Leaf_1.-A Nodes=Node_A.b,node-a.b,rack..7\n"
    f"SwitchName=LEAF-1..a Nodes={'c' * 70},-x-,N0.-.1\n"
)


FABRICS = {
    "fat_tree": named(load("fat_tree:k=4")),
    "rails": named(load("rail_optimized:nodes=40,rails=8,radix=32")),
    "leaf_spine": named(load("leaf_spine:leaves=2,spines=2,hosts_per_leaf=4,uplinks=2")),
    "odd names": catalog.read(ODD, "x", "slurm-conf"),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("fabric", FABRICS.values(), ids=FABRICS)
def test_kubernetes_takes_every_object(kind, fabric):
    objects = list(yaml.safe_load_all(catalog.write(fabric, kind).text))
    for one in objects:
        jsonschema.validate(one, KINDS[kind][one["kind"]])
    names = [(one["kind"], one["metadata"]["name"]) for one in objects]
    assert len(set(names)) == len(names)
    assert {one["kind"] for one in objects} == set(KINDS[kind])
    if kind == "volcano":
        own = {name for _, name in names}
        members = [m for one in objects for m in one["spec"]["members"]]
        assert {m["selector"]["exactMatch"]["name"] for m in members if m["type"] == "HyperNode"} < own
        hosts = [m["selector"]["exactMatch"]["name"] for m in members if m["type"] == "Node"]
        assert len(set(hosts)) == len(hosts) == len(fabric.nodes)
    else:
        levels = [level["nodeLabel"] for level in objects[0]["spec"]["levels"]]
        assert levels[-1] == "kubernetes.io/hostname", "it can only be used at the lowest level"
        assert all(set(levels) <= one["metadata"]["labels"].keys() for one in objects if one["kind"] == "Node")


@pytest.mark.parametrize("fabric", FABRICS.values(), ids=FABRICS)
def test_slurms_yaml_names_one_topology_with_unique_short_names(fabric):
    (tree,) = yaml.safe_load(catalog.write(fabric, "slurm-yaml").text)
    (block,) = yaml.safe_load(catalog.write(fabric, "slurm-block-yaml").text)
    assert list(tree) == ["topology", "cluster_default", "tree"], "topology must be the first"
    assert list(block) == ["topology", "cluster_default", "block"]
    switches, blocks = tree["tree"]["switches"], block["block"]["blocks"]
    for key, rows in (("switch", switches), ("block", blocks)):
        names = [row[key] for row in rows]
        assert len(set(names)) == len(names)
        assert max(map(len, names)) <= 64
    assert all(("children" in row) != ("nodes" in row) for row in switches)
    assert all(set(row) == {"block", "nodes"} for row in blocks)
    sizes = block["block"]["block_sizes"]
    assert all(size % sizes[0] == 0 and (size // sizes[0]).bit_count() == 1 for size in sizes)
