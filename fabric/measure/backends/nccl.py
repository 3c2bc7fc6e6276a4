"""nccl: collectives between NVIDIA GPUs, one device per local rank. It does not know NVLink, rails or NCCL's algorithms."""

from __future__ import annotations

import shutil
from typing import Any

from fabric.errors import EnvironmentFault
from fabric.measure.backends.backend import Backend
from fabric.measure.backends.torch_ways import WAYS
from fabric.measure.backends.torch_world import DTYPES, TorchWorld, connect, missing_torch
from fabric.measure.launch import Launch


def _missing() -> str | None:
    absent = missing_torch()
    if absent is not None:
        return absent
    if shutil.which("nvidia-smi") is None:
        return "no NVIDIA GPU: nvidia-smi was not found; run on a GPU node, or measure with --backend gloo or mpi"
    return None


def _connect(launch: Launch, timeout: float) -> TorchWorld:
    import torch

    devices = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if launch.local_rank >= devices:
        raise EnvironmentFault(
            f"nccl: each rank of a node needs a GPU of its own, got {devices} for {launch.local_size} ranks; "
            "torch must be a CUDA build and see the GPUs"
        )
    device = torch.device("cuda", launch.local_rank)
    torch.cuda.set_device(device)
    return connect("nccl", launch, device, _context(torch, device), timeout)


def _context(torch: Any, device: Any) -> dict[str, Any]:
    version = torch.cuda.nccl.version()
    return {
        "torch": torch.__version__,
        "nccl": ".".join(str(part) for part in version),
        "cuda": torch.version.cuda,
        "devices": [torch.cuda.get_device_name(device)],
    }


NCCL = Backend(
    name="nccl",
    dtypes=tuple(DTYPES),
    ways=WAYS,
    launchers=("torchrun", "openmpi", "mpich", "srun"),
    missing=_missing,
    connect=_connect,
)
