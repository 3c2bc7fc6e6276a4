"""Every reader against files that were cut, mended and mixed: one line that says what is wrong, or a fabric; nothing else."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fabric.formats import catalog
from fabric.formats.named import named
from fabric.network.spec import load
from topologies.errors import InputError

SPEC = "leaf_spine:leaves=2,spines=2,hosts_per_leaf=2"
ABLE = '{"capability": [{"type": "Bridge", "enabled": true}]}'
BRIDGE = '{"chassis": {"leaf": ' + ABLE + '}, "port": {"id": {"type": "ifname", "value": "s1"}}}'
READ_ONLY = {
    "ibnetdiscover": """Switch\t4 "S-a"\t# "leaf" port 0
[1]\t"H-c"[1]\t# "n1 x" lid 1 4xNDR
[2]\t"H-d"[1]\t# "n2 x" lid 2 4xNDR

Ca\t1 "H-c"\t# "n1 x"
[1](c)\t"S-a"[1]\t# lid 1 lmc 0 "leaf" lid 3 4xNDR

Ca\t1 "H-d"\t# "n2 x"
[1](d)\t"S-a"[2]\t# lid 2 lmc 0 "leaf" lid 3 4xNDR
""",
    "ibnetdiscover-ports": """CA 10 1 0xa 4x EDR - SW 1 1 0xb ( 'n1 H' - 'leaf' )
SW 1 1 0xb 4x EDR - CA 10 1 0xa ( 'leaf' - 'n1 H' )
""",
    "iblinkinfo": """CA: n1 H:
 0xa 10 1[  ] ==( 4X 25.78125 Gbps Active/ LinkUp)==> 1 1[  ] "leaf" ( )
Switch: 0xb leaf:
 1 1[  ] ==( 4X 25.78125 Gbps Active/ LinkUp)==> 10 1[  ] "n1 H" ( )
 1 2[  ] ==( Down/ Polling)==> [  ] "" ( )
""",
    "nvidia-topo": """\tGPU0\tGPU1\tNIC0\tCPU Affinity\tNUMA Affinity
GPU0\t X \tPHB\tPIX\t0-47\t0
GPU1\tPHB\t X \tSYS\t48-95\t1
NIC0\tPIX\tSYS\t X \t\t

NIC Legend:

  NIC0: mlx5_0
""",
    "lingjun-csv": "ip,DSW,PSW,ASW\nh1,d,p,a\nh2,d,p,b\n",
    "lldp-json": '{"n1": {"lldp": {"interface": {"e0": ' + BRIDGE + "}}}}\n",
}
WHOLE = READ_ONLY | {
    kind: catalog.write(named(load(SPEC)), kind).text for kind in catalog.readable() if catalog.FORMATS[kind].writes
}
ODD = ["", "-9", "0", "x", "[", "]", "<", ">", '"', ":", "\n", "\t", "é", "²", "1e999", "nan", "9" * 30, "null", "true", "{}"]
ODD += ["[[1]]", "n[1-", "n[0-99999999]", "&a ", "*a", "!!int x", "2026-99-99", "\x1b[2J", "\x00", "a\nb", ",,,", "switches"]


@st.composite
def mangled(draw, text):
    """Draw a file like `text`: pieces of it swapped for odd ones, lines twice, gone or moved, and the end cut off."""
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(text)))
        kind = draw(st.sampled_from(["word", "line", "twice", "cut"]))
        lines = text.split("\n")
        number = draw(st.integers(0, len(lines) - 1))
        if kind == "word":
            text = text[:at] + draw(st.sampled_from(ODD)) + text[at + draw(st.integers(0, 6)) :]
        elif kind == "line":
            text = "\n".join([*lines[:number], *lines[number + 1 :]])
        elif kind == "twice":
            text = "\n".join([*lines[:number], lines[number], *lines[number:]])
        else:
            text = text[:at]
    return text


@pytest.mark.parametrize("kind", sorted(WHOLE))
@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_a_mangled_file_is_read_or_refused_in_one_line(kind, data):
    text = data.draw(mangled(WHOLE[kind]))
    try:
        found = catalog.read(text, "some.file", kind)
    except InputError as error:
        said = str(error)
        assert said.isprintable(), said  # either outcome is right, what is said must be one line
        return
    assert found.topology.devices >= 1
    assert found.topology.ends.max(initial=0) < found.topology.vertices == len(found.names) == len(set(found.names))
    assert all(d.told.isprintable() for d in found.defects)
    assert (found.fabric.link_speed > 0).all()


@pytest.mark.parametrize("kind", sorted(WHOLE))
def test_the_whole_file_is_known_and_has_no_flaw(kind):
    assert catalog.guess(WHOLE[kind], "some.file") == kind
    assert not catalog.read(WHOLE[kind], "some.file").defects


FAMILIES = ["fat_tree:k=4", "torus:dims=3x4", "dragonfly:p=2,a=4,h=2", "slim_fly:q=5", "hypercube:n=3", "star:devices=5"]
FAMILIES += ["rail_only:nodes=4,rails=2,radix=4", "multi_plane:nodes=5,rails=2,radix=4,planes=2", "bcube:n=3,k=1"]


@settings(max_examples=40, deadline=None)
@given(
    kind=st.sampled_from(["node-link", "graphml"]),
    spec=st.sampled_from(FAMILIES),
    inside=st.sampled_from(["", ",devices_per_node=2,scale_up=nvswitch"]),
    speed=st.sampled_from(["", ",speed=123.4Gb/s"]),
)
def test_what_a_lossless_format_holds_comes_back_whole(kind, spec, inside, speed):
    try:
        before = named(load(f"{spec}{inside}{speed}"))
    except InputError:
        before = named(load(f"{spec}{speed}"))
    after = catalog.read(catalog.write(before, kind).text, "x")
    assert after.fabric.fingerprint == before.fabric.fingerprint
    assert (after.names, after.nodes, after.losses, after.defects) == (before.names, before.nodes, (), ())
