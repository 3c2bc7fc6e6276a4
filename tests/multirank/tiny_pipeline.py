"""A tiny real transformer as torch's own pipelines on gloo ranks: every rank's sends of a step, in order, as JSON lines.

Two schedules, one after the other: 1F1B, a stage a rank, and interleaved 1F1B, two stages a rank. The shape is PIPED of
test_training_calls.py. Recorded is what torch asks of the group of ranks: reading its profiler takes ten times as long. The
ranks are forked, as importing torch's pipelines takes seconds; the argument is a file through which they meet.
"""

import json
import sys
from multiprocessing import get_context
from unittest import mock

import torch
import torch.distributed as dist
from tiny_transformer import HIDDEN, VOCABULARY, Layer
from torch import nn
from torch.distributed.pipelining import PipelineStage, Schedule1F1B, ScheduleInterleaved1F1B

RANKS, LAYERS, MICRO_BATCHES, SEQUENCE = 4, 8, 8, 16


def chunk(number, chunks):
    """A part of the model: the first has the embedding, the last the logits."""
    layers = [Layer() for _ in range(LAYERS // chunks)]
    first = [nn.Embedding(VOCABULARY, HIDDEN)] if number == 0 else []
    last = [nn.RMSNorm(HIDDEN), nn.Linear(HIDDEN, VOCABULARY, bias=False)] if number == chunks - 1 else []
    return nn.Sequential(*first, *layers, *last)


def loss(logits, tokens):
    return nn.functional.cross_entropy(logits.flatten(0, 1), tokens.flatten())


def sends(virtual):
    """Return (elements, peer) of every message that this rank sends in a step, in order."""
    rank, ranks = dist.get_rank(), dist.get_world_size()
    chunks = ranks * virtual
    stages = [PipelineStage(chunk(n, chunks), n, chunks, torch.device("cpu")) for n in range(rank, chunks, ranks)]
    if virtual == 1:
        schedule = Schedule1F1B(stages[0], MICRO_BATCHES, loss_fn=loss)
    else:
        schedule = ScheduleInterleaved1F1B(stages, MICRO_BATCHES, loss_fn=loss)
    tokens = torch.randint(0, VOCABULARY, (MICRO_BATCHES, SEQUENCE))
    given = (tokens,) if rank == 0 else ()
    aims = {"target": tokens} if rank == ranks - 1 else {}
    schedule.step(*given, **aims)  # asks for shapes first
    seen, really = [], dist.ProcessGroup.send

    def send(group, tensors, peer, tag):
        seen.append((sum(tensor.numel() for tensor in tensors), peer))
        return really(group, tensors, peer, tag)

    with mock.patch.object(dist.ProcessGroup, "send", send):
        schedule.step(*given, **aims)
    return seen


def one(rank, path):
    dist.init_process_group("gloo", init_method=f"file://{path}", rank=rank, world_size=RANKS)
    found = {"rank": rank, "plain": sends(1), "interleaved": sends(2)}
    sys.stdout.write(json.dumps(found) + "\n")
    sys.stdout.flush()
    dist.destroy_process_group()


def main(path):
    torch.set_num_threads(1)
    started = [get_context("fork").Process(target=one, args=(rank, path)) for rank in range(RANKS)]
    for process in started:
        process.start()
    for process in started:
        process.join()
    sys.exit(max(abs(process.exitcode) for process in started))


if __name__ == "__main__":
    main(sys.argv[1])
