"""Which pods are one job, and which resources are devices: the same for a trace and for an audit."""

import json

import pytest

from fabric.fleet.kube import devices, group
from fabric.fleet.state import from_kubernetes
from fabric.fleet.traces import kubectl


@pytest.mark.parametrize(
    ("resources", "count"),
    [
        ({"nvidia.com/gpu": "8", "cpu": "64"}, 8), ({"huawei.com/Ascend910": 16}, 16), ({"huawei.com/ascend-1980": "8"}, 8),
        ({"google.com/tpu": 4}, 4), ({"cambricon.com/mlu": "4"}, 4), ({"aliyun.com/gpu-mem": 80}, 0),
        ({"nvidia.com/gpu": "many"}, 0), (None, 0),
    ],
)  # fmt: skip
def test_devices_among_resources(resources, count):
    assert devices(resources) == count


def test_pods_of_a_jobset_are_one_job_in_a_trace_and_in_an_audit():
    pods = [
        {
            "kind": "Pod",
            "metadata": {
                "name": f"p{n}", "namespace": "lab", "creationTimestamp": "2026-01-05T00:00:00Z",
                "labels": {"batch.kubernetes.io/job-name": f"set-{n}", "jobset.sigs.k8s.io/jobset-name": "set"},
            },
            "spec": {"nodeName": f"n{n}", "containers": [{"resources": {"limits": {"huawei.com/Ascend910": "8"}}}]},
            "status": {"phase": "Running", "startTime": "2026-01-05T00:00:00Z"},
        }
        for n in range(2)
    ]  # fmt: skip
    text = json.dumps(
        {"items": [*pods, {"kind": "Node", "status": {"conditions": [{"lastHeartbeatTime": "2026-01-05T01:00:00Z"}]}}]}
    )
    (job,) = kubectl.read(text, "x").jobs
    (seen,) = from_kubernetes(text, json.dumps({"items": []}), "x").jobs
    assert (job.devices, job.nodes) == (seen.devices, len(seen.nodes)) == (16, 2)
    assert group({"other": "x"}) == group(None) == ""
