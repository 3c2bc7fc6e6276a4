"""Real namespaces: what the plan says is what the kernel has, nothing outside is touched, and nothing is left behind."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from fabric.errors import EnvironmentFault
from fabric.network.spec import load
from fabric.twin import state
from fabric.twin.bring_up import down, running, up
from fabric.twin.holder import Holder, hold, start_of
from fabric.twin.links import counted
from fabric.twin.paths import Flow, look_up
from fabric.twin.plan import plan_of
from topologies.errors import InputError

ROOT = Path(__file__).parents[3]
KNOCK = (
    "import socket, sys\ntry: socket.create_connection((sys.argv[1], 9), 3)\nexcept ConnectionRefusedError: print('refused')"
)
"""A host that refuses a connection has been reached, by its name."""
TOPO = "leaf_spine:leaves=2,spines=2,hosts_per_leaf=2"


def possible(mode):
    try:
        holder, child = hold(mode)
    except EnvironmentFault as fault:
        return str(fault)
    holder.end()
    for pipe in (child.stdin, child.stdout, child.stderr):
        pipe.close()
    child.wait()
    return None


@pytest.fixture(params=["rootless", "root"])
def mode(request):
    reason = possible(request.param)
    if reason:
        pytest.skip(reason)
    return request.param


@pytest.fixture
def own_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    return tmp_path / "fabricbench"


def said(holder, *words):
    return subprocess.run(holder.inside(words, "/"), capture_output=True, text=True, check=True).stdout


def outside():
    """What the machine's own network looks like."""
    links = subprocess.run(["ip", "-o", "link"], capture_output=True, text=True, check=True).stdout
    names = Path("/run/netns")
    return re.findall(r"^\d+: (\S+):", links, re.MULTILINE), sorted(names.iterdir()) if names.exists() else []


def gone(pid, seconds=5):
    deadline = time.monotonic() + seconds
    while start_of(pid) is not None and time.monotonic() < deadline:
        time.sleep(0.01)
    return start_of(pid) is None


def test_it_comes_up_every_host_reaches_every_other_and_it_leaves_nothing(mode):
    before = outside()
    plan = plan_of(load(TOPO), 50e6)
    with running(plan, mode) as (holder, seconds):
        assert holder.rootless == (mode == "rootless")
        assert seconds > 0
        assert len(said(holder, "ip", "netns", "list").split("\n")) - 1 >= len(plan.boxes)
        for target in range(1, 4):
            assert "refused" in said(holder, "ip", "netns", "exec", "host0", sys.executable, "-c", KNOCK, f"host{target}")
        assert outside() == before, "nothing outside is touched"
        inside = holder.pid
    assert gone(inside)
    assert outside() == before


def test_links_run_at_their_rates():
    """512 KiB over a link of 50 Mbit/s and one that is degraded to a quarter: the counters and the clock agree with tc."""
    from dataclasses import replace

    if possible("auto"):
        pytest.skip(possible("auto"))
    fabric = load(TOPO)
    fabric = replace(fabric, degraded={0: fabric.link_speed[0] / 4})
    plan = plan_of(fabric, 50e6)
    send = (
        "import socket,time; s=socket.create_connection(('host2',5000)); t=time.monotonic(); n=1<<19; s.sendall(bytes(n));"
        "s.shutdown(1); s.recv(1); print(time.monotonic()-t)"
    )
    take = (
        "import socket; s=socket.socket(); s.bind(('',5000)); s.listen(); print('ready', flush=True); c,_=s.accept()\n"
        "while c.recv(1<<16): pass\nc.sendall(b'x')"
    )
    with running(plan) as (holder, _):
        took = {}
        for host in ("host0", "host1"):
            listen = holder.inside(["ip", "netns", "exec", "host2", sys.executable, "-c", take], "/")
            with subprocess.Popen(listen, stdout=subprocess.PIPE, text=True) as child:
                child.stdout.readline()
                took[host] = float(said(holder, "ip", "netns", "exec", host, sys.executable, "-c", send))
        seen = counted(holder, plan)[0]
    payload = (1 << 19) - 80_000  # a full bucket goes at once
    assert took["host0"] >= payload / (12.5e6 / 8)
    assert payload / (50e6 / 8) <= took["host1"] < took["host0"]
    assert (1 << 19) < seen["bytes"] < 1.1 * (1 << 19)
    assert seen["drops"] == 0


