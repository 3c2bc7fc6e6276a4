"""Published figures of serving, each with its source, and what is predicted for the same question.

    python -m benchmarks.serving_published

No constant was fitted on any of them. A row of static batches (TensorRT-LLM 0.6) says tokens a second of one device, of all of
a batch's time; one of a closed loop (NIM: so many users, each asks again at once) says time to first token and between tokens.
"""

from __future__ import annotations

from statistics import median
from typing import NamedTuple

from fabric.network.spec import load
from fabric.workload.catalog import language_model
from fabric.workload.plan import plan_of
from fabric.workload.serving import Asked, ServingReplica, costs_of, serving_replica, whole_plan

TRT = "NVIDIA/TensorRT-LLM, docs/source/performance.md at 138f96d, v0.6.1 (first tokens v0.5), 2023"
NIM = "docs.nvidia.com/nim/benchmarking/llm/1.0.0/performance, Llama-3.3-70b-instruct 1.8.0, 2 x H100, FP8, 2025"
DEEPSEEK = "deepseek-ai/open-infra-index, day 6, 2025-03-01 (as others repeat it; 4,989 tokens from memory)"
H100, A100, H800 = "dgx-h100", "dgx-a100", "hgx-h800"


class Row(NamedTuple):
    """One published figure. what: of FIGURES. sequences at once are those of the whole replica."""

    source: str
    node: str
    model: str
    plan: str
    batch: int
    prompt: int
    output: int
    what: str
    value: float
    nodes: int = 1


def _static(node: str, model: str, plan: str, *rows: tuple[int, int, int, float]) -> list[Row]:
    return [Row(TRT, node, model, plan, batch, prompt, output, "tokens/s/device", rate) for batch, prompt, output, rate in rows]


def _first(node: str, model: str, plan: str, *rows: tuple[int, float]) -> list[Row]:
    return [Row(TRT, node, model, plan, 1, prompt, 1, "first token, ms", value) for prompt, value in rows]


def _loop(*rows: tuple[int, float, float]) -> list[Row]:
    plan = "tp=2,precision=fp8"
    found = [Row(NIM, H100, "llama3.1-70b", plan, rows[0][0], 5000, 500, "first token, ms", rows[0][1])]
    return [
        *found,
        *(Row(NIM, H100, "llama3.1-70b", plan, users, 5000, 500, "next token, ms", each) for users, _, each in rows),
    ]


FP8 = ",precision=fp8"
EXPERTS = "ep={},precision=fp8,dispatch=once,overlap=ep"
"""As DeepSeek serves: tokens from EP of 144 with 32 experts twice (128 is the nearest that divides here), 14,800 a second and
node at 20 to 22 a second and user, so 88 sequences a device, each looking at 4,989 tokens on average; prompts from EP of 32,
73,700 tokens a second and node of which 56.3 % are cached. Prompts of 4,096 are a guess."""
ROWS = [
    *_static(H100, "llama2-7b", "tp=1" + FP8, (768, 128, 128, 19_694), (112, 128, 2048, 6_818), (80, 2048, 128, 2_244)),
    *_static(H100, "llama2-7b", "tp=1" + FP8, (48, 2048, 2048, 2_740)),
    *_static(H100, "llama2-70b", "tp=2" + FP8, (1024, 128, 128, 2_657), (96, 2048, 128, 306), (64, 2048, 2048, 547)),
    *_static(H100, "llama2-70b", "tp=4" + FP8, (480, 128, 2048, 1_486)),
    *_static(A100, "llama2-7b", "tp=1", (384, 128, 128, 5_586), (60, 128, 2048, 1_928), (52, 2048, 128, 591)),
    *_static(A100, "llama2-7b", "tp=2", (64, 2048, 2048, 782)),
    *_static(A100, "llama2-70b", "tp=4", (1280, 128, 128, 670), (240, 128, 2048, 525), (120, 2048, 128, 79)),
    *_first(H100, "llama2-7b", "tp=1" + FP8, (128, 7), (2048, 36)),
    *_first(H100, "llama2-70b", "tp=4" + FP8, (128, 26), (2048, 109)),
    *_first(A100, "llama2-7b", "tp=1", (128, 16), (2048, 133)),
    *_first(A100, "llama2-70b", "tp=4", (128, 47), (2048, 377)),
    Row(DEEPSEEK, H800, "deepseek-v3", EXPERTS.format(128), 128 * 88, 4489, 1000, "token alone, ms", 1e3 / 21, 16),
    Row(DEEPSEEK, H800, "deepseek-v3", EXPERTS.format(32), 32, 4096, 1, "read/s/device", (1 - 0.563) * 73_700 / 8, 4),
    *_loop((1, 406.77, 18.58), (5, 546.7, 21.83), (25, 688.69, 38.75), (50, 834.51, 59.73)),
]


def answer(row: Row) -> ServingReplica:
    """Return the replica that a row asks for; FP8 engines keep keys and values in FP8."""
    model, fabric = language_model(row.model), load(f"{row.node}:nodes={row.nodes}")
    plan = whole_plan(model, plan_of(row.plan))
    asked = Asked(row.prompt, row.output, "fp8" if plan.precision == "fp8" else "bf16")
    return serving_replica(model, plan, fabric, batch=row.batch, asked=asked, costs=costs_of(fabric, plan))


def figure(row: Row, found: ServingReplica) -> float:
    """Return a replica's figure in the row's unit."""
    if row.what == "tokens/s/device":
        return found.tokens_per_second / found.ranks
    if row.what == "read/s/device":
        return found.prompt_tokens_per_second / found.ranks
    if row.what == "token alone, ms":
        return 1e3 * found.token
    return 1e3 * (found.first_token if row.what.startswith("first") else found.next_token)


def main() -> None:
    """Print every row: published, predicted, published over predicted less one; then the errors of every kind."""
    errors = dict[str, list[float]]()
    print(f"{'node':8} {'model':12} {'plan':41} {'batch':>6} {'in':>5} {'out':>5} {'figure':16} published predicted  error")
    for row in ROWS:
        value = figure(row, answer(row))
        error = row.value / value - 1
        errors.setdefault(row.what, []).append(abs(error))
        head = f"{row.node:8} {row.model:12} {row.plan:41} {row.batch:6} {row.prompt:5} {row.output:5} {row.what:16}"
        print(f"{head} {row.value:9,.4g} {value:9,.4g} {error:+6.1%}")
    for what, found in errors.items():
        middle, mean = median(found), sum(found) / len(found)
        print(f"{what}: {len(found)} figures, median {middle:.1%}, mean {mean:.1%}, most {max(found):.1%}")


if __name__ == "__main__":
    main()
