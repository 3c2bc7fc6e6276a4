"""What gloo and nccl share: torch.distributed's process groups. It does not know which of the two it serves."""

from __future__ import annotations

import atexit
import os
import socket
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from importlib.util import find_spec
from inspect import signature
from typing import Any

from fabric.errors import EnvironmentFault
from fabric.measure.backends.backend import Operation, page_aligned, places
from fabric.measure.backends.cuda import CLOCK, Stream, capture, then_wait
from fabric.measure.backends.torch_ways import prepare
from fabric.measure.cells.layout import layout
from fabric.measure.launch.launcher import Launch, slurm_address
from fabric.records.case import Case

DTYPES = {"f16": "float16", "bf16": "bfloat16", "f32": "float32", "f64": "float64", "i32": "int32", "i8": "int8"}
"""Our dtype names -> torch's."""
FOREVER = timedelta(days=7)


def missing_torch() -> str | None:
    """Return the line that says how to get torch, or None where it is installed."""
    return None if find_spec("torch") else "torch is not installed; get it with `pip install 'fabricbench[torch]'`"


@dataclass(frozen=True)
class TorchGroup:
    """A process group; device is where its tensors live. events: time by events on the stream; graph: calls in a graph."""

    rank: int
    size: int
    handle: Any
    device: Any
    events: bool = False
    graph: int = 0

    def barrier(self) -> None:
        """Wait for all ranks of the group."""
        import torch.distributed as dist

        dist.barrier(group=self.handle)
        self._finish()

    def agree(self, value: int) -> int:
        """Return the value of the group's rank 0 on every rank."""
        import torch
        import torch.distributed as dist

        cell = torch.tensor([value], dtype=torch.int64, device=self.device)
        dist.broadcast(cell, src=dist.get_global_rank(self.handle, 0), group=self.handle)
        return int(cell.item())

    def maximum(self, values: Sequence[float]) -> list[float]:
        """Return the element-wise maximum over ranks."""
        import torch
        import torch.distributed as dist

        cells = torch.tensor(values, dtype=torch.float64, device=self.device)
        dist.all_reduce(cells, op=dist.ReduceOp.MAX, group=self.handle)
        return [float(value) for value in cells.tolist()]

    def total(self, value: int) -> int:
        """Return the sum over ranks."""
        import torch
        import torch.distributed as dist

        cell = torch.tensor([value], dtype=torch.int64, device=self.device)
        dist.all_reduce(cell, group=self.handle)
        return int(cell.item())

    def operation(self, case: Case, rank: int) -> Operation:
        """Return the case's collective on new buffers, page aligned where the memory is ours."""
        import torch

        own, dtype = layout(case, rank), getattr(torch, DTYPES[case.dtype])

        def new(count: int) -> Any:
            if self.device.type != "cpu":
                return torch.empty(count, dtype=dtype, device=self.device)
            return torch.from_numpy(page_aligned(count * dtype.itemsize)).view(dtype)

        source, target = places(own, new, in_place=case.in_place)
        run = prepare(self.handle, case, rank, own, source, target)
        finished = run if self.device.type == "cpu" else then_wait(self.device, run)
        plain = Operation(finished, source, target, own, lambda p: torch.from_numpy(p).to(self.device, dtype))
        return self._on_stream(plain, run, case) if self.events else plain

    def _on_stream(self, plain: Operation, run: Callable[[], object], case: Case) -> Operation:
        """Return the operation timed by events on the stream, its calls in graphs where the case says so."""
        if case.mode != "graph":
            return replace(plain, samples=Stream(self.device, self.barrier, run).samples, clock=CLOCK)
        graphs = capture(run, self.graph)
        stream = Stream(self.device, self.barrier, graphs.one.replay, graphs.many.replay, self.graph)
        return replace(plain, samples=stream.samples, release=graphs.release, at_once=self.graph, clock=CLOCK)

    def close(self) -> None:
        """Destroy the process group."""
        import torch.distributed as dist

        dist.destroy_process_group(self.handle)

    def _finish(self) -> None:
        import torch

        if self.device.type != "cpu":
            torch.cuda.synchronize(self.device)


