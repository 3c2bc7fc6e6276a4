"""Questions about language models on a fabric: a step of training, serving, and how it grows. It answers none itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from fabricbench.questions import loaded, rank_list

if TYPE_CHECKING:
    from fabric.answers.answer import Answer
    from fabric.network.fabric import Fabric
    from fabric.predict.constants import Constants
    from fabric.workload.scaling import Point
    from fabric.workload.serving import ServingReplica
    from fabric.workload.step import TrainingStep
    from fabricbench.questions import Ranks


def training(
    model: str,
    fabric: Fabric | str,
    plan: str = "auto",
    *,
    batch: int | None = None,
    seq: int | None = None,
    ranks: int | None = None,
    constants: Constants | None = None,
    days: float = 90.0,
) -> Answer[TrainingStep]:
    """Return what a training step of a model takes on a fabric, by part, under a plan or under the fastest that fits.

    model: a name such as llama3-70b, or the path of a config.json. fabric: of a known node, or its TOPO. plan: `tp=8,pp=4`,
    `auto`, or `auto` with given keys. batch: sequences a step; seq: tokens of one; ranks: devices: docs/training.md says what
    they are where they are None. days: of a run with failures and checkpoints. The first item is the step, of `auto` the
    others are slower with less memory.

    Raises:
        InputError: an unknown model, a plan that does not divide, with the nearest that does, or none that fits.
    """
    from fabric.answers.ask import load
    from fabric.answers.training import Months
    from fabric.answers.training import training as answer
    from fabric.workload.catalog import language_model

    known = load(fabric)
    return answer(
        language_model(model), known, plan, batch=batch, seq=seq, ranks=ranks, constants=constants, months=Months(days)
    )


def serving(
    model: str,
    fabric: Fabric | str,
    plan: str = "",
    *,
    batch: Sequence[int] = (),
    prompt: int = 2048,
    output: int = 256,
    kv: str = "bf16",
    constants: Constants | None = None,
) -> Answer[ServingReplica]:
    """Return what a serving replica of a model does on a fabric, at every number of sequences at once.

    model: a name such as llama3-70b, or the path of a config.json. fabric: of a known node, or its TOPO. plan: of the replica,
    `tp=4,precision=fp8`; without tp, pp, ep, etp and dp the cut of most tokens/s a device. batch: sequences at once; none:
    some, and as many as fit. prompt: tokens of a prompt; output: tokens made of each; kv: precision of keys and values.

    Raises:
        InputError: an unknown model, a plan that does not divide it or the batch, a fabric that is too small.
    """
    from fabric.answers.ask import load
    from fabric.answers.serving import serving as answer
    from fabric.workload.catalog import language_model

    return answer(
        language_model(model), load(fabric), plan, batch=batch, prompt=prompt, output=output, kv=kv, constants=constants
    )


def scale_training(
    model: str,
    fabrics: Fabric | str | Sequence[Fabric | str],
    ranks: Ranks,
    plan: str = "auto",
    *,
    batch: int | None = None,
    seq: int | None = None,
    modes: Sequence[str] = ("strong", "weak"),
    constants: Constants | None = None,
) -> Answer[Point]:
    """Return how fast a model trains versus the number of devices, on every fabric: best plan, efficiency, what grew.

    batch: sequences a step at the largest size. modes: strong (that batch at every size), weak (in proportion to devices).

    Raises:
        InputError: an unknown model, more ranks than a fabric has, or a batch that no size can work on.
    """
    from fabric.answers.training_scale import scale_training as answer
    from fabric.workload.ask import asked
    from fabric.workload.catalog import language_model
    from fabric.workload.scaling import Question

    several, sizes = loaded(fabrics), rank_list(ranks)
    whole = asked(language_model(model), several[0], plan, batch=batch, seq=seq, ranks=max(sizes))
    space = whole.space
    question = Question(space.model, space.sequence, space.batch, whole.plan, space.pinned)
    return answer(several, question, sizes, modes, constants=constants)
