"""Published training runs with their layout: how the model was cut, on how many devices, how fast. It predicts none of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from fabric.text.yaml_file import read_mapping
from fabric.workload.catalog import language_model
from fabric.workload.plan import ParallelPlan, plan_of, with_dp

FILE = Path(__file__).parent / "data" / "published.yaml"


@dataclass(frozen=True)
class PublishedRun:
    """A run as published. rate: tokens per second and device, None where only the layout is. plan: with dp by its ranks.

    stated: whether the source gives tokens; else the rate is its model FLOP/s over our count of FLOP a token.
    stated_keys: fields of the plan that the source says.
    """

    model: str
    device: str
    ranks: int
    plan: ParallelPlan
    batch: int
    seq: int
    rate: float | None
    stated: bool
    source: str
    date: str
    stated_keys: tuple[str, ...] = ()

    @property
    def seconds(self) -> float | None:
        """Seconds of a step, None where no speed was published."""
        return None if self.rate is None else self.batch * self.seq / self.rate / self.ranks


@lru_cache(maxsize=1)
def runs() -> tuple[PublishedRun, ...]:
    """Return all published runs of the package's table."""
    content = read_mapping(FILE, "published", "of sources and runs")
    return tuple(_run(line, content["sources"][line["source"]]) for line in content["runs"])


def runs_of(model: str, device: str | None = None) -> list[PublishedRun]:
    """Return the published runs of a model, on a device where one is named, the smallest first."""
    found = [run for run in runs() if run.model == model and device in (None, run.device)]
    return sorted(found, key=lambda run: (run.seq, run.ranks))


def _run(line: Mapping[str, Any], source: Mapping[str, Any]) -> PublishedRun:
    ranks, seq = line["ranks"], line["seq"]
    rate = line.get("rate")
    if "tflops" in line:
        rate = line["tflops"] * 1e12 / language_model(line["model"]).flops_per_token(seq)
    keys = [part.partition("=")[0] for part in line["plan"].split(",")]
    return PublishedRun(
        model=line["model"],
        device=line["device"],
        ranks=ranks,
        plan=with_dp(plan_of(line["plan"]), ranks),
        batch=line["batch"],
        seq=seq,
        rate=rate,
        stated="rate" in line,
        source=source["title"],
        date=str(source["date"]),
        stated_keys=tuple({"mb": "micro_batch"}.get(key, key) for key in keys),
    )
