"""Logs of groups and pairs judged as the search judges its own tests: miniature logs in the tools' printed forms."""

import itertools
import json
import re
import shlex
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from fabric.cli.main import program
from fabric.records.case import Case
from fabric.records.result import Result
from fabric.records.store import append
from fabric.report.slow.page import MARKS
from fabric.slow.logs import Layer, Timed, in_name, layers
from fabric.slow.offline import hosts_tree, known
from fabric.text.escape import html as escaped
from topologies.errors import InputError

SIZE = 1 << 30
HEAD = "#  size         count    type   redop    root     time   algbw   busbw #wrong     time   algbw   busbw #wrong"


def nccl(hosts, busbw, each=8):
    """One run of all_reduce_perf that moves busbw GB/s on `each` ranks of these hosts."""
    ranks = each * len(hosts)
    listed = [
        f"#  Rank {r:2d} Group  0 Pid {400 + r} on {hosts[r // each]} device {r % each} [0000:0{r % each}:00] NVIDIA H100"
        for r in range(ranks)
    ]
    algbw = busbw * ranks / (2 * (ranks - 1))
    half = f"{SIZE / algbw / 1e3:9.1f} {algbw:7.3f} {busbw:7.3f}      0"
    row = f"{SIZE} {SIZE // 4} float sum -1 {half} {half}"
    start = "# nThread 1 nGpus 1 minBytes 1073741824 maxBytes 1073741824 step: 2(factor) warmup iters: 1 iters: 20"
    name = "# Collective test starting: all_reduce_perf"
    return "\n".join([name, start, "# Using devices", *listed, HEAD, row, ""])


def ib(client, server, rate, device):
    """One run of ib_write_bw at `rate` Gb/s, with the line that says whose it is."""
    return "\n".join(
        [
            f"# hosts: {client} {server}",
            "                    RDMA_Write BW Test",
            f" Dual-port       : OFF\t\tDevice         : {device}",
            " TX depth        : 128",
            " #bytes     #iterations    BW peak[Gb/sec]    BW average[Gb/sec]   MsgRate[Mpps]",
            f" 8388608    5000             {rate + 1:.2f}             {rate:.2f}            {rate / 8 / 8388608 * 1e3:.6f}",
            "",
        ]
    )


def asked(*words):
    found = CliRunner().invoke(program, ["slow", *words], standalone_mode=False)
    if isinstance(found.exception, InputError):
        return 2, found.stdout, f"{found.stderr}{found.exception}"
    assert found.exception is None, found.exception
    return found.return_value, found.stdout, found.stderr


def judged(folder, *words):
    code, out, err = asked("--from", str(folder), "--json", *words)
    assert out, err
    return code, json.loads(out)


def states(said, state):
    return {row["name"] for row in said["rows"] if row["state"] == state}


def groups(folder, members, slow, factor, seed=0, noise=0.004):
    rng = np.random.default_rng(seed)
    for number, hosts in enumerate(members):
        rate = 360 / (factor if slow & set(hosts) else 1) * np.exp(noise * rng.standard_normal())
        (folder / f"group{number}.log").write_text(nccl(hosts, rate))


NODES = [f"n{n}" for n in range(8)]


def test_groups_with_one_slow_node(tmp_path):
    halves = [NODES[:4], NODES[4:], NODES[::2], NODES[1::2], [*NODES[:2], *NODES[4:6]], [*NODES[2:4], *NODES[6:]]]
    groups(tmp_path, halves, {"n5"}, 1.4)
    code, said = judged(tmp_path)
    assert code == 1
    assert states(said, "slow") == {"n5"}
    assert states(said, "cleared") == {*NODES} - {"n5"}
    (row,) = [row for row in said["rows"] if row["state"] == "slow"]
    assert row["low"] <= 1.4 <= row["high"]
    assert row["tests"] == 3
    assert said["verdict"].startswith("slow: n5 takes 1.")


