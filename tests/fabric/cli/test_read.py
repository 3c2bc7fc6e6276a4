import json

from typed import typed


def run(*arguments, code=0):
    done = typed(*arguments)
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


def test_flaws_are_told_with_their_line_and_stand_in_the_json(tmp_path):
    conf = tmp_path / "topology.conf"
    conf.write_text("SwitchName=s1 Nodes=n[1-4]\nslurmctld: hello\nSwitchName=s2 Nodes=n[4-7]\nSwitchName=top Switches=s[1-2]")
    done = run("read", conf, "--json")
    row = json.loads(done.stdout)["rows"][0]
    assert [(d["kind"], d["line"]) for d in row["defects"]] == [("noise", 2), ("repeated", 3), ("unfinished", 4)]
    assert "topology.conf:3: 'n4' stands below 's1' and 's2'; it is read as cabled to both" in done.stderr
    assert json.loads(run("read", conf, "--json", "--only", "switches:!s2").stdout)["rows"][0]["endpoints"] == 4


def test_messages_and_failures_use_the_files_names(tmp_path):
    conf = tmp_path / "topology.conf"
    conf.write_text("SwitchName=s1 Nodes=n[1-2]\nSwitchName=s2 Nodes=n[3-4]\nSwitchName=top Switches=s[1-2]\n")
    ask = ["predict", "--topo", conf, "--sizes", "1MiB", "--fail"]
    assert "routing: no way in observed:" in run(*ask, "top", code=2).stderr
    assert "from n2 to n3" in run(*ask, "cable:s1--top", code=2).stderr
    assert "did you mean top" in run(*ask, "tob", code=2).stderr
    blocks = tmp_path / "blocks.conf"
    blocks.write_text("BlockName=b1 Nodes=n[1-2]\nBlockName=b2 Nodes=n[3-4]\n")
    assert "from n2 to n3: Slurm's blocks have nothing above them" in run("predict", "--topo", blocks, code=2).stderr
