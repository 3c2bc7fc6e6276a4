"""Questions about which fabric or node to take: equivalents, reviews and searches. It answers none itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fabric.answers.answer import Answer
    from fabric.answers.equivalent import Equal
    from fabric.network.fabric import Fabric
    from fabric.review.evaluate import Design
    from fabric.search.search import Survivor


def equivalent(
    of: Fabric | str,
    candidates: Sequence[str],
    work: str,
    *,
    by: str = "wire",
    algorithm: str | None = None,
    most_devices: int = 4096,
) -> Answer[Equal]:
    """Return, per candidate, the fewest nodes that do the reference's work in the same time, and what they take.

    of: a fabric of a node of the catalogue, or its TOPO. candidates: NODE, or NODE:key=value,... of its fabric. work: a round,
    e.g. `all_reduce:1GiB,flops:5e14`: docs/equivalent.md. by: wire or library.

    Raises:
        InputError: a reference without a node or that cannot do the work, an unknown candidate, a work that is none.
    """
    from fabric.answers.ask import load
    from fabric.answers.equivalent import equivalent as answer
    from fabric.review.work import work_of

    return answer(load(of), candidates, work_of(work), by=by, algorithm=algorithm, most_devices=most_devices)


def review(file: str | Path, *, lang: str = "en", force: bool = False) -> Answer[Design]:
    """Return the candidates of a review's YAML file side by side, priced and stressed: docs/review.md.

    lang: of the sentences, en or zh. force: take figures beyond what is plausible as they are.

    Raises:
        InputError: whatever is wrong for all candidates, with the file's name.
    """
    from fabric.answers.review import review as answer

    return answer(Path(file), lang=lang, force=force)


def search(
    endpoints: int,
    *,
    devices_per_node: int = 8,
    radix: int | Sequence[int] = (64, 128),
    families: Sequence[str] = (),
    speeds: str | Sequence[str] = ("400Gb/s", "800Gb/s"),
    oversubscription: Sequence[str] = ("1", "1.5", "2", "3", "4", "7"),
    planes: Sequence[int] = (2, 4),
    oversize: float = 0.25,
    cases: Sequence[str] = (),
    review: str | Path | None = None,
    compute_seconds: float | None = None,
    overlap: float | None = None,
    node: str | None = None,
    nic: str | None = None,
    min_efficiency: float | None = None,
    power_watts: float | None = None,
    budget_usd: float | None = None,
    resolution_percent: float = 0.0,
    workers: int | None = 1,
    journal: str | Path | None = None,
    resume: bool = False,
    watch: Callable[[int, int], None] | None = None,
    force: bool = False,
) -> Answer[Survivor]:
    """Return the designs for so many devices that no other beats on cost, power, time and exposure: docs/search.md.

    families: () is all that are generated. cases: COLLECTIVE:SIZE[:COUNT] or one
    training:MODEL[:PLAN[:BATCH]], () is the review's or the defaults. review: a YAML
    file whose cases, step, parts, cost and limits count. workers: processes; None is one per core, for a script with a main
    guard. journal, resume: the file of finished evaluations, and whether to go on with it. watch: told (done, in all).

    Raises:
        InputError: what is wrong for every design, or nothing can be built.
        EnvironmentFault: a worker died.
    """
    from fabric.answers.search import search as answer
    from fabric.review.request import load as review_of
    from fabric.search.asked import asked, read_cases
    from fabric.search.generate import Demand

    demand = Demand(
        endpoints=endpoints,
        devices_per_node=devices_per_node,
        radices=(radix,) if isinstance(radix, int) else tuple(radix),
        families=tuple(families),
        oversubscriptions=tuple(oversubscription),
        planes=tuple(planes),
        oversize=oversize,
    )
    request = asked(
        None if review is None else review_of(Path(review)),
        **read_cases(cases),
        compute=compute_seconds,
        overlap=overlap,
        node=node,
        nic=nic,
        power=power_watts,
        budget=budget_usd,
        efficiency=min_efficiency,
    )
    return answer(
        demand,
        (speeds,) if isinstance(speeds, str) else tuple(speeds),
        request,
        resolution_percent=resolution_percent,
        workers=workers,
        journal=None if journal is None else Path(journal),
        resume=resume,
        watch=watch,
        force=force,
    )