def test_healthy_groups_clear_everybody(tmp_path):
    groups(tmp_path, [NODES[:4], NODES[4:], NODES[::2], NODES[1::2]], set(), 1)
    code, said = judged(tmp_path)
    assert (code, states(said, "cleared"), said["next"]) == (0, {*NODES}, [])
    assert said["verdict"].startswith("none: 8 cleared")


def test_too_few_groups_say_what_to_run_next_and_its_logs_settle_it(tmp_path):
    """The lines are the tool's own; a colleague who runs those groups gets the answer."""
    groups(tmp_path, [[*NODES[:4]], [*NODES[4:]]], {"n5"}, 1.4)
    code, said = judged(tmp_path)
    assert code == 4
    assert states(said, "slow") == set()
    assert "n5" in states(said, "open")
    for number in range(100):
        if code != 4:
            break
        assert said["next"], "undecided, and nothing to run"
        for at, line in enumerate(said["next"]):
            words = shlex.split(line)
            hosts = [part.partition(":")[0] for part in words[words.index("-H") + 1].split(",")]
            assert words[2] == str(8 * len(hosts))
            rate = 360 / (1.4 if "n5" in hosts else 1)
            (tmp_path / f"next{number}-{at}.log").write_text(nccl(hosts, rate))
        code, said = judged(tmp_path)
    assert (code, states(said, "slow")) == (1, {"n5"})
    assert number <= 6, "about log2 n rounds"


def test_pairs_with_one_slow_nic_name_its_rail_and_clear_the_other(tmp_path):
    rng = np.random.default_rng(1)
    hosts = NODES[:5]
    for (a, b), device in itertools.product(itertools.combinations(hosts, 2), ("mlx5_0", "mlx5_1")):
        slow = device == "mlx5_1" and "n3" in (a, b)
        text = ib(a, b, (190 if slow else 390) * np.exp(0.003 * rng.standard_normal()), device)
        (tmp_path / f"{a}-{b}-{device}.log").write_text(text)
    code, said = judged(tmp_path)
    assert code == 1
    found = [row for row in said["rows"] if row["state"] == "slow"]
    assert [(row["kind"], row["name"], row["parts"], row["layer"]) for row in found] == [
        ("rail", "n3", [1], "bandwidth mlx5_1")
    ]
    assert found[0]["factor"] == pytest.approx(390 / 190, rel=0.05)
    there = {row["name"] for row in said["rows"] if row["state"] == "cleared" and row["layer"] == "bandwidth mlx5_0"}
    assert there == {*hosts}


def test_two_quads_that_are_well_alone_and_slow_together(tmp_path):
    """A known case: -4 % where 4 and 4 are joined. Nothing in a node is slow: what is between the leaves is."""
    for number in range(3):
        for name, hosts, rate in (
            ("a", NODES[:4], 360),
            ("b", NODES[4:], 360),
            ("c", [n for pair in zip(NODES[:4], NODES[4:], strict=True) for n in pair], 360 / 1.042),
        ):
            (tmp_path / f"{name}{number}.log").write_text(
                nccl([n.replace("n", "node") for n in hosts], rate * (1 + 0.001 * number))
            )
    code, said = judged(tmp_path, "--topo", "leaf_spine:leaves=2,spines=4,hosts_per_leaf=4", "--least", "0.02")
    assert code == 1
    assert [(row["kind"], row["name"]) for row in said["rows"] if row["state"] == "slow"] == [("boundary", "leaf0 | leaf1")]
    assert len(states(said, "cleared")) == 8


def test_nodes_that_no_log_has_are_untested_and_next(tmp_path):
    hosts = [f"node{n}" for n in range(8)]
    groups(tmp_path, [hosts[:4], hosts[4:], hosts[::2], hosts[1::2]], set(), 1)
    code, said = judged(tmp_path, "--topo", "leaf_spine:leaves=2,spines=4,hosts_per_leaf=8")
    assert code == 4
    assert states(said, "untested") == {*(f"node{n}" for n in range(8, 16)), "leaf0 | leaf1"}
    assert states(said, "cleared") >= {*hosts}
    assert states(said, "slow") == set()
    assert said["next"]


