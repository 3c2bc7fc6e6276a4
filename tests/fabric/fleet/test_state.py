"""Jobs of a live cluster from what its scheduler prints: kept, or left out and counted with a reason."""

import json

import pytest

from fabric.fleet.state import from_kubernetes, from_sacct
from topologies.errors import InputError

HEAD = "JobIDRaw|Account|User|Submit|Start|End|State|AllocTRES|ReqTRES|NodeList"


def sacct(*rows):
    return "\n".join([HEAD, *rows]) + "\n"


RUNS = "7|lab|u|100|200|Unknown|RUNNING|cpu=64,gres/gpu=16,node=2|gres/gpu=16|n[1-2]"
OVER = "8|lab|u|100|2026-11-01T00:00:00|2026-11-01T01:00:00|CANCELLED by 1000|gres/gpu:h100=8|gres/gpu=8|n3"
WAITS = "9|ops|u|300|Unknown|Unknown|PENDING||gres/gpu=32|None assigned"


def test_running_over_and_waiting_jobs_are_told_apart():
    found = from_sacct(sacct(RUNS, OVER, WAITS), "x", at=1000.0)
    one, two, three = found.jobs
    assert (one.id, one.tenant, one.devices, one.nodes, one.start, one.end) == ("7", "lab", 16, ("n1", "n2"), 200.0, None)
    assert (two.devices, two.nodes, two.end - two.start) == (8, ("n3",), 3600.0)
    assert (three.devices, three.nodes, three.start) == (32, (), None)
    assert (found.running, found.waiting, found.at) == ((one,), (three,), 1000.0)


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("7.batch|lab|u|1|2|3|COMPLETED|||n1", "job steps"),
        ("7|lab|u|1|2|3|EXPLODED|||n1", "unknown state 'EXPLODED'"),
        ("7|lab|u|1|Unknown|3|CANCELLED|||None assigned", "ended without ever starting"),
        ("7|lab|u|1|9|3|COMPLETED|||n1", "ends before it starts"),
        ("7|lab|u|1|2|Unknown|COMPLETED|||n1", "ended, but when is not told"),
        ("7|lab|u|1|2|Unknown|RUNNING|||None assigned", "on which nodes is not told"),
        ("7|lab|u|1|2", "another number of columns"),
        ("7|lab|u|1|2|3|COMPLETED|||n[1-", "a list of nodes that cannot be read"),
        (OVER.replace("8|", "9|", 1), "one id twice"),
    ],
)
def test_what_says_nothing_of_use_is_counted_with_its_reason(row, reason):
    kept = OVER.replace("8|", "9|", 1)
    found = from_sacct(sacct(kept, row), "x")
    assert [job.id for job in found.jobs] == ["9"]
    assert len(found.left_out) == 1
    assert reason in next(iter(found.left_out))


def test_text_that_is_no_sacct_is_refused():
    with pytest.raises(InputError, match="x: must be sacct --parsable2 with a header that has JobIDRaw, Start"):
        from_sacct("JOBID PARTITION NAME\n1 p n\n", "x")
    with pytest.raises(InputError, match="x: holds no job"):
        from_sacct(HEAD, "x")


def pod(name, node, phase="Running", gpus="8", labels=None, **status):
    limits = {"nvidia.com/gpu": gpus} if gpus else {"cpu": "1"}
    return {
        "metadata": {"name": name, "namespace": "team", "labels": labels or {}, "creationTimestamp": "2026-11-01T00:00:00Z"},
        "spec": {"nodeName": node, "containers": [{"resources": {"limits": limits}}]},
        "status": {"phase": phase, "startTime": "2026-11-01T00:10:00Z", **status},
    }


def kubernetes(*pods):
    nodes = [{"metadata": {"name": name}, "status": {"allocatable": {"nvidia.com/gpu": "8"}}} for name in ("a", "b")]
    return from_kubernetes(json.dumps({"items": list(pods)}), json.dumps({"items": nodes}), "x")


def test_pods_of_one_job_are_one_job():
    own = {"volcano.sh/job-name": "train"}
    done = [{"state": {"terminated": {"finishedAt": "2026-11-01T02:10:00Z"}}}]
    found = kubernetes(
        pod("train-0", "a", labels=own),
        pod("train-1", "b", labels=own),
        pod("web", "a", gpus=""),
        pod("old", "b", "Succeeded", containerStatuses=done),
        pod("new", None, "Pending"),
    )
    train, old, new = found.jobs
    assert (train.id, train.tenant, train.devices, train.nodes, train.end) == ("team/train", "team", 16, ("a", "b"), None)
    assert old.end - old.start == 7200.0
    assert (new.nodes, new.start) == ((), None)
    assert found.left_out == {"pods without a device": 1}
    assert found.devices == {"a": 8, "b": 8}


def test_pods_that_are_none_are_refused():
    with pytest.raises(InputError, match="x: must be what `kubectl get"):
        from_kubernetes("[]", '{"items": []}', "x")
    with pytest.raises(InputError, match=r"x: holds no job \(left out: 1 pods without a device\)"):
        kubernetes(pod("web", "a", gpus=""))
