"""One rank of an emulated training step: timed waits instead of arithmetic, real gloo calls. It knows no model and no plan.

`program.json` holds, per rank, the operations of a step in order: {"op": "wait", "seconds"}; {"op": "start", "what", "group",
"nbytes", "key"} begins a collective and goes on; {"op": "join", "key"} waits for it; "what" can be send or recv too, then
with "peer" and "tag" in the place of "group". The file named second gets the seconds of every repeated step, as JSON.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist

Works = list[Any]
RECEIPT = 1 << 20
"""Added to the tag of a message for the word that it is there."""


def main() -> None:
    """Run the program whose file and whose file of seconds are the arguments."""
    program, seconds = map(Path, sys.argv[1:3])
    content = json.loads(program.read_text())
    dist.init_process_group("gloo")
    rank = dist.get_rank()
    groups = {tuple(ranks): dist.new_group(ranks) for ranks in content["groups"]}
    begin = {**{name: _collective(name) for name in CALLS}, "send": _sent, "recv": _received}
    step = content["ranks"][rank]
    found = []
    for _ in range(content["warmup"] + content["steps"]):
        dist.barrier()
        before = time.perf_counter()
        _step(step, groups, begin)
        found.append(time.perf_counter() - before)
    seconds.write_text(json.dumps(found[content["warmup"] :]))
    dist.barrier()
    dist.destroy_process_group()


def _step(step: list[dict[str, Any]], groups: Mapping[tuple[int, ...], Any], begin: Mapping[str, Callable[..., Any]]) -> None:
    """Run one step."""
    pending: dict[str, Works] = {}
    for one in step:
        if one["op"] == "wait":
            time.sleep(one["seconds"])
        elif one["op"] == "join":
            for work in pending.pop(one["key"]):
                work.wait()
        else:
            pending[one["key"]] = begin[one["what"]](one, groups)


def _elements(nbytes: int, parts: int) -> int:
    """Return elements of 4 bytes, a multiple of the parts that they are cut into."""
    return max(1, nbytes // 4 // parts) * parts


def _collective(name: str) -> Callable[..., Works]:
    def start(one: dict[str, Any], groups: Mapping[tuple[int, ...], Any]) -> Works:
        group = groups[tuple(one["group"])]
        return [CALLS[name](_elements(one["nbytes"], len(one["group"])), len(one["group"]), group)]

    return start


def _all_reduce(count: int, _ranks: int, group: Any) -> Any:
    return dist.all_reduce(torch.zeros(count), group=group, async_op=True)


def _all_gather(count: int, ranks: int, group: Any) -> Any:
    return dist.all_gather_into_tensor(torch.zeros(count), torch.zeros(count // ranks), group=group, async_op=True)


def _reduce_scatter(count: int, ranks: int, group: Any) -> Any:
    return dist.reduce_scatter_tensor(torch.zeros(count // ranks), torch.zeros(count), group=group, async_op=True)


def _all_to_all(count: int, _ranks: int, group: Any) -> Any:
    return dist.all_to_all_single(torch.zeros(count), torch.zeros(count), group=group, async_op=True)


CALLS: Mapping[str, Callable[[int, int, Any], Any]] = {
    "all_reduce": _all_reduce,
    "all_gather": _all_gather,
    "reduce_scatter": _reduce_scatter,
    "all_to_all": _all_to_all,
}
"""Collective -> its asynchronous call; counts are of nccl-tests' S, the larger buffer."""


def _sent(one: dict[str, Any], _groups: object) -> Works:
    """Send; done when the receiver has it, as NCCL's: gloo's own send is done when the kernel has taken the bytes."""
    data = torch.zeros(_elements(one["nbytes"], 1))
    return [
        dist.isend(data, one["peer"], tag=one["tag"]),
        dist.irecv(torch.zeros(1), one["peer"], tag=one["tag"] + RECEIPT),
    ]


class _Received:
    """A receive that says so to its sender as soon as it is there, whatever the rank is at."""

    def __init__(self, work: Any, peer: int, tag: int) -> None:
        def receipt() -> None:
            work.wait()
            dist.send(torch.zeros(1), peer, tag=tag + RECEIPT)

        self.thread = threading.Thread(target=receipt, daemon=True)
        self.thread.start()

    def wait(self) -> None:
        self.thread.join()


def _received(one: dict[str, Any], _groups: object) -> Works:
    work = dist.irecv(torch.zeros(_elements(one["nbytes"], 1)), one["peer"], tag=one["tag"])
    return [_Received(work, one["peer"], one["tag"])]