def test_results_of_ours_are_of_the_hosts_in_the_files_name(tmp_path):
    case = Case("all_reduce", 1 << 20, 2, 2, 1)
    for a, b in itertools.combinations(NODES[:4], 2):
        seconds = tuple(1e-3 * (2 if "n2" in (a, b) else 1) * (1 + 0.002 * k) for k in range(6))
        append(tmp_path / f"{a},{b}.jsonl", [Result(case, "gloo", seconds)])
    code, said = judged(tmp_path)
    assert (code, states(said, "slow"), states(said, "cleared")) == (1, {"n2"}, {"n0", "n1", "n3"})


def simulated(seed, hosts, size, rounds, faults):
    """Logs of `rounds` times all hosts in groups of `size`, drawn at random; noise of 2 % with heavy tails."""
    rng = np.random.default_rng(seed)
    slow = dict(zip(rng.permutation(hosts)[:faults].tolist(), rng.uniform(1.3, 3, faults), strict=True))
    tests = []
    for _ in range(rounds):
        for group in rng.permutation(hosts).reshape(-1, size).tolist():
            seconds = max(slow.get(n, 1.0) for n in group) * np.exp(0.02 * rng.standard_t(4))
            tests.append(Timed(Path("f"), tuple(f"n{n}" for n in group), size, "gloo", "all_reduce", (), "", SIZE, (seconds,)))
    layer = Layer("all_reduce", tuple(tests))
    tree, number = hosts_tree([layer], None)
    found = known(tree, number, layer, 0.1).found
    return {v.name for v in found.verdicts}, {f"n{n}" for n in slow}, {tree.word(s) for s in found.cleared}


@pytest.mark.parametrize(("size", "rounds"), [(2, 6), (4, 8)])
def test_random_logs_name_the_slow_and_seldom_anybody_else(size, rounds):
    """60 sites of 24 hosts, 2 of them slow: who is named is slow, who is slow is never cleared, and most are named."""
    seen = [simulated(seed, 24, size, rounds, 2) for seed in range(60)]
    assert sum(len(named - slow) for named, slow, _ in seen) <= 1
    assert sum(len(slow & cleared) for _, slow, cleared in seen) == 0
    assert sum(len(slow & named) for named, slow, _ in seen) >= 0.95 * 120


def test_the_page_shows_every_node_in_its_state_and_loads_nothing(tmp_path):
    logs, page = tmp_path / "logs", tmp_path / "page.html"
    logs.mkdir()
    hosts = [f"node{n}" for n in range(8)]
    groups(logs, [hosts[:4], hosts[4:], hosts[::2], hosts[1::2], hosts[2:6]], {"node5"}, 1.4)
    _, said = judged(logs, "--topo", "leaf_spine:leaves=2,spines=4,hosts_per_leaf=8", "-o", str(page))
    text = page.read_text()
    assert f"<h1>{escaped(said['verdict'])}</h1>" in text
    for state in ("slow", "open", "cleared", "untested"):
        for name in states(said, state) - {"leaf0 | leaf1"}:
            assert re.search(rf"<span class='node {state}' [^>]*>{re.escape(MARKS[state])}{name}</span>", text)
    assert "http" not in text
    assert "<script" not in text


def test_one_slow_time_is_no_verdict(tmp_path):
    for a, b in itertools.combinations(NODES[:4], 2):
        (tmp_path / f"{a}{b}.log").write_text(nccl([a, b], 360 / (2 if (a, b) == ("n0", "n1") else 1)))
    code, said = judged(tmp_path)
    assert states(said, "slow") == set()
    assert code in (0, 4)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--topo", "leaf_spine:leaves=2,spines=2,hosts_per_leaf=2"), "topo: must have the host 'n4' of group1.log"),
        (
            ("--topo", "leaf_spine:leaves=2,spines=2,hosts_per_leaf=1"),
            "topo: must have 3 nodes or more, as the group of group0.log",
        ),
        (("--size", "1KiB"), "size: must be one of the logs' (1 GiB), got 1024"),
        (("--method", "pairs"), "method: is of ranks that run, and --from runs none; leave it out"),
        (("--layers", "pairs"), "layers: is of ranks that run, and --from runs none; leave it out"),
        (("--least", "0"), "least: "),
    ],
)
def test_bad_input_is_one_line(tmp_path, words, message):
    members = [[f"node{n}" for n in range(3)], NODES[4:6]]
    groups(tmp_path, members, set(), 1)
    code, _, err = asked("--from", str(tmp_path), *words)
    assert code == 2
    assert message in err.splitlines()[-1]


