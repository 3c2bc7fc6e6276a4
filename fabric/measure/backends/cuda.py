"""Timing on a GPU: events around the calls on its stream, and calls captured in CUDA graphs. It does not know any collective.

After torch's documentation of torch.cuda.Event and torch.cuda.graph: a capture is warmed up on a stream of its own first.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import repeat
from time import perf_counter
from typing import Any

import numpy as np

from fabric.errors import EnvironmentFault
from fabric.measure.backends.backend import Samples
from fabric.records.result import Barrier
from topologies.errors import InputError

CLOCK = "cuda_event"
WARM_UP = 3
"""Calls before a capture: libraries connect and allocate in their first ones, which cannot be captured."""
Does = Callable[[], object]


def no_gpu(torch: Any, name: str, local_rank: int, devices: int) -> EnvironmentFault:
    """Return the fault of a rank without a GPU of its own; name: of the backend."""
    if not torch.cuda.is_available():
        return EnvironmentFault(f"device: cuda: no GPU that this torch ({torch.__version__}) can use, for {name}")
    return EnvironmentFault(
        f"device: cuda: each rank of a node needs a GPU, got {devices} for local rank {local_rank} ({name})"
    )


def own_device(name: str, local_rank: int, *, one_each: bool = False) -> Any:
    """Return this rank's torch.device and make it the current one; name: of the backend, for errors.

    one_each: the launcher shows every rank one GPU, its own.

    Raises:
        EnvironmentFault: there is none.
    """
    import torch

    devices = torch.cuda.device_count() if torch.cuda.is_available() else 0
    number = 0 if one_each and devices == 1 else local_rank
    if number >= devices:
        raise no_gpu(torch, name, local_rank, devices)
    device = torch.device("cuda", number)
    torch.cuda.set_device(device)
    return device


def check_graph(graph: int) -> None:
    """Raise InputError unless so many calls can be captured in one graph; 0: no graph."""
    if graph < 0:
        raise InputError(f"graph: must be a whole number of calls >= 1, got {graph}")


@dataclass(frozen=True)
class Stream:
    """What puts calls on this rank's stream. one: a single call; many, at_once: that many calls, where a graph holds them."""

    device: Any
    barrier: Does
    one: Does
    many: Does | None = None
    at_once: int = 1

    def put(self, calls: int) -> None:
        """Put so many calls on the stream, by graphs of `at_once` as far as they go."""
        whole, rest = divmod(calls, self.at_once) if self.many else (0, calls)
        for _ in repeat(None, whole):
            self.many()  # type: ignore[misc]
        for _ in repeat(None, rest):
            self.one()

    def samples(self, count: int, calls: int, barrier: Barrier) -> Samples:
        """Return this rank's samples, each of so many calls between two events on its stream.

        `starts` are the host's clock. `excluded`: one more event before a barrier; what lies between is the barrier's.
        """
        import torch

        excluded, marks, starts = barrier == "excluded", [], []
        for _ in range(count):
            own = [torch.cuda.Event(enable_timing=True) for _ in range(3)]
            self.barrier()
            own[0].record()
            if excluded:
                self.barrier()
            own[1].record()
            if excluded:
                self.barrier()
            starts.append(perf_counter())
            self.put(calls)
            own[2].record()
            marks.append(own)
        torch.cuda.synchronize(self.device)
        taken = [(before.elapsed_time(start) / 1e3, start.elapsed_time(end) / 1e3) for before, start, end in marks]
        alone, seconds = np.array(taken).reshape(-1, 2).T
        return Samples(np.array(starts), seconds, alone if excluded else np.empty(0))


@dataclass(frozen=True)
class Captured:
    """Graphs of one call and of many. They go before the library's communicator goes."""

    one: Any
    many: Any

    def release(self) -> None:
        """Give the graphs back."""
        self.one.reset()
        self.many.reset()


def capture(call: Does, calls: int) -> Captured:
    """Return graphs of one call and of so many, warmed up; all ranks of the call's group capture together."""
    import torch

    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        for _ in range(WARM_UP):
            call()
    torch.cuda.current_stream().wait_stream(side)
    torch.cuda.synchronize()
    return Captured(_graph(torch, call, 1), _graph(torch, call, calls))


def _graph(torch: Any, call: Does, calls: int) -> Any:
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph, capture_error_mode="thread_local"):  # NCCL's watchdog asks events on a thread of its own
        for _ in repeat(None, calls):
            call()
    return graph


def then_wait(device: Any, call: Does) -> Does:
    """Return the call with a wait for the GPU after it."""
    return partial(_then_wait, device, call)


def _then_wait(device: Any, call: Does) -> None:
    import torch

    call()
    torch.cuda.synchronize(device)
