"""gloo: PyTorch's collectives between processors over TCP. It does not know GPUs, nor how gloo's ring is cut up."""

from __future__ import annotations

import os
import sys

from fabric.measure.backends.backend import PAGE, Backend
from fabric.measure.backends.torch_ways import WAYS
from fabric.measure.backends.torch_world import DTYPES, TorchWorld, connect, missing_torch
from fabric.measure.launch import Launch


def _connect(launch: Launch, timeout: float) -> TorchWorld:
    import torch

    if launch.one_node and sys.platform == "linux":
        os.environ.setdefault("GLOO_SOCKET_IFNAME", "lo")  # else gloo asks the resolver for this host's name
    context = {"torch": torch.__version__, "alignment": PAGE}
    return connect("gloo", launch, torch.device("cpu"), context, timeout)


GLOO = Backend(
    name="gloo",
    dtypes=tuple(DTYPES),
    ways=WAYS,
    launchers=("torchrun", "openmpi", "mpich", "srun"),
    missing=missing_torch,
    connect=_connect,
)
