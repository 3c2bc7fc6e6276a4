"""nccl: collectives between NVIDIA GPUs, one device per local rank. It does not know NVLink, rails or NCCL's algorithms."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from functools import partial
from typing import Any

from fabric.measure.backends.backend import Backend, Way
from fabric.measure.backends.cuda import own_device
from fabric.measure.backends.torch_ways import WAYS
from fabric.measure.backends.torch_world import DTYPES, TorchWorld, connect, missing_torch
from fabric.measure.launch.launcher import Launch


def _missing() -> str | None:
    absent = missing_torch()
    if absent is not None:
        return absent
    if shutil.which("nvidia-smi") is None:
        return "no NVIDIA GPU: nvidia-smi was not found; run on a GPU node, or measure with --backend gloo or mpi"
    return None


def _connect(launch: Launch, timeout: float, graph: int = 0) -> TorchWorld:
    import torch

    one_each = launch.launcher == "srun" and "SLURM_GPUS_PER_TASK" in os.environ
    device = own_device("nccl", launch.local_rank, one_each=one_each)
    if graph:
        os.environ.setdefault("TORCH_NCCL_ASYNC_ERROR_HANDLING", "0")  # torch's documentation of graphs with NCCL
    context = _context(torch, device) | ({"graph": graph} if graph else {})
    return replace(connect("nccl", launch, device, context, timeout), graph=graph)


def _context(torch: Any, device: Any) -> dict[str, Any]:
    version = torch.cuda.nccl.version()
    return {
        "torch": torch.__version__,
        "nccl": ".".join(str(part) for part in version),
        "cuda": torch.version.cuda,
        "device": "cuda",
        "devices": [torch.cuda.get_device_name(device)],
    }


GRAPHED = ("all_reduce", "all_gather", "reduce_scatter", "all_to_all", "broadcast", "reduce")
"""Collectives that put nothing but work on the stream, so that a graph can hold them."""


def with_mode_graph(way: Way) -> Way:
    """Return the way with `graph` among its modes."""
    return replace(way, modes=(*way.modes, "graph"))


def with_graph(graph: int) -> Backend:
    """Return nccl with so many calls in one CUDA graph."""
    return replace(NCCL, connect=partial(_connect, graph=graph))


NCCL = Backend(
    name="nccl",
    dtypes=tuple(DTYPES),
    ways={name: with_mode_graph(way) if name in GRAPHED else way for name, way in WAYS.items()},
    launchers=("torchrun", "openmpi", "mpich", "srun"),
    missing=_missing,
    connect=_connect,
)
