"""The console script's entry names a foreign package that hides ours."""

import subprocess
import sys
from pathlib import Path

from fabricbench import entry

ROOT = Path(__file__).parent.parent


def test_ours_are_found():
    assert entry.clash("fabric") is None
    assert entry.clash("topologies") is None


def test_the_ssh_package_is_named_with_what_to_remove(tmp_path):
    (tmp_path / "fabric").mkdir()
    (tmp_path / "fabric" / "__init__.py").write_text("class Connection: ...\n")
    code = f"import sys; sys.path[:0] = [{str(tmp_path)!r}, {str(ROOT)!r}]; from fabricbench.entry import main; main()"
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 3
    assert len(done.stderr.strip().splitlines()) == 1
    assert "the import name `fabric` belongs to another package here" in done.stderr
    assert "pip uninstall fabric" in done.stderr
