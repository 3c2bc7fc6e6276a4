"""Published training steps as questions: model, plan, machine, seconds. What a table does not state is guessed here, and said.

A reader per set of training_scaling.json and per CSV of the folder; a set without a reader, and a row that none can read, is
named with the reason. It predicts nothing.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from fabric.workload.catalog import language_model
from fabric.workload.model import LanguageModel
from fabric.workload.plan import USUAL_OVERLAP, ParallelPlan
from topologies.errors import InputError

Json = Mapping[str, Any]


@dataclass(frozen=True)
class Row:
    """One published step. group: rows of one model, machine and software at several sizes. nodes: name of the catalogue's node.

    core: share of the attention core's kernels of that day, None: today's; grouped: of the FP8 peak, by experts' grouped
    matrices of its own; power: watts a device where it was capped.
    unstated: what was guessed; empty where the layout is stated. memory_rate: bytes per second where the part was another.
    dropped: tokens beyond an expert's capacity were. launched: experts'
    kernels are, one by one, where others of its day run as a graph. fitted: constants were fitted on it.
    """

    set: str
    software: str
    model: LanguageModel
    plan: ParallelPlan
    node: str
    devices: int
    batch: int
    sequence: int
    seconds: float
    core: float | None = None
    grouped: float | None = None
    unstated: str = ""
    power: float | None = None
    memory_rate: float | None = None
    peer: str = ""
    dropped: bool = False
    launched: bool = False
    fitted: bool = False

    @property
    def group(self) -> tuple[str, ...]:
        """What stays the same as a machine grows."""
        plan = replace(self.plan, dp=None, micro_batch=1)
        return (self.set, self.software, self.model.name, self.node, str(self.sequence), plan.text(), self.peer)

    @property
    def tokens_per_second_per_device(self) -> float:
        """Tokens a second of one device."""
        return self.batch * self.sequence / self.seconds / self.devices

    @property
    def precision_part(self) -> tuple[str, float | None]:
        """What must be alike where two rows are set in order: precision, and the part where it was another."""
        return self.plan.precision, self.memory_rate

    @property
    def kind(self) -> str:
        """Dense or MoE."""
        return "MoE" if self.model.experts else "dense"


class Unread(Exception):
    """A row that is not read, and why."""


OLD_CORES = {"dgx-a100": 0.36, "dgx-h100": 0.20}
"""FlashAttention on the kernels of 2023, causal: about 110 TFLOP/s on A100 and 190 on H100 (arXiv 2307.08691, figures 4 to 7:
FlashAttention 1 and Triton), so of the peaks."""


def rows_of(folder: Path) -> Iterator[Row | Unread]:
    """Yield every row of a folder, or why it is not read; JSON files first, then CSV files, by name."""
    for path in sorted(folder.glob("*.json")):
        for one in json.loads(path.read_text())["sets"]:
            yield from _set(path, one)
    for path in sorted(folder.glob("*.csv")):
        reader = next((read for word, read in CSVS.items() if word in path.name), None)
        with path.open(newline="") as file:
            lines = list(csv.DictReader(file))
        yield from _read(path.name, reader, lines, {})


def _set(path: Path, one: Json) -> Iterator[Row | Unread]:
    name = str(one["id"])
    reader = next((read for word, read in SETS.items() if name.startswith(word)), None)
    lines = [line for row in one["rows"] for line in alternatives(row)] if reader is megatron_bridge else one["rows"]
    yield from _read(f"{path.name}: {name}", reader, lines, one)


def alternatives(line: Json) -> Iterator[Json]:
    """Yield a row and, where cells hold a second value in parentheses (`1614 (1540)`: the other FP8 recipe), that one too."""
    yield line
    second = {key: found[1] for key, cell in line.items() if (found := re.search(r"\(([0-9.,]+)\)", str(cell)))}
    if "Tokens / sec / GPU" in second:
        yield {**line, **second}


def _read(where: str, reader: Callable[[str, Json], Row] | None, lines: list[Any], about: Json) -> Iterator[Row | Unread]:
    if reader is None:
        yield Unread(f"{where}: no reader for such a table ({len(lines)} rows)")
        return
    for line in lines:
        try:
            yield reader(str(about.get("id", where)), line)
        except (Unread, InputError) as error:
            yield Unread(f"{where}: {error}")
        except (KeyError, ValueError, TypeError) as error:
            yield Unread(f"{where}: {type(error).__name__} {error} in {str(line)[:80]}")


def number(value: Any) -> float:
    """Return the first number of a cell such as `1614 (1540)`."""
    found = re.search(r"[0-9][0-9,.]*", str(value))
    if found is None:
        raise Unread(f"no number in {value!r}")
    return float(found[0].replace(",", ""))


def count(line: Json, key: str, default: int = 1) -> int:
    """Return a whole number of a row; `n/a`, nothing and 0 are the default."""
    value = line.get(key)
    if value in (None, "", "n/a", "NA"):
        return default
    return int(number(value)) or default


def llm_foundry(_: str, line: Json) -> Row:
    """Return a row of MosaicML's tables: FSDP over all devices, everything stated."""
    sequence, node = int(line["SeqLen (T)"]), "dgx-h100" if "h100" in line["GPU"] else "dgx-a100"
    model = replace(language_model(f"mpt-{line['Model']}"), sequence=sequence, learned_positions=sequence)
    if model.parameters != line["NumParams"]:
        raise Unread(f"{line['Model']} has {line['NumParams']} parameters there, {model.parameters} here")
    plan = ParallelPlan(
        fsdp=-1,
        micro_batch=int(line["MicroBatchSize"]),
        recompute="full" if line["Activation Checkpointing"] == "True" else "none",
        grad_bytes=2 if line["MP Mode"] == "PURE" else 4,
        precision="fp8" if "fp8" in line["Precision"] else "bf16",
        compiled=False,
    )
    devices, batch = int(line["# GPUs"]), int(line["GlobalBatchSize"])
    seconds = batch * sequence / float(line["Throughput (T/s)"])
    part = {"a100_40gb": "A100-40", "a100_80gb": "A100-80", "h100_80gb": "H100"}[line["GPU"]]
    rate = 1.555e12 if part == "A100-40" else None
    said = f"llm-foundry {part}{' fp8' if plan.precision == 'fp8' else ''}"
    return Row(
        said, "llm-foundry 2023", model, plan, node, devices, batch, sequence, seconds, OLD_CORES[node], memory_rate=rate,
        fitted=plan.precision == "bf16",
    )  # fmt: skip