@dataclass(frozen=True)
class TorchWorld:
    """All ranks, connected through a key-value store and a process group."""

    source: str
    context: Mapping[str, Any]
    launch: Launch
    store: Any
    device: Any
    timeout: timedelta
    waits: list[int]
    graph: int = 0

    def group(self, ranks: Sequence[int]) -> TorchGroup | None:
        """Return the process group of these ranks in this order, None on the other ranks.

        Raises:
            EnvironmentFault: the order is not the ranks' own, and this torch sorts them.
        """
        import torch.distributed as dist

        handle = dist.new_group(list(ranks), timeout=self.timeout, **_as_given(self.source, ranks))
        if self.launch.rank not in ranks:
            return None
        return TorchGroup(dist.get_rank(handle), len(ranks), handle, self.device, self.source == "nccl", self.graph)

    def wait(self) -> None:
        """Wait for all ranks in the store: a blocking read, no spinning."""
        self.waits[0] += 1
        key = f"fabricbench/{self.waits[0]}"
        if self.store.add(key, 1) == self.launch.world_size:
            self.store.set(f"{key}/all", "1")
        self.store.wait([f"{key}/all"], FOREVER)

    def gather(self, value: object) -> list[Any]:
        """Return every rank's value, in rank order."""
        import torch.distributed as dist

        values: list[Any] = [None] * self.launch.world_size
        dist.all_gather_object(values, value)
        return values

    def close(self) -> None:
        """Wait for all, then destroy the process groups."""
        import torch.distributed as dist

        self.wait()
        dist.destroy_process_group()

    def abandon(self, code: int) -> None:
        """End the process at exit without torch's clean-up, which aborts where groups are still open."""
        atexit.register(_leave, code)


def _as_given(name: str, ranks: Sequence[int]) -> dict[str, bool]:
    """Return what makes new_group keep the order of ranks; it sorts them by itself, and older ones always do."""
    import torch.distributed as dist

    if list(ranks) == sorted(ranks):
        return {}
    if "sort_ranks" not in signature(dist.new_group).parameters:
        raise EnvironmentFault(f"{name}: this torch sorts the ranks of a group; orders but contiguous need torch >= 2.13")
    return {"sort_ranks": False}


def _leave(code: int) -> None:
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def connect(name: str, launch: Launch, device: Any, context: Mapping[str, Any], timeout: float) -> TorchWorld:
    """Return the connected ranks of torch's backend `name`; a rank that stays away for timeout seconds is a fault."""
    import torch.distributed as dist

    limit = timedelta(seconds=timeout)
    try:
        store, rank, size = next(dist.rendezvous(_address(launch), launch.rank, launch.world_size, timeout=limit))
        dist.init_process_group(name, store=store, rank=rank, world_size=size, timeout=limit)
    except (RuntimeError, ValueError) as error:  # torch's DistError family
        raise EnvironmentFault(f"{name}: the ranks could not connect: {str(error).splitlines()[0][:160]}") from None
    return TorchWorld(name, context, launch, store, device, limit, [0])


def _address(launch: Launch) -> str:
    """Return where the ranks meet, as torch writes it: from torchrun's variables, over MPI, or from Slurm's."""
    if launch.launcher == "torchrun":
        return "env://"
    if launch.launcher == "srun":
        host, port = slurm_address(os.environ)
        return f"tcp://{'127.0.0.1' if launch.one_node else host}:{port}"
    if launch.under_mpirun:
        from fabric.measure.backends.mpi import share_once

        host, port = share_once(_free_address(launch))
        return f"tcp://{host}:{port}"
    host, port = _free_address(launch)
    return f"tcp://{host}:{port}"


def _free_address(launch: Launch) -> tuple[str, int]:
    """Return this host as the other ranks see it, and a port that is free on it now."""
    host = "127.0.0.1" if launch.one_node else socket.gethostname()
    with socket.socket() as probe:
        probe.bind(("", 0))
        return host, int(probe.getsockname()[1])
