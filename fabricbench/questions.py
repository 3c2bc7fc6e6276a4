"""Questions as Python writes them: texts, numbers, paths and fabrics, turned into what the verbs take. It answers none itself.

A size is bytes S as nccl-tests counts it: a number, a list of numbers, or a text such as `1MiB,64MiB`. Ranks are numbers or
a text such as `8,128`. A fabric is what `load` returns; where a path or a TOPO stands for one, the docstring says so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fabric.answers.answer import Answer
    from fabric.network.fabric import Fabric
    from fabric.network.failures import Failures
    from fabric.predict.constants import Constants
    from fabric.predict.stress import Point as Stressed
    from fabric.records.case import Case
    from fabric.records.result import Result
    from fabric.scaling import Row
    from fabric.workload.job import JobStep

Sizes = str | int | Sequence[int]
Ranks = str | int | Sequence[int]


def cases(
    fabric: Fabric | str,
    collective: str = "all_reduce",
    *,
    sizes: Sizes = "1MiB,64MiB",
    ranks: Ranks | None = None,
    order: str | Sequence[int] = "contiguous",
    root: int | None = None,
    params: Mapping[str, float | str] | None = None,
) -> list[Case]:
    """Return a case for every world size and size, world size by world size.

    fabric: what load returns, or its TOPO. ranks: None: all devices. order: contiguous, interleaved, strided:STEP,
    scattered:SEED, or the device of every rank; predict() then takes the same list as given=. root, params: of collectives
    that have them.

    Raises:
        InputError: an unknown collective, a root or parameter that it does not have, more ranks than devices, a bad order.
    """
    from fabric.answers.ask import load
    from fabric.predict.cases import cases as whole

    named = order if isinstance(order, str) else "contiguous"
    given = None if isinstance(order, str) else _devices(order)
    sizes, ranks = size_list(sizes), None if ranks is None else rank_list(ranks)
    return whole(load(fabric), collective, sizes=sizes, ranks=ranks, order=named, root=root, params=params, given=given)


def size_list(sizes: Sizes) -> list[int]:
    """Return sizes as bytes; InputError for a text that is none."""
    from fabric import units

    return units.sizes(sizes) if isinstance(sizes, str) else [sizes] if isinstance(sizes, int) else list(sizes)


def rank_list(ranks: Ranks) -> list[int]:
    """Return world sizes; InputError for a text that is none."""
    from fabric import units

    return units.counts(ranks) if isinstance(ranks, str) else [ranks] if isinstance(ranks, int) else list(ranks)


def _devices(order: Sequence[int]) -> Any:
    import numpy as np

    return np.asarray(order, dtype=np.int64)


def constants(text: str | Path | None = None, backend: str | None = None) -> Constants:
    """Return constants by name: none, nccl, nccl:HARDWARE or a file that calibrate wrote.

    None: those of the backend, a library such as `gloo` or `mpi:openmpi`; `none` where there is no backend either.

    Raises:
        InputError: no such name or file, or a file whose constants are not the backend's.
    """
    from fabric.predict.constants import constants_of

    return constants_of(None if text is None else str(text), backend)


def failures(fabric: Fabric, *broken: str, seed: int = 0) -> Failures:
    """Return what is broken: texts such as `links:10`, `switches:spine:1`, `plane:0`, `cable:7`.

    Raises:
        InputError: a text that names nothing that can break.
    """
    from fabric.network.failures import draw

    return draw(fabric.topology, "+".join(broken), seed)


def scale(
    fabrics: Fabric | str | Sequence[Fabric | str],
    collective: str = "all_reduce",
    *,
    results: Iterable[Result] | None = None,
    sizes: Sizes = "1MiB,64MiB",
    ranks: Ranks | None = None,
    order: str = "contiguous",
    constants: Constants | None = None,
    algorithms: Sequence[str | None] = (),
    routing: str = "ideal",
    fidelity: str = "loaded",
) -> Answer[Row]:
    """Return scaling efficiency versus cluster size: measured, predicted, bound, efficiency = busbw / bound.

    results: measured on the one fabric; each stands beside its prediction, and sizes, ranks, order and algorithms are theirs.
    Without: the model alone, for every fabric and algorithm; ranks None: powers of two.

    Raises:
        InputError: as predict; several fabrics with results.
    """
    from fabric.answers.scale import scale as predicted
    from fabric.answers.scale import scale_measured
    from topologies.errors import InputError

    several = loaded(fabrics)
    if results is None:
        return predicted(
            several,
            collective,
            sizes=size_list(sizes),
            ranks=None if ranks is None else rank_list(ranks),
            order=order,
            constants=constants,
            algorithms=algorithms,
            routing=routing,
            fidelity=fidelity,
        )
    if len(several) != 1:
        raise InputError(f"fabrics: must be the one that the results were measured on, got {len(several)}")
    own = [result for result in results if result.case.collective == collective]
    return scale_measured(own, several[0], None if constants is None else [constants], routing=routing, fidelity=fidelity)


def loaded(fabrics: Fabric | str | Sequence[Fabric | str]) -> list[Fabric]:
    """Return one or several fabrics, or those of their TOPOs; InputError where there is none."""
    from fabric.answers.ask import load
    from topologies.errors import InputError

    if not fabrics:
        raise InputError("fabrics: must be at least one, got none")
    return [load(one) for one in (fabrics if isinstance(fabrics, Sequence) and not isinstance(fabrics, str) else [fabrics])]


def flows(file: str | Path, *, eps: float = 0.0) -> Answer[Any]:
    """Return when every flow of a JSON file ends, links shared max-min fairly: docs/flows.md.

    Raises:
        InputError: a value that the file may not have, with its place.
    """
    from fabric.answers.flows import flows as answer
    from fabric.predict.flows.file import read as cases_in

    return answer(cases_in(Path(file)), eps=eps)


def jobs(
    asked: Sequence[tuple[Case, str | None] | str],
    fabric: Fabric | str,
    constants: Constants | None = None,
    *,
    order: str = "contiguous",
    routing: str = "ideal",
    watch: Callable[[int, int], None] | None = None,
) -> Answer[Result]:
    """Return several jobs at once, each beside the others and alone.

    asked: a case and its algorithm (None: the default), or a training step, training:MODEL[:PLAN[:BATCH[:DEVICES]]].

    Raises:
        InputError: more ranks than devices, an unknown order, algorithm, policy or model, or a plan that does not divide.
    """
    from fabric.answers.ask import load
    from fabric.answers.jobs import jobs as answer

    return answer(_steps_read(asked), load(fabric), constants, order=order, routing=routing, watch=watch)


def stress(
    asked: Sequence[tuple[Case, str | None] | str],
    fabric: Fabric | str,
    constants: Constants | None = None,
    *,
    what: str = "links",
    counts: Sequence[int] = (1, 2, 5, 10),
    seeds: int = 5,
    routing: str = "ideal",
    fidelity: str = "loaded",
    order: str = "contiguous",
    watch: Callable[[int, int], None] | None = None,
    force: bool = False,
) -> Answer[Stressed]:
    """Return cases and training steps with none and with so many failures, draw by draw.

    asked: as of jobs(). what: links, host_links, switches, switches:TIER or planes. seeds: draws per count, each adds to its
    own failures. order: of a step's ranks. fidelity: of cases; a step is predicted at loaded.

    Raises:
        InputError: unknown kinds of failures, or what cannot be predicted on the whole fabric.
    """
    from fabric.answers.ask import load
    from fabric.answers.stress import stress as answer

    drawn: dict[str, Any] = {"what": what, "counts": counts, "seeds": seeds, "order": order, "watch": watch, "force": force}
    return answer(_steps_read(asked), load(fabric), constants, routing=routing, fidelity=fidelity, **drawn)


def _steps_read(asked: Sequence[tuple[Case, str | None] | str]) -> list[tuple[Case, str | None] | JobStep]:
    from fabric.workload.job import job_step

    return [job_step(one) if isinstance(one, str) else one for one in asked]
