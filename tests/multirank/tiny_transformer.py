"""A tiny real transformer under torch's DDP, FSDP or TP with SP on gloo ranks: rank 0 prints a step's collectives as JSON.

A line a way: ddp, fsdp, tp (of the layers alone: embedding and logits are whole on every rank). The shape is TINY of
test_training_calls.py; the profiler records what the backend really ran. The ranks are forked, as importing all this takes
seconds; the argument is a folder with a file of each way, through which they meet.
"""

import json
import math
import sys
from multiprocessing import get_context

import torch
import torch.distributed as dist
from torch import nn
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import fully_shard
from torch.distributed.tensor import Replicate, Shard
from torch.distributed.tensor.parallel import ColwiseParallel, PrepareModuleInput, RowwiseParallel, parallelize_module
from torch.profiler import ProfilerActivity, profile

RANKS = {"ddp": 2, "fsdp": 4, "tp": 2}
LAYERS, HIDDEN, HEADS, KV, MLP, VOCABULARY = 2, 64, 4, 2, 128, 256
NAMES = {
    "c10d::allreduce_": "all_reduce",
    "c10d::_allgather_base_": "all_gather",
    "c10d::_reduce_scatter_base_": "reduce_scatter",
}
FUNCTIONAL = {
    "_c10d_functional::all_gather_into_tensor": "all_gather",
    "_c10d_functional::reduce_scatter_tensor": "reduce_scatter",
}
"""DTensor's own calls, in whose shapes the input stands."""


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.q, self.o = (nn.Linear(HIDDEN, HIDDEN, bias=False) for _ in range(2))
        self.k, self.v = (nn.Linear(HIDDEN, KV * (HIDDEN // HEADS), bias=False) for _ in range(2))

    def forward(self, x):
        q, k, v = (m(x).unflatten(-1, (-1, HIDDEN // HEADS)).transpose(1, 2) for m in (self.q, self.k, self.v))
        core = nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True, enable_gqa=True)
        return self.o(core.transpose(1, 2).flatten(2))


class Mlp(nn.Module):
    def __init__(self):
        super().__init__()
        self.gate, self.up = (nn.Linear(HIDDEN, MLP, bias=False) for _ in range(2))
        self.down = nn.Linear(MLP, HIDDEN, bias=False)

    def forward(self, x):
        return self.down(nn.functional.silu(self.gate(x)) * self.up(x))


class Layer(nn.Module):
    def __init__(self):
        super().__init__()
        self.norms = nn.ModuleList(nn.RMSNorm(HIDDEN) for _ in range(2))
        self.attention, self.mlp = Attention(), Mlp()

    def forward(self, x):
        x = x + self.attention(self.norms[0](x))
        return x + self.mlp(self.norms[1](x))


class Transformer(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding, self.norm = nn.Embedding(VOCABULARY, HIDDEN), nn.RMSNorm(HIDDEN)
        self.layers, self.logits = nn.ModuleList(Layer() for _ in range(LAYERS)), nn.Linear(HIDDEN, VOCABULARY, bias=False)

    def forward(self, tokens):
        return self.logits(self.norm(self.middle(self.embedding(tokens))))

    def middle(self, x):
        for layer in self.layers:
            x = layer(x)
        return x


def cut(layer, mesh):
    """TP with SP as torch does it: one gather before a block's matrices, one scatter after its last."""
    whole = {"input_layouts": (Shard(1),), "desired_input_layouts": (Replicate(),)}
    columns = {f"{name}": ColwiseParallel() for name in ("attention.q", "attention.k", "attention.v", "mlp.gate", "mlp.up")}
    rows = {name: RowwiseParallel(output_layouts=Shard(1)) for name in ("attention.o", "mlp.down")}
    blocks = {name: PrepareModuleInput(**whole) for name in ("attention", "mlp")}
    parallelize_module(layer, mesh, {**blocks, **columns, **rows})


def one(way, rank, folder):
    dist.init_process_group("gloo", init_method=f"file://{folder}/{way}", rank=rank, world_size=RANKS[way])
    torch.manual_seed(0)
    model = Transformer()
    if way == "tp":
        for layer in model.layers:
            cut(layer, init_device_mesh("cpu", (dist.get_world_size(),)))
    elif way == "ddp":
        model = nn.parallel.DistributedDataParallel(model, bucket_cap_mb=100)
    else:
        for layer in model.layers:
            fully_shard(layer)
        fully_shard(model)
    tokens = torch.randint(0, VOCABULARY, (2, 16))

    def step():
        if way == "tp":
            own = model.embedding(tokens).chunk(dist.get_world_size(), 1)[dist.get_rank()]
            model.middle(own).sum().backward()
            return
        nn.functional.cross_entropy(model(tokens).flatten(0, 1), tokens.flatten()).backward()
        model.zero_grad()

    step()
    step()  # DDP lays its buckets out after the first
    with profile(activities=[ProfilerActivity.CPU], record_shapes=True) as seen:
        step()
    if dist.get_rank() == 0:
        print(json.dumps({"way": way, "calls": list(calls(seen.events()))}), flush=True)  # noqa: T201  # the answer
    dist.destroy_process_group()


def calls(events):
    """Yield (collective, elements of the larger buffer) of every call; an all-reduce's stand at the backend's own event."""
    for event in events:
        shapes = [shape[0] for shape in event.input_shapes if len(shape) == 1]
        if event.name in FUNCTIONAL:
            own = math.prod(event.input_shapes[0])
            yield FUNCTIONAL[event.name], own * (dist.get_world_size() if "gather" in event.name else 1)
        if event.name == "gloo:all_reduce" and shapes:
            yield "all_reduce", max(shapes)
        elif event.name in NAMES and shapes:
            yield NAMES[event.name], max(shapes)


def main(folder):
    torch.set_num_threads(1)
    for way, ranks in RANKS.items():
        started = [get_context("fork").Process(target=one, args=(way, rank, folder)) for rank in range(ranks)]
        for process in started:
            process.start()
        for process in started:
            process.join()
        if any(process.exitcode for process in started):
            sys.exit(f"{way}: a rank failed")


if __name__ == "__main__":
    main(sys.argv[1])