def test_logs_without_hosts_are_left_out_with_the_reason(tmp_path):
    text = nccl(NODES[:2], 360)
    (tmp_path / "some.log").write_text("\n".join(line for line in text.splitlines() if "Rank" not in line))
    (tmp_path / "alone.log").write_text(nccl(NODES[:1], 360))
    (tmp_path / "notes.txt").write_text("nothing\n")
    code, _, err = asked("--from", str(tmp_path))
    assert code == 2
    assert "left out: alone.log: n0 alone" in err
    assert "holds no times of a group of 2 hosts or more" in err.splitlines()[-1]
    with pytest.raises(InputError, match="holds no times"):
        layers(tmp_path, (), lambda _: None)


def test_a_folder_that_is_not_there_is_one_line(tmp_path):
    code, _, err = asked("--from", str(tmp_path / "none"))
    assert code == 2
    assert err.strip().splitlines() == [f"from: there is no {tmp_path / 'none'}; a folder of logs, or one log"]


def test_names_of_hosts_in_a_files_name():
    assert in_name("n1,n2", ()) == ("n1", "n2")
    assert in_name("run-n12-n1-v2", {"n1", "n2", "n12"}) == ("n12", "n1")
    assert in_name("n1x", {"n1"}) == ()


def two_layers(folder, said):
    """Groups of four of eight nodes: all are well on a ring, n5 takes 1.2 times as long where switches add up."""
    halves = [NODES[:4], NODES[4:], NODES[::2], NODES[1::2], [*NODES[:2], *NODES[4:6]], [*NODES[2:4], *NODES[6:]]]
    for number, hosts in enumerate(halves):
        (folder / f"ring{number}.log").write_text(said("Ring") + nccl(hosts, 360 + number / 10))
        (folder / f"sharp{number}.log").write_text(
            said("NVLSTree") + nccl(hosts, (480 + number / 10) / (1.2 if "n5" in hosts else 1))
        )


@pytest.mark.parametrize(
    "said",
    [
        lambda name: f"# algorithm: {name}\n",
        lambda name: f"n0:409:409 [0] NCCL INFO NCCL_ALGO set by environment to {name}\n",
    ],
    ids=["a line of ours", "NCCL's own"],
)
def test_what_only_switches_that_add_up_show_is_said(tmp_path, said):
    two_layers(tmp_path, said)
    code, found = judged(tmp_path)
    assert code == 1
    assert [(row["layer"], row["name"]) for row in found["rows"] if row["state"] == "slow"] == [("all_reduce in-network", "n5")]
    assert {row["layer"] for row in found["rows"] if row["state"] == "cleared" and row["name"] == "n5"} == {"all_reduce"}
    assert found["context"]["in_network_only"] == ["n5"]
    assert "n5: in-network only, which a port that is down would show" in found["verdict"]
    _, out, _ = asked("--from", str(tmp_path))
    assert f"cleared: {', '.join(n for n in NODES if n != 'n5')}\ncleared in all_reduce alone: n5\n" in out


def test_what_is_next_runs_the_layers_own_algorithm(tmp_path):
    for number, hosts in enumerate([NODES[:4], NODES[4:]]):
        text = nccl(hosts, 360 / (1.4 if "n5" in hosts else 1))
        (tmp_path / f"{number}.log").write_text(f"# algorithm: NVLS\n{text}")
    _, found = judged(tmp_path)
    assert found["next"]
    assert all("# algorithm: nvls" in line and "-x NCCL_ALGO=nvls" in line for line in found["next"])