NODES = {
    "gb300": "gb300-nvl72",
    "gb200": "gb200-nvl72",
    "b300": "dgx-b300",
    "b200": "dgx-b200",
    "h200": "dgx-h200",
    "h100": "dgx-h100",
    "a100": "dgx-a100",
}
MODELS = {
    "llama3_8b": "llama3-8b", "llama3_70b": "llama3-70b", "llama3.1_405b": "llama3.1-405b",
    "qwen3_30b": "qwen3-30b-a3b", "qwen3_235b": "qwen3-235b-a22b", "gpt oss 120b": "gpt-oss-120b",
    "gpt oss 20b": "gpt-oss-20b", "deepseekv3": "deepseek-v3", "mixtral_8x7b": "mixtral-8x7b",
    "mixtral_8x22b": "mixtral-8x22b", "qwen3_32b": "qwen3-32b", "qwen3_14b": "qwen3-14b", "qwen3_8b": "qwen3-8b",
    "kimi_k2": "kimi-k2", "kimi-k2": "kimi-k2", "llama31_8b": "llama3.1-8b", "llama31_405b": "llama3.1-405b",
    "llama2_70b": "llama2-70b", "llama3-70b": "llama3-70b", "llama3-8b": "llama3-8b", "gpt-oss-120b": "gpt-oss-120b",
    "qwen2.5-72b": "qwen2.5-72b", "deepseekv3_671b": "deepseek-v3", "deepseek_v3": "deepseek-v3",
    "llama3.1-405b": "llama3.1-405b", "qwen3-30b": "qwen3-30b-a3b", "qwen3-235b": "qwen3-235b-a22b",
    "mixtral-8x7b": "mixtral-8x7b", "llama3-405b": "llama3.1-405b",
}  # fmt: skip
"""A part of a name in the tables, lower case -> model of the catalogue."""


