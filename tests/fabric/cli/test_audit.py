import json
import os
from pathlib import Path

import pytest
from typed import typed

ROOT = Path(__file__).parents[3]
DESIGN = "leaf_spine:leaves=3,spines=2,hosts_per_leaf=2"


def run(*arguments, code=0):
    done = typed(*arguments)
    assert done.returncode == code, (done.stdout[-500:], done.stderr[-2000:])
    return done


@pytest.fixture
def built(tmp_path):
    file = tmp_path / "built.csv"
    run("write", DESIGN, "--format", "csv", "-o", file)
    file.write_text("\n".join(file.read_text().splitlines()[1:]) + "\n")
    return file


def changed(file, old, new):
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new, 1))


def test_a_fabric_as_designed(built):
    assert "no differences" in run("audit", built, "--design", DESIGN).stdout


def test_swapped_hosts_need_names(built):
    changed(built, "host0,leaf0", "host0,leaf1")
    changed(built, "host2,leaf1", "host2,leaf0")
    run("audit", built, "--design", DESIGN)
    found = json.loads(run("audit", built, "--design", DESIGN, "--trust", "names", "--json", code=1).stdout)["rows"]
    assert [row["kind"] for row in found] == ["swapped_hosts"]


def test_a_slow_cable_and_a_missing_one(built):
    lines = built.read_text().splitlines()
    row = next(i for i, line in enumerate(lines) if line.startswith("leaf1,spine0"))
    lines[row] = lines[row].replace("50000000000.0B/s", "25GB/s")
    lines = [line for line in lines if not line.startswith("leaf2,spine1")]
    built.write_text("\n".join(lines) + "\n")
    done = run("audit", built, "--design", DESIGN, "--json", code=1)
    found = {row["kind"]: row["vertices"] for row in json.loads(done.stdout)["rows"]}
    assert found == {"missing": ["leaf2", "spine1"], "speed": ["leaf1", "spine0"]}
    assert "missing cable" in run("audit", built, "--design", DESIGN, code=1).stdout


def test_wrong_ports(tmp_path):
    rows = [("h1", "l", "1"), ("h2", "l", "2")]
    for name, ports in (("design", "12"), ("built", "13")):
        lines = [f"{a},{b},host,leaf,p1,{q}" for (a, b, _), q in zip(rows, ports, strict=True)]
        header = "source,target,source_tier,target_tier,source_port,target_port"
        (tmp_path / f"{name}.csv").write_text("\n".join([header, *lines]) + "\n")
    done = run("audit", tmp_path / "built.csv", "--design", tmp_path / "design.csv", "--trust", "ports", "--json", code=1)
    (row,) = json.loads(done.stdout)["rows"]
    assert (row["kind"], row["observed"], row["designed"]) == (
        "wrong_port",
        ["h2 port p1", "l port 3"],
        ["h2 port p1", "l port 2"],
    )


def test_names_that_are_not_the_designs(built):
    text = built.read_text()
    for name in ("host", "leaf", "spine"):
        text = "\n".join(
            ",".join(c.replace(name, "x" + name) if c[-1:].isdigit() else c for c in r.split(",")) for r in text.split("\n")
        )
    built.write_text(text)
    run("audit", built, "--design", DESIGN)
    assert "names must be those of the design" in run("audit", built, "--design", DESIGN, "--trust", "names", code=2).stderr


def test_the_six_single_cable_pairs_of_a_real_dump():
    data = Path(os.environ.get("FABRICBENCH_DATA", ROOT.parent / "shared" / "data"))
    if not data.is_dir():
        pytest.skip("the shared data folder is absent: set FABRICBENCH_DATA")
    design = "leaf_spine:leaves=31,spines=9,hosts_per_leaf=18,uplinks=18"
    done = run("audit", data / "ibnetdiscover" / "example.out", "--design", design, "--json", code=1)
    rows = [row for row in json.loads(done.stdout)["rows"] if row["kind"] == "missing"]
    assert sum(row["count"] == 1 for row in rows) == 6
    assert sum(row["count"] == 2 for row in rows) == 10
    assert not any(row["kind"] in ("extra", "swapped") for row in json.loads(done.stdout)["rows"])


def test_what_is_wrong_inside_the_dump_is_a_finding_with_its_line(built):
    lines = built.read_text().splitlines()
    looped = lines[-1].split(",")
    looped[1] = looped[0]
    built.write_text("\n".join([*lines, ",".join(looped), "a row of another length"]) + "\n")
    done = run("audit", built, "--design", DESIGN, "--json", code=1)
    rows = json.loads(done.stdout)["rows"]
    assert {(row["kind"], row["line"]) for row in rows} == {("in_dump", len(lines) + 1)}
    assert {row["defect"] for row in rows} == {"loopback", "repeated"}, "its other end is in tier spine further up"
    assert f"built.csv:{len(lines) + 2}: " in done.stderr


def test_a_fabric_without_scale_out_cables_is_shown_and_audited(tmp_path):
    pci = '<pci busid="{0}" class="0x030200" link_speed="16 GT/s" link_width="16"><gpu dev="{0}"/></pci>'
    file = tmp_path / "node.xml"
    file.write_text(f'<system version="1"><cpu numaid="0">{pci.format(1)}{pci.format(2)}</cpu></system>')
    assert "2 in 1 node" in run("show", file).stdout
    assert "missing switch" in run("audit", file, "--design", "star:devices=2", code=1).stdout
    assert "scale-up" in run("predict", "--topo", file, "--sizes", "1MiB").stdout


@pytest.mark.parametrize("trust", ["nothing", "names"])
def test_a_node_without_switches_is_audited(trust, tmp_path):
    """It ended with a traceback, and said that 0 % of no cables match."""
    xml = tmp_path / "node.xml"
    gpu = '<pci busid="{0}" class="0x030200"><gpu dev="0" sm="90"><nvlink target="{1}" count="4"/></gpu></pci>'
    xml.write_text(f'<system><cpu numaid="0">{gpu.format("a", "b")}{gpu.format("b", "a")}</cpu></system>\n')
    done = run("audit", xml, "--design", xml, "--trust", trust)
    assert "no differences" in done.stdout
    assert "0.0%" not in done.stderr
