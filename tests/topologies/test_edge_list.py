import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from topologies.catalog import parse
from topologies.edge_list import edge_list
from topologies.errors import InputError

STAR = "leaf a\nb leaf\n\n# a comment\n  leaf   spine 2\nspine leaf2\nleaf2 c\n"


@pytest.fixture
def listed(tmp_path):
    """Return a function that writes a text to a file and returns its path."""

    def write(text: str) -> str:
        path = tmp_path / "cables.txt"
        path.write_text(text)
        return str(path)

    return write


def test_vertices_with_one_cable_are_devices(sound, rebuilt, listed):
    topology = edge_list(listed(STAR))
    sound(topology)
    rebuilt(topology)
    assert topology.devices == 3
    assert topology.switches_by_tier == {"switch": 3}
    assert topology.cables_by_level == {"host-switch": 3, "switch-switch": 2}
    assert topology.ends.tolist() == [[0, 3], [1, 3], [2, 5], [3, 4], [4, 5]]
    assert topology.lanes.tolist() == [1, 1, 1, 2, 1]
    assert topology.forwards.tolist() == [False] * 3 + [True] * 3


def test_a_devices_column_names_them(sound, listed):
    text = 'source,target,devices,lanes\n"a, left",s,source,\nt,"a, left",target,4\ns,t,-\ns,t\n'
    topology = edge_list(listed(text))
    sound(topology)
    assert topology.devices == 1
    assert topology.cables_by_level == {"host-switch": 2, "switch-switch": 2}
    assert topology.lanes.tolist() == [1, 4, 1, 1]


def test_without_switches_all_forward(sound, rebuilt, listed):
    topology = edge_list(listed("a b\nb c\nc a\n"), forward=1)
    sound(topology)
    rebuilt(topology)
    assert topology.tiers == ("host",)
    assert topology.forwards.all()
    assert topology.ends.tolist() == [[0, 1], [1, 2], [0, 2]]


def test_devices_that_forward_may_share_a_cable(listed):
    topology = edge_list(listed("source target devices\na s source\na b both\nb s source\ns t -\n"), forward=1)
    assert topology.cables_by_level == {"host-host": 1, "host-switch": 2, "switch-switch": 1}


@given(
    names=st.lists(st.text(st.characters(codec="ascii", categories=["L", "N", "P", "S"]), min_size=1), min_size=1, unique=True)
)
def test_any_name_is_a_name(tmp_path_factory, names):
    names = [name for name in names if not name.startswith(("#", "hub")) and "," not in name]
    path = Path(tmp_path_factory.mktemp("names")) / "cables"
    path.write_text("".join(f"hub {name}\n" for name in [*names, "x-1", "x-2"]))
    found = edge_list(str(path))
    assert found.devices == len({*names, "x-1", "x-2"}) - sum(n in ("x-1", "x-2") for n in set(names))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a s\nb\n", "{file}:2: two vertex names and then lanes were expected, got ['b']"),
        ("a s\nb s 1 2\n", "{file}:2: two vertex names and then lanes were expected, got ['b', 's', '1', '2']"),
        ("a,s\nb,\n", "{file}:2: two vertex names and then lanes were expected, got ['b', '']"),
        ("source,target\na,s,2\n", "{file}:2: two vertex names were expected, got ['a', 's', '2']"),
        (
            "source,target,color\na,s,2\n",
            "{file}:1: columns must be source, target and then lanes, devices or both, got source, target, color",
        ),
        ("a s 0\n", "{file}:1: lanes must be a whole number from 1 to 32767, got '0'"),
        ("a s 1.5\n", "{file}:1: lanes must be a whole number from 1 to 32767, got '1.5'"),
        ("a s\nb b\n", "{file}:2: a cable must join two vertices, got b and b"),
        ("source target devices\na s me\n", "{file}:2: devices must be source, target, both or -, got 'me'"),
        ("a b\n", "{file}:1: a cable between two devices, a and b, needs forward=1"),
        ("a b\nb c\nc a\n", "edge_list: {file} names no device: no vertex has a single cable; add a column `devices`"),
        ("# nothing\n", "edge_list: {file} holds no cable; write one a line, as: host1 leaf1"),
        ('a,"s\n', "{file}:1: a line of comma-separated values was expected (unexpected end of data), got 'a,\"s'"),
    ],
)
def test_refusals_name_file_and_line(listed, text, message):
    file = listed(text)
    with pytest.raises(InputError, match=f"^{re.escape(message.format(file=file))}$"):
        edge_list(file)


def test_a_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"^edge_list: file cannot be read: .*: No such file or directory$"):
        parse(f"edge_list:file={tmp_path / 'none'}")
    with pytest.raises(InputError, match=r"^edge_list: file cannot be read: .*: Is a directory$"):
        edge_list(str(tmp_path))


def test_bytes_that_are_no_text_are_refused(tmp_path):
    (tmp_path / "x").write_bytes(b"\xff\xfe\x00a s\n")
    with pytest.raises(InputError, match=r"^edge_list: file cannot be read: .*: it is not UTF-8 text$"):
        edge_list(str(tmp_path / "x"))


def test_a_comma_in_the_path_is_refused():
    with pytest.raises(InputError, match=r"^edge_list: file must have no comma in its path"):
        edge_list("a,b")


def test_a_large_list_reads_like_the_arrays_it_was_written_from(listed):
    first = parse("jellyfish:switches=200,degree=9,hosts=4")
    again = edge_list(listed("".join(f"v{a} v{b}\n" for a, b in first.ends.tolist())))
    assert np.array_equal(again.ends[:800], first.ends[:800])
    assert again.cables_by_level == first.cables_by_level