def named(text: str, table: Mapping[str, str], what: str) -> str:
    """Return the entry whose key is the longest that a text holds."""
    keys = [key for key in table if key in text.lower()]
    if not keys:
        raise Unread(f"no {what} here for {text!r}")
    return table[max(keys, key=len)]


def dispatch_of(model: LanguageModel, node: str, precision: str, *, dropped: bool) -> str:
    """Return how tokens reach their experts in NVIDIA's recipes: once (DeepEP, HybridEP), or a copy an expert (all-to-all).

    dropped: tokens beyond an expert's capacity are, which Megatron has for all-to-all alone (moe_expert_capacity_factor in
    megatron/core/transformer/transformer_config.py and Megatron-Bridge's token-drop utility, read 2026-11-29).
    NVIDIA-NeMo/Megatron-Bridge, scripts/performance/configs/{qwen,gpt_oss,deepseek}/*_workload_base_configs.py at 01b2977e51,
    07eea52d45 and 0426418230, read 2026-11-29; those of older containers may differ.
    """
    if dropped:
        return "each"
    if "qwen3-235b" in model.name:
        return "once" if "nvl72" in node else "each"
    if "gpt-oss" in model.name:
        return "once" if precision == "fp8" or node == "dgx-b300" else "each"
    return "once"


def megatron_bridge(_: str, line: Json) -> Row:
    """Return a row of NVIDIA's tables for Megatron-Bridge; recompute and overlap are not stated, so taken as usual.

    Its recipes add up and send gradients in BF16 (grad_reduce_in_fp32 = False, configs/llama/llama3_llm_pretrain.py at
    2a0d46e2c5 and those of Qwen and GPT-OSS, read 2026-11-29).
    """
    if "LoRA" in str(line.get("section")):
        raise Unread("LoRA: most weights are frozen")
    system = str(line.get("System") or line["subsection"])
    precision = str(line.get("Precision") or "FP8")
    if "FP4" in precision:
        raise Unread("NVFP4 is not modelled")
    model = language_model(named(str(line.get("Model") or line["subsection"]), MODELS, "model"))
    node, parts = named(system, NODES, "node"), "bf16" if "BF16" in precision else "fp8"
    sequence, dropped = int(number(line["Sequence Length"])), "tokendrop" in str(line.get("Model"))
    pp, vpp, moe = count(line, "PP"), count(line, "VP"), model.experts is not None
    plan = ParallelPlan(
        tp=count(line, "TP"), pp=pp, cp=count(line, "CP"), ep=count(line, "EP") if moe else 1, vpp=vpp if pp > 1 else 1,
        micro_batch=count(line, "MBS"), fsdp=-1 if count(line, "FSDP", 0) > 1 else 0,
        precision=parts, grad_bytes=2, dispatch=dispatch_of(model, node, parts, dropped=dropped) if moe else "each",
        overlap=USUAL_OVERLAP if moe else (*USUAL_OVERLAP, "tp"),  # its recipes for dense models switch the ring exchange on
    )  # fmt: skip
    devices, batch = int(number(line["#-GPUs"])), int(number(line["GBS"]))
    seconds = batch * sequence / devices / number(line["Tokens / sec / GPU"])
    said = f"Megatron-Bridge {'MoE' if moe else 'dense'} {plan.precision}"
    release = str(line.get("release", "")).replace(" NeMo Container", "")
    launched = "gpt-oss" in model.name and node == "dgx-b300"  # full_iteration stands in a comment there (see dispatch_of)
    return Row(
        said,
        f"NeMo {release}",
        model,
        plan,
        node,
        devices,
        batch,
        sequence,
        seconds,
        dropped=dropped,
        fitted=True,
        launched=launched,
    )