def test_a_kernels_ways_are_looked_up_and_are_the_shortest():
    if possible("auto"):
        pytest.skip(possible("auto"))
    plan = plan_of(load("leaf_spine:leaves=2,spines=4,hosts_per_leaf=2"), 50e6, "kernel_ecmp:1")
    flows = [Flow(0, 2, port, 5000) for port in range(40000, 40016)]
    with running(plan) as (holder, _):
        found = look_up(holder, plan, flows)
        assert found == look_up(holder, plan, flows), "a flow keeps its way"
    assert {len(links) for links in found.values()} == {4}
    assert len({links[1] for links in found.values()}) > 1, "16 flows over 4 spines take more than one"


def test_the_first_error_ends_it_with_its_line():
    if possible("auto"):
        pytest.skip(possible("auto"))
    plan = plan_of(load(TOPO), 50e6)
    with running(plan) as (holder, _), pytest.raises(EnvironmentFault, match=r"the bring-up failed: .*exist"):
        holder.run("ip netns add host0\necho never > /run/reached")
    assert gone(holder.pid)


def test_left_running_then_down(own_folder, mode):
    plan = plan_of(load(TOPO), 50e6)
    twin = up(plan, "lab", mode)
    assert state.names() == ["lab"]
    assert twin.holder.alive()
    with pytest.raises(InputError, match="a twin 'lab' is running; run `twin down lab` first"):
        up(plan, "lab", mode)
    assert down("lab")
    assert state.names() == []
    assert gone(twin.holder.pid)


def test_what_is_left_of_a_dead_twin_is_refused_then_forgotten(own_folder):
    if possible("auto"):
        pytest.skip(possible("auto"))
    plan = plan_of(load(TOPO), 50e6)
    twin = up(plan, "lab")
    os.kill(twin.holder.pid, signal.SIGKILL)
    assert gone(twin.holder.pid)
    with pytest.raises(InputError, match="has died and left its state behind"):
        up(plan, "lab")
    assert not down("lab")
    with pytest.raises(InputError, match="there are: none; got 'lab'"):
        down("lab")


def test_another_process_with_the_same_number_is_not_ended():
    mine = Holder(os.getpid(), start_of(os.getpid()) + 1, rootless=True)
    assert not mine.alive()
    mine.end()


def test_kill_9_of_the_process_that_runs_it_ends_the_twin():
    if possible("auto"):
        pytest.skip(possible("auto"))
    code = (
        "import sys, time\nfrom fabric.network.spec import load\nfrom fabric.twin.bring_up import running\n"
        f"from fabric.twin.plan import plan_of\nwith running(plan_of(load('{TOPO}'), 50e6)) as (holder, _):\n"
        "    print(holder.pid, flush=True)\n    time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True) as child:
        pid = int(child.stdout.readline())
        assert start_of(pid) is not None
        child.kill()
    assert gone(pid)


def test_a_name_that_is_none_is_refused(own_folder):
    with pytest.raises(InputError, match=r"name: must be up to 31 of a-z, 0-9 and -, a letter or digit first, got '\.\./x'"):
        up(plan_of(load(TOPO), 50e6), "../x")


def test_without_tools_the_reason_is_named(monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr("fabric.twin.holder.SYSTEM_PATH", "/nowhere")
    with pytest.raises(EnvironmentFault, match="ip, tc, unshare, nsenter, mount not found; install iproute2 and util-linux"):
        hold()
