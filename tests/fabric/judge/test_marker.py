import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import sites

from fabric.judge.floor import floor_of
from fabric.judge.floor_file import write
from fabric.judge.judge import SMALL_BAD
from fabric.judge.marker import by_floor, line, marked
from topologies.errors import InputError

FLOOR = floor_of([sites.row(1, 2, 1 / 16, 100.0), sites.row(4, 8, 1024, 6000.0)])


@pytest.mark.parametrize(
    ("row", "verdict"),
    [
        (sites.row(1, 2, 1 / 16, 150.0), "good"),
        (sites.row(1, 2, 1 / 16, 200.0), "watch"),
        (sites.row(1, 2, 1 / 16, 100.0 * SMALL_BAD * 1.01), "bad"),
        (sites.row(4, 8, 1024, 6000.0 * 1.33), "bad"),
        (sites.row(1, 4, 1 / 16, 150.0), "unknown"),
    ],
)
def test_a_case_is_held_against_the_floor_alone(row, verdict):
    found = by_floor(row, FLOOR)
    assert found.verdict == verdict
    assert line(found).startswith(f"{verdict}: all_reduce of ")
    assert "\n" not in line(found)


def test_the_line_says_the_floor_and_both_bands():
    assert line(by_floor(sites.row(1, 2, 1 / 16, 250.0), FLOOR)) == (
        "bad: all_reduce of 64 KiB on 2 ranks took 250 us, 2.50 x the floor's 100 us "
        "(good to 155 us, bad beyond 220 us; the same size on 1 nodes)"
    )


def test_a_path_starts_at_the_test(tmp_path):
    write(tmp_path / "floor.json", FLOOR)
    assert marked(["floor.json"], {"algorithm": "ring"}, tmp_path) == (FLOOR, "ring")
    assert marked([tmp_path / "floor.json"], {}, Path("/nowhere")) == (FLOOR, None)


@pytest.mark.parametrize(("args", "named"), [([], {}), (["a", "b"], {}), ([7], {}), (["a"], {"algo": "ring"})])
def test_other_arguments_are_refused(args, named, tmp_path):
    with pytest.raises(InputError, match=r"floor: takes the path of one file, and algorithm= where it matters, got \("):
        marked(args, named, tmp_path)
