"""The process that forks ranks: namespaces, arguments, exit codes; and what is said of those that fail."""

import json
import subprocess
import sys

import pytest

from fabric.errors import EnvironmentFault
from fabric.network.spec import load
from fabric.twin.bring_up import running
from fabric.twin.launch import Group, launch, starter
from fabric.twin.plan import plan_of

TOPO = "leaf_spine:leaves=2,spines=1,hosts_per_leaf=1"


@pytest.fixture(scope="module")
def plan():
    return plan_of(load(TOPO), 50e6)


@pytest.fixture(scope="module")
def holder(plan):
    try:
        with running(plan) as (holder, _):
            yield holder
    except EnvironmentFault as fault:
        pytest.skip(str(fault))


def exits(made):
    found = {}
    while len(found) < 2:
        found = made.ask(do="look")["exits"]
    return found


def ranks(folder, words):
    return [{"namespace": f"host{n}", "environment": {"N": str(n)}, "log": str(folder / f"{n}.log"), **words} for n in range(2)]


def test_every_rank_stands_in_its_host_with_its_own_environment(plan, holder, tmp_path):
    words = {"command": ["/bin/sh", "-c", "PATH=/usr/sbin:/usr/bin:/sbin:/bin ip -o -4 addr show dev eth0; exit $N"]}
    with starter(holder, plan, ("json",), "none:none") as made:
        made.start(ranks(tmp_path, words))
        assert exits(made) == {"0": 0, "1": 1}
        assert made.moment().retransmitted == 0
    for n in range(2):
        assert f"inet 10.0.0.{n + 1}/32" in (tmp_path / f"{n}.log").read_text()


def test_a_rank_runs_the_program_that_was_imported_once(plan, holder, tmp_path):
    with starter(holder, plan, ("fabric.cli.main",), "fabric.cli.main:main") as made:
        made.start(ranks(tmp_path, {"arguments": ["show", "nothing:at=all"]}))
        assert exits(made) == {"0": 2, "1": 2}
    assert "unknown family 'nothing'" in (tmp_path / "0.log").read_text()


def test_a_rank_that_fails_ends_all_with_its_line(plan, holder):
    group = Group((0, 1), ("--sizes", "3"))
    with (
        starter(holder, plan, (), "fabric.cli.main:main") as made,
        pytest.raises(EnvironmentFault, match="twin: sizes: must be whole f32 elements"),
    ):
        list(launch(made, plan, [group], 60))


def test_a_namespace_that_is_none_is_an_error_of_the_rank(plan, holder, tmp_path):
    with starter(holder, plan, (), "none:none") as made:
        made.start([{**rank, "namespace": "nowhere"} for rank in ranks(tmp_path, {"command": ["/bin/true"]})])
        assert exits(made) == {"0": 1, "1": 1}


def test_it_ends_with_its_input():
    done = subprocess.run(
        [sys.executable, "-m", "fabric.twin.ranks"],
        input=json.dumps({"do": "look"}) + "\n",
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    )
    assert json.loads(done.stdout) == {"exits": {}, "retransmitted": None}
