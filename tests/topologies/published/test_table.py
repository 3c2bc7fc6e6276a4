"""Every published fabric is rebuilt, and differs from what was printed only where the publication contradicts itself."""

import json
import os
import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from topologies.catalog import parse
from topologies.errors import InputError
from topologies.proofs import proof
from topologies.published.record import check, counted, report
from topologies.published.table import PUBLISHED

ROOT = Path(__file__).parents[3]
DATA = Path(os.environ.get("FABRICBENCH_DATA", ROOT.parent / "shared" / "data"))
TABLE = DATA / "topology_tables.json"
ABSENT = "the tables are not here: set FABRICBENCH_DATA to their folder"
BY_NAME = {published.name: published for published in PUBLISHED}
CONTRADICTING = {
    "superpod-b300-xdr-18su": ["endpoints: printed 9,216, built 10,368"],
    "h100-sheet-13107n": ["endpoints: printed 104,858, built 104,856", "switches: printed 8,192, built 8,656"],
    "slingshot-largest": ["endpoints: printed 278,528, built 279,040"],
    "deepseek-slim-fly": ["endpoints: printed 32,928, built 30,618", "switches: printed 1,568, built 1,458"],
    "frontier": ["nodes: printed 9,408, built 9,472", "endpoints: printed 37,632, built 37,888"],
}
OURS: Mapping[str, str] = {
    "nodes": "nodes",
    "gpus": "endpoints",
    "npus": "endpoints",
    "endpoints": "endpoints",
    "leaf": "leaf",
    "tor": "leaf",
    "l1_switches": "leaf",
    "spine": "spine",
    "agg": "spine",
    "l2_switches": "spine",
    "switches": "switches",
    "nvswitch": "scale_up_switches",
    "links_node_leaf_400g": "host-leaf",
    "links_nic_tor_200g": "host-leaf",
    "links_leaf_spine_400g": "leaf-spine",
    "links_tor_agg_400g": "leaf-spine",
    "links_l1_l2": "leaf-spine",
    "l2_ports_used": "spine_down",
    "tor_200g_downlinks": "leaf_down",
    "agg_down_ports": "spine_down",
    "ports_per_switch": "leaf_down",
    "links": "cables",
}
"""The tables' words for what we count."""
ROWS = {
    "nv-b300-1su": "superpod-b300-1su",
    "nv-b300-4su": "superpod-b300-4su",
    "nv-b300-16su": "superpod-b300-16su",
    "nv-gb200-nvl72": "gb200-nvl72",
    "meta-llama3-24k": "meta-llama3-24k",
    "alibaba-hpn7-pod": "alibaba-hpn-7.0",
    "bytedance-megascale": "bytedance-megascale",
    "huawei-cm384": "cloudmatrix384",
    **{f"bom-sheet-{n}n": f"h100-sheet-{n}n" for n in (64, 256, 1024, 4096, 32768)},
}
"""Rows of the tables without a spec that we publish, by the name of ours."""


def test_names_are_unique_and_every_fabric_has_source_and_date():
    assert len(BY_NAME) == len(PUBLISHED)
    assert all(published.source and published.date and published.counts for published in PUBLISHED)


@pytest.mark.parametrize("published", PUBLISHED, ids=lambda published: published.name)
def test_every_printed_count_is_built_or_the_publication_contradicts_itself(published):
    assert [str(difference) for difference in check(published)] == CONTRADICTING.get(published.name, [])
    assert published.contradictions or not check(published)


@pytest.mark.parametrize(
    ("name", "endpoints", "switches"),
    [
        ("deepseek-ft2", 2_048, 96),
        ("deepseek-mpft", 16_384, 768),
        ("deepseek-ft3", 65_536, 5_120),
        ("deepseek-dragonfly", 261_632, 16_352),
    ],
)
def test_the_comparison_of_deepseek_comes_out(name, endpoints, switches):
    """Zhao et al., arXiv 2505.09343, table 3."""
    built = counted(parse(BY_NAME[name].spec))
    assert (built["endpoints"], built["switches"]) == (endpoints, switches)


def test_the_slim_fly_of_that_comparison_follows_the_formula_and_cannot_be_built():
    """2 q^2 switches with half their degree in devices: q = 28 is what is printed, and no prime power."""
    degree = 3 * 28 // 2
    assert (2 * 28**2, 2 * 28**2 * (degree // 2)) == (1_568, 32_928)
    with pytest.raises(InputError, match=r"q must be a prime power 4w-1, 4w or 4w\+1, got 28; the nearest are 27 and 29"):
        parse("slim_fly:q=28,hosts=21")


def test_known_contradictions_are_reported_and_not_copied():
    assert "35.3 %" in report(BY_NAME["meta-llama3-24k"])[-1]
    assert "10,368" in report(BY_NAME["superpod-b300-xdr-18su"])[-1]
    assert "279,040" in report(BY_NAME["slingshot-largest"])[-1]


@pytest.mark.parametrize("name", ["superpod-h100-4su", "superpod-b300-4su", "alibaba-hpn-7.0", "cloudmatrix384", "gb200-nvl72"])
def test_the_wiring_is_sound_not_only_its_counts(name):
    found = proof(parse(BY_NAME[name].spec))
    assert found.connected
    assert found.problems == ()


@pytest.mark.skipif(not TABLE.is_file(), reason=ABSENT)
@pytest.mark.parametrize(("row", "name"), ROWS.items())
def test_rows_without_a_spec_are_reproduced(row, name):
    rows = {each["id"]: each for each in json.loads(TABLE.read_text())["tables"]}
    printed = rows[row]["published"]
    built = counted(parse(BY_NAME[name].spec))
    compared = {key: value for key, value in printed.items() if key in OURS}
    assert compared
    assert {key: built[OURS[key]] for key in compared} == compared


def test_the_page_names_every_family_and_every_contradiction():
    page = (ROOT / "docs" / "topologies.md").read_text()
    assert all(f"`{published.spec.partition(':')[0]}" in page for published in PUBLISHED)
    assert all(published.name.rpartition("-")[0] in page for published in PUBLISHED if published.contradictions)


@pytest.mark.parametrize(
    "spec", re.findall(r"^\|[^|]*\| `([a-z_]+:[^`]*)` \|", (ROOT / "docs" / "topologies.md").read_text(), re.MULTILINE)
)
def test_the_pages_specs_are_published(spec):
    assert spec in {published.spec for published in PUBLISHED}
