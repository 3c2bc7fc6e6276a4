"""Quads on disk and the refusal to compare launches in different surroundings."""

import pytest

from fabric.gate.interleave import Quad
from fabric.gate.slices import SCHEMA, draw_seed, read_quads, same_surroundings
from topologies.errors import InputError

HEAD = f'{{"schema":"{SCHEMA}","context":{{"cores":2}}}}\n'
LINE = '{"cell":1,"order":"ABBA","seconds":[1,2,3,4],"wrong":0}\n'


def test_a_torn_last_line_is_left_out(tmp_path):
    path = tmp_path / "quads.jsonl"
    path.write_text(HEAD + LINE + LINE[:20])
    assert read_quads(path) == ({"cores": 2}, [Quad(1, "ABBA", (1, 2, 3, 4))])


def test_only_what_a_launch_added_is_read(tmp_path):
    path = tmp_path / "quads.jsonl"
    path.write_text(HEAD + LINE)
    before = path.stat().st_size
    path.write_text(HEAD + LINE + HEAD.replace("2}", "4}") + LINE + LINE)
    context, quads = read_quads(path, before)
    assert (context, len(quads)) == ({"cores": 4}, 2)


@pytest.mark.parametrize("content", ["", LINE])
def test_a_file_without_a_launch_is_refused(content, tmp_path):
    path = tmp_path / "quads.jsonl"
    path.write_text(content)
    with pytest.raises(InputError, match="must hold a launch of schema"):
        read_quads(path)
    with pytest.raises(InputError, match="cannot read"):
        read_quads(tmp_path / "none")


@pytest.mark.parametrize("key", ["mpi_library", "thread_level", "processor", "torch"])
def test_other_libraries_thread_levels_and_machines_are_not_compared(key):
    with pytest.raises(InputError, match=f"will not compare across {key}: 'one' and 'other'"):
        same_surroundings({key: "one"}, {key: "other"})
    same_surroundings({key: "one", "load_1min": 1}, {key: "one", "load_1min": 9})


def test_seeds_cannot_be_known():
    assert len({draw_seed() for _ in range(20)}) == 20
