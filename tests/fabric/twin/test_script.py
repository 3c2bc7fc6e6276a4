"""The script: one veth pair per cable, one token bucket per direction, the settings that decide the accuracy."""

import re

from fabric.network.spec import load
from fabric.twin.plan import plan_of
from fabric.twin.script import burst, script

TOPO = "leaf_spine:leaves=2,spines=2,hosts_per_leaf=2"


def test_one_pair_per_cable_one_bucket_per_direction():
    plan = plan_of(load(TOPO), 50e6)
    text = script(plan)
    assert text.count("type veth peer") == len(plan.wires) == 8
    assert text.count("qdisc add") == 16
    assert text.count("netns add") == 8
    assert set(re.findall(r"rate (\d+)bit", text)) == {"50000000"}


def test_only_hosts_acknowledge_at_once_and_only_switches_forward():
    text = script(plan_of(load(TOPO), 50e6))
    host, switch = (re.search(rf"cat > /run/{kind}.sh <<'END'\n(.*?)END", text, re.DOTALL)[1] for kind in ("host", "switch"))
    assert "echo 0 > ipv4/ip_forward" in host
    assert "echo 1 > ipv4/ip_forward" in switch
    assert text.count("quickack 1 congctl cubic") == 4 * 3
    leaf = text.split("ip -n leaf0 -batch -")[1].split("END\ntc")[0]
    assert "quickack" not in leaf


def test_the_kernel_hashes_by_what_a_look_up_names():
    static, hashed = (script(plan_of(load(TOPO), 50e6, routing)) for routing in ("dmodk", "kernel_ecmp:2"))
    assert "multipath" not in static
    assert "echo 55 > ipv4/fib_multipath_hash_fields" in hashed
    seeds = re.findall(r"switch\.sh (\d+)", hashed)
    assert len(set(seeds)) == len(seeds) == 4, "every switch draws for itself"
    assert "0" not in seeds
    assert hashed.count("nexthop via") == 2 * 2 * 2  # two leaves, two far hosts each, two spines


def test_a_bucket_holds_a_whole_packet():
    assert [burst(rate) for rate in (5_000_000, 50_000_000, 1_000_000_000)] == [80_000, 80_000, 130_000]
