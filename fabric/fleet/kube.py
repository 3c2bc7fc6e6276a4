"""What Kubernetes calls one job, and which of its resources are devices: one place for traces and audits. It reads no file.

Labels and resources as their projects document them (batch/v1, Kubeflow, Volcano, JobSet, Kueue, Ray; device plugins), read in
November 2026.
"""

from __future__ import annotations

from collections.abc import Mapping

from fabric.text.numbers import natural

GROUPS = (
    "volcano.sh/job-name",
    "training.kubeflow.org/job-name",
    "jobset.sigs.k8s.io/jobset-name",
    "kueue.x-k8s.io/pod-group-name",
    "ray.io/cluster",
    "batch.kubernetes.io/job-name",
    "job-name",
)
"""Labels by which pods are one job, the first that is there: a JobSet's pods carry a batch job's name too."""
ENDS = ("/gpu", "/npu", "/mlu", "/xpu", "/dcu", "/tpu")
ASCEND = ("/Ascend", "/ascend")


def devices(resources: object) -> int:
    """Return the devices among resources such as `nvidia.com/gpu: 8`; 0 for what is no mapping."""
    if not isinstance(resources, Mapping):
        return 0
    return sum(natural(count) or 0 for name, count in resources.items() if _is_device(str(name)))


def _is_device(name: str) -> bool:
    return name.endswith(ENDS) or any(part in name for part in ASCEND)


def group(labels: object) -> str:
    """Return the job that a pod's labels name, empty where they name none."""
    found = labels if isinstance(labels, Mapping) else {}
    return next((str(found[key]) for key in GROUPS if found.get(key)), "")
