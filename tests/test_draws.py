"""Every run of the suite draws the same examples; `make fuzz` draws others each time."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
PROBE = """
from hypothesis import given
from hypothesis import strategies as st
{imports}
drawn = []


@given(st.integers(0, 2**45), st.text(max_size=20), st.floats())
def test_draw(whole, text, number):
    drawn.append((whole, text, repr(number)))


def test_show():
    print("drawn:", *drawn)
"""


def draws(folder, *options, imports=""):
    (folder / "test_probe.py").write_text(PROBE.format(imports=imports))
    line = [sys.executable, "-m", "pytest", "-q", "-s", "-p", "conftest", "-p", "no:cacheprovider", *options, "test_probe.py"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT / "tests"), str(ROOT)])}
    done = subprocess.run(line, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return next(line for line in done.stdout.splitlines() if "drawn:" in line)


def test_draws_are_the_same_whatever_is_loaded(tmp_path):
    plain, again, loaded = (
        draws(tmp_path, imports=text) for text in ("", "", "import fabric.predict.answer, fabric.search.search")
    )
    assert plain == again == loaded


def test_fuzzing_draws_others_each_time(tmp_path):
    first, second = (draws(tmp_path, "--hypothesis-profile=fuzz") for _ in range(2))
    assert first != second
    assert first.count("(") > 100
