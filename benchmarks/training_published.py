"""The package's own published runs (published.yaml) as rows to score; what they do not state is guessed, and said."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from benchmarks.training_rows import Row
from fabric.workload.catalog import language_model
from fabric.workload.plan import USUAL_OVERLAP
from fabric.workload.published import runs

AT_BEST: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "llama3.1-405b": ("vpp=8, recompute=pointwise", {"vpp": 8, "recompute": "pointwise"}),
    "deepseek-v3": (
        "overlap of exchanges, recompute=pointwise",
        {"overlap": (*USUAL_OVERLAP, "ep"), "recompute": "pointwise"},
    ),
}
"""What published runs of many devices do not state in numbers, in words and as fields. Llama 3 interleaves and recomputes
nothing that takes long (arXiv 2407.21783, 3.3.2); DeepSeek-V3 hides exchanges and makes norms again (2412.19437, 3.2)."""


GROUPED = {"deepseek-v3": 0.56}
"""Share of the FP8 peak of a run's own grouped matrices. DeepGEMM's README of 2025-02 (deepseek-ai/DeepGEMM, read 2026-11-29)
has 1297 and 1099 TFLOP/s on H800 for the two of DeepSeek-V3's experts, 4 x 8,192 tokens: by the laws of depth and waves 0.64 of
the peak for a large one, held at the power limit 0.87 of that (kernels.py, S)."""


def published_rows(least: int) -> Iterator[Row]:
    """Yield the package's published runs of so many devices and more, with their speed: on none was anything fitted."""
    nodes = {"h100-sxm": "dgx-h100", "h800-sxm": "hgx-h800"}
    for run in runs():
        if run.ranks >= least and run.seconds is not None:
            guess, fields = AT_BEST[run.model]
            software = run.source.partition(",")[0].partition(" (")[0]
            yield Row(
                f"published {run.model}", software, language_model(run.model), replace(run.plan, dp=None, **fields),
                nodes[run.device], run.ranks, run.batch, run.seq, run.seconds, grouped=GROUPED.get(run.model),
                unstated=guess,
            )  # fmt: skip
