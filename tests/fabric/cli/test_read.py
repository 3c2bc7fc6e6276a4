import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]


def run(*arguments, code=0):
    done = subprocess.run(
        [sys.executable, "-m", "fabric", *map(str, arguments)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == code, (done.stdout[-500:], done.stderr[-2000:])
    return done


def test_help_shows_an_example():
    for verb in ("read", "write", "audit"):
        assert "Example: fabricbench" in run(verb, "--help").stdout


def test_a_tree_is_read_counted_and_written_without_loss(tmp_path):
    conf, again = tmp_path / "topology.conf", tmp_path / "f.json"
    conf.write_text("SwitchName=top Switches=s[1-2]\nSwitchName=s1 Nodes=n[1-4]\nSwitchName=s2 Nodes=n[5-7]\n")
    done = run("read", conf, "--json", "-o", again)
    row = json.loads(done.stdout)["rows"][0]
    assert (row["endpoints"], row["switches"], row["cables"]) == (7, 3, 9)
    assert "fabricbench: " in done.stderr
    assert json.loads(run("read", again, "--json").stdout)["rows"][0]["fingerprint"] == row["fingerprint"]
    assert "endpoints" in run("read", conf).stdout


def test_bad_files_get_one_line_and_exit_code_2(tmp_path):
    conf = tmp_path / "topology.conf"
    conf.write_text("SwitchName=top Switches=s[1-2]\nSwitchName=s1 Nodes=n[1-\n")
    for arguments in (["read", conf], ["read", tmp_path / "absent"], ["read", conf, "--format", "slurm"]):
        done = run(*arguments, code=2)
        assert len(done.stderr.strip().splitlines()) == 1
    assert "topology.conf:2: expected" in run("read", conf, code=2).stderr
