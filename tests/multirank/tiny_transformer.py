"""A tiny real transformer under torch's DDP or FSDP on gloo ranks: rank 0 prints the collectives of one step as JSON.

Arguments: ddp or fsdp. The shape is TINY of test_training_calls.py; the profiler records what the backend really ran.
"""

import json
import sys

import torch
import torch.distributed as dist
from torch import nn
from torch.distributed.fsdp import fully_shard
from torch.profiler import ProfilerActivity, profile

LAYERS, HIDDEN, HEADS, KV, MLP, VOCABULARY = 2, 64, 4, 2, 128, 256
NAMES = {
    "c10d::allreduce_": "all_reduce",
    "c10d::_allgather_base_": "all_gather",
    "c10d::_reduce_scatter_base_": "reduce_scatter",
}


class Layer(nn.Module):
    def __init__(self):
        super().__init__()
        width = HIDDEN // HEADS
        self.norms = nn.ModuleList(nn.RMSNorm(HIDDEN) for _ in range(2))
        self.q, self.o = (nn.Linear(HIDDEN, HIDDEN, bias=False) for _ in range(2))
        self.k, self.v = (nn.Linear(HIDDEN, KV * width, bias=False) for _ in range(2))
        self.gate, self.up = (nn.Linear(HIDDEN, MLP, bias=False) for _ in range(2))
        self.down = nn.Linear(MLP, HIDDEN, bias=False)

    def forward(self, x):
        y = self.norms[0](x)
        q, k, v = (m(y).unflatten(-1, (-1, HIDDEN // HEADS)).transpose(1, 2) for m in (self.q, self.k, self.v))
        core = nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True, enable_gqa=True)
        x = x + self.o(core.transpose(1, 2).flatten(2))
        y = self.norms[1](x)
        return x + self.down(nn.functional.silu(self.gate(y)) * self.up(y))


class Transformer(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding, self.norm = nn.Embedding(VOCABULARY, HIDDEN), nn.RMSNorm(HIDDEN)
        self.layers, self.logits = nn.ModuleList(Layer() for _ in range(LAYERS)), nn.Linear(HIDDEN, VOCABULARY, bias=False)

    def forward(self, tokens):
        x = self.embedding(tokens)
        for layer in self.layers:
            x = layer(x)
        return self.logits(self.norm(x))


def main(way):
    dist.init_process_group("gloo")
    torch.manual_seed(0)
    model = Transformer()
    if way == "ddp":
        model = nn.parallel.DistributedDataParallel(model, bucket_cap_mb=100)
    else:
        for layer in model.layers:
            fully_shard(layer)
        fully_shard(model)
    tokens = torch.randint(0, VOCABULARY, (2, 16))

    def step():
        nn.functional.cross_entropy(model(tokens).flatten(0, 1), tokens.flatten()).backward()
        model.zero_grad()

    step()
    step()  # DDP lays its buckets out after the first
    with profile(activities=[ProfilerActivity.CPU], record_shapes=True) as seen:
        step()
    if dist.get_rank() == 0:
        print(json.dumps(list(calls(seen.events()))), flush=True)  # noqa: T201  # the answer
    dist.destroy_process_group()


def calls(events):
    """Yield (collective, elements of the larger buffer) of every call; an all-reduce's stand at the backend's own event."""
    for event in events:
        shapes = [shape[0] for shape in event.input_shapes if len(shape) == 1]
        if event.name == "gloo:all_reduce" and shapes:
            yield "all_reduce", max(shapes)
        elif event.name in NAMES and shapes:
            yield NAMES[event.name], max(shapes)


if __name__ == "__main__":
    main(sys.argv[1])
