"""gloo: PyTorch's collectives over TCP, on processors' or GPUs' buffers. It does not know how gloo's ring is cut up.

On GPUs' buffers gloo copies to the host and back by itself: that is in the time.
"""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from functools import partial

from fabric.measure.backends.backend import PAGE, Backend
from fabric.measure.backends.cuda import own_device
from fabric.measure.backends.torch_ways import WAYS
from fabric.measure.backends.torch_world import DTYPES, TorchWorld, connect, missing_torch
from fabric.measure.launch.launcher import Launch

CUDA_COLLECTIVES = ("all_reduce", "broadcast")
"""What gloo has for CUDA tensors (torch's table of backends, torch.distributed's documentation)."""


def _connect(launch: Launch, timeout: float, device: str = "cpu") -> TorchWorld:
    import torch

    where = torch.device("cpu") if device == "cpu" else own_device("gloo", launch.local_rank)
    if launch.one_node and sys.platform == "linux":
        os.environ.setdefault("GLOO_SOCKET_IFNAME", "lo")  # else gloo asks the resolver for this host's name
    context = {"torch": torch.__version__, "device": device, "alignment": PAGE}
    if device == "cuda":
        context |= {"cuda": torch.version.cuda, "devices": [torch.cuda.get_device_name(where)]}
        del context["alignment"]
    return connect("gloo", launch, where, context, timeout)


GLOO = Backend(
    name="gloo",
    dtypes=tuple(DTYPES),
    ways=WAYS,
    launchers=("torchrun", "openmpi", "mpich", "srun"),
    missing=missing_torch,
    connect=_connect,
    apart=True,
)
GLOO_CUDA = replace(GLOO, ways={name: WAYS[name] for name in CUDA_COLLECTIVES}, connect=partial(_connect, device="cuda"))
"""gloo on GPUs' buffers."""