def korthikanti(_: str, line: Json) -> Row:
    """Return a row of arXiv 2205.05198, table 5: Megatron on A100, scores kept, all stated."""
    model = language_model(str(line["model"]).replace("megatron-", "gpt-").lower())
    full = line["recompute"] == "full"
    plan = ParallelPlan(
        tp=line["tp"], pp=line["pp"], vpp=line["interleave"], micro_batch=line["micro_batch"], sp=not full, flash=False,
        recompute="full" if full else "selective", zero=0, overlap=(),
    )  # fmt: skip
    devices, batch = line["gpus"], line["global_batch"]
    return Row("Korthikanti 2022", "Megatron 2022", model, plan, "dgx-a100", devices, batch, 2048, line["iter_s"])


def megatron_2021(name: str, line: Json) -> Row:
    """Return a row of Megatron's figures of 2021: micro batch and virtual stages are not stated.

    It summed gradients in FP16 unless told `--fp32-allreduce`.
    """
    if "V100" in str(line.get("gpu", "")):
        raise Unread("V100: no node of the catalogue")
    hidden, layers = line["hidden"], line["layers"]
    heads = line.get("heads") or hidden // 96
    model = replace(
        language_model("gpt-1.7b"), name=f"gpt-{line['model']}", hidden=hidden, layers=layers, heads=heads, kv_heads=heads,
        head_width=hidden // heads, mlp_width=4 * hidden, vocabulary=line.get("vocab", 51200),
    )  # fmt: skip
    tp, pp, devices, batch = line["tp"], line["pp"], line["gpus"], line["global_batch"]
    dp = devices // tp // pp
    old = "iter_ms" in line
    sequence = 1024 if old else 2048
    plan = ParallelPlan(
        tp=tp,
        pp=pp,
        micro_batch=max(1, batch // dp) if old else 1,
        sp=False,
        flash=False,
        recompute="full",
        zero=0,
        overlap=(),
        grad_bytes=2,
    )
    flops = model.flops_per_token(sequence, causal=False) * 4 / 3 * batch * sequence / devices
    seconds = line["iter_ms"] / 1e3 if old else flops / (line["tflops_per_gpu"] * 1e12)
    guess = "micro batch = batch / dp, sequence 1024, all recomputed" if old else "micro batch 1, no virtual stages"
    return Row(name, "Megatron 2021", model, plan, "dgx-a100", devices, batch, sequence, seconds, unstated=guess)


def torchtitan(name: str, line: Json) -> Row:
    """Return a row of torchtitan's pages: FSDP2; its H100 is 500 W with 2.4 TB/s; batch a device and recompute are guessed."""
    h200 = "H200" in line["model"]
    devices = line.get("gpus") or 8 * line["nodes"]
    micro_batch = 2
    plan = ParallelPlan(
        fsdp=-1, micro_batch=micro_batch, precision="fp8" if "fp8" in line["par"] else "bf16", compiled="compile" in line["par"]
    )
    seconds = micro_batch * 8192 / line["tps_per_gpu"]
    more: dict[str, Any] = {} if h200 else {"power": 500.0, "memory_rate": 2.4e12}
    return Row(
        name, "torchtitan 2024", language_model("llama3.1-8b"), plan, "dgx-h200" if h200 else "dgx-h100", devices,
        micro_batch * devices, 8192, seconds, unstated="batch a device, recompute", **more,
    )  # fmt: skip


def mlperf_guess(devices: int, batch: int, micro_batches: int, *, large: bool) -> ParallelPlan:
    """Return a layout for a row of MLPerf that states none: what its micro batches (0: not said) leave, cut as usual.

    One copy of a model takes devices x micro batches / batch ranks: of a large one TP 4 and PP 8 (or what divides the micro
    batches), the rest CP; of a small one CP, or several sequences a micro batch.
    """
    together = batch // (micro_batches or 1)  # sequences that all copies work on at once
    plan = ParallelPlan(precision="fp8", grad_bytes=2)
    if not large:
        return replace(plan, micro_batch=max(1, together // devices), cp=max(1, devices // together))
    ranks = devices // together if micro_batches else 64
    pp = next(n for n in (8, 4, 2, 1) if ranks % (4 * n) == 0 and (micro_batches or n) % n == 0)
    return replace(plan, tp=4, pp=pp, vpp=8 if pp == 8 else 1, cp=max(1, ranks // (4 * pp)), overlap=(*USUAL_OVERLAP, "tp"))


def mlperf(_: str, line: Json) -> Row:
    """Return a row of MLPerf's logs; where TP is not stated the layout is a guess that the memory allows."""
    model = language_model(named(str(line["benchmark"]), MODELS, "model"))
    devices, batch = int(line.get("accelerators") or line["gpus"]), int(line["global_batch"])
    node, sequence = named(str(line["accelerator"]), NODES, "node"), int(line["seq_len"])
    seconds = float(line.get("step_s_median") or line["step_s"])
    if line.get("precision") == "fp4" or (not line.get("tp") and "gb300" in node and "405b" in model.name):
        raise Unread("NVFP4 is not modelled")
    stated = bool(line.get("tp"))
    if stated:
        plan = ParallelPlan(
            tp=count(line, "tp"), pp=count(line, "pp"), vpp=count(line, "vpp") if count(line, "pp") > 1 else 1,
            cp=count(line, "cp"), ep=count(line, "ep"), precision="fp8", grad_bytes=2,
        )  # fmt: skip
        if model.experts:  # as Megatron-Bridge's recipe of the same global batch, GB300_FP8_MX_GBS15360 (see dispatch_of)
            plan = replace(plan, dispatch="once", overlap=(*USUAL_OVERLAP, "ep"))
    else:
        plan = mlperf_guess(devices, batch, count(line, "grad_accum", 0), large=model.parameters > 1e11)
    software = "MLPerf 26.06" if model.experts else "MLPerf"
    return Row(
        f"MLPerf {line['benchmark']}", software, model, plan, node, devices, batch, sequence, seconds,
        unstated="" if stated else "layout", peer=str(line.get("org") or line.get("submitter")),
    )  # fmt: skip


def site(_: str, line: Json) -> Row:
    """Return a row of a site's own runs on B200 and GB200."""
    model = language_model(named(str(line["model"]), MODELS, "model"))
    devices, batch, precision = int(line["gpus"]), int(line["gbs"]), str(line["precision"])
    pp, sequence = count(line, "pp"), count(line, "seq", 8192)
    plan = ParallelPlan(
        tp=count(line, "tp"), pp=pp, vpp=count(line, "vp") if pp > 1 else 1, cp=count(line, "cp"),
        ep=count(line, "ep") if model.experts else 1, micro_batch=count(line, "mbs"),
        fsdp=-1 if count(line, "fsdp", 0) else 0, precision="bf16" if precision == "bf16" else "fp8",
    )  # fmt: skip
    unstated = [key for key in ("mbs", "seq", "ep") if not line.get(key)]
    node = named(str(line["gpu"]), NODES, "node")
    said = f"site {'MoE' if model.experts else 'dense'} {plan.precision}"
    software = str(line.get("container", ""))
    seconds = float(line["step_s"])
    if "offload" in str(line.get("note", "")):
        unstated.append("offload to the host")
    return Row(
        said,
        software,
        model,
        plan,
        node,
        devices,
        batch,
        sequence,
        seconds,
        unstated=", ".join(unstated),
        peer=str(line.get("note")),
    )


SETS: Mapping[str, Callable[[str, Json], Row]] = {
    "llm_foundry": llm_foundry,
    "megatron_bridge": megatron_bridge,
    "korthikanti": korthikanti,
    "megatron_2021": megatron_2021,
    "megatron_jan2021": megatron_2021,
    "torchtitan": torchtitan,
}
"""Start of a set's id -> its reader."""
CSVS: Mapping[str, Callable[[str, Json], Row]] = {"mlperf": mlperf, "steps": site}
"""Part of a CSV's name -> its reader."""
