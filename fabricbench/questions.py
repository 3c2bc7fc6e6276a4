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
    from fabric.answers.equivalent import Equal
    from fabric.answers.report import Page
    from fabric.formats.named import Named, Written
    from fabric.network.fabric import Fabric
    from fabric.network.failures import Failures
    from fabric.predict.constants import Constants
    from fabric.predict.stress import Point as Stressed
    from fabric.records.case import Case
    from fabric.records.compare import Pair
    from fabric.records.result import Result
    from fabric.review.evaluate import Design
    from fabric.scaling import Row
    from fabric.search.search import Survivor
    from fabric.workload.job import JobStep
    from fabric.workload.scaling import Point
    from fabric.workload.serving import ServingReplica
    from fabric.workload.step import TrainingStep
    from topologies.base import Topology

Sizes = str | int | Sequence[int]
Ranks = str | int | Sequence[int]


def cases(
    fabric: Fabric,
    collective: str = "all_reduce",
    *,
    sizes: Sizes = "1MiB,64MiB",
    ranks: Ranks | None = None,
    order: str | Sequence[int] = "contiguous",
    root: int | None = None,
    params: Mapping[str, float | str] | None = None,
) -> list[Case]:
    """Return a case for every world size and size, world size by world size.

    ranks: None: all devices. order: contiguous, interleaved, strided:STEP, scattered:SEED, or the device of every
    rank; predict() then takes the same list as given=. root, params: of collectives that have them.

    Raises:
        InputError: an unknown collective, a root or parameter that it does not have, more ranks than devices, a bad order.
    """
    from fabric.predict.cases import cases as whole

    named = order if isinstance(order, str) else "contiguous"
    given = None if isinstance(order, str) else _devices(order)
    sizes, ranks = size_list(sizes), None if ranks is None else rank_list(ranks)
    return whole(fabric, collective, sizes=sizes, ranks=ranks, order=named, root=root, params=params, given=given)


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


def show(fabric: Fabric | Topology) -> Answer[Topology]:
    """Return counts and proofs of a wiring: docs/proofs.md."""
    from fabric.answers.show import show as answer
    from topologies.base import Topology

    return answer(fabric if isinstance(fabric, Topology) else fabric.topology)


def build(fabric: Fabric | str, file: str | Path | None = None) -> Answer[Fabric]:
    """Return a fabric as its file states it, written to `file` where one is named. `local`: this machine, measured now.

    Raises:
        InputError: a TOPO that is none, or a file that cannot be written.
        EnvironmentFault: `local` where others take so much of the machine that no latency can be had.
    """
    from dataclasses import replace

    from fabric.answers.ask import load
    from fabric.answers.build import build as answer
    from fabric.measure.host.local import local_fabric

    if fabric == "local":
        known, warnings = local_fabric()
    else:
        known, warnings = load(fabric) if isinstance(fabric, str) else fabric, ()
    return replace(answer(known, None if file is None else Path(file)), warnings=warnings)


def scale(
    fabrics: Fabric | Sequence[Fabric],
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

    several = list(fabrics) if isinstance(fabrics, Sequence) else [fabrics]
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

    fabric = load(of) if isinstance(of, str) else of
    return answer(fabric, candidates, work_of(work), by=by, algorithm=algorithm, most_devices=most_devices)


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

    known = load(fabric) if isinstance(fabric, str) else fabric
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
    `tp=4,precision=fp8`. batch: sequences at once; none: some, and as many as fit. prompt: tokens of a prompt; output: tokens
    made of each; kv: precision of keys and values.

    Raises:
        InputError: an unknown model, a plan that does not divide it or the batch, a fabric that is too small.
    """
    from fabric.answers.ask import load
    from fabric.answers.serving import serving as answer
    from fabric.workload.catalog import language_model

    known = load(fabric) if isinstance(fabric, str) else fabric
    return answer(language_model(model), known, plan, batch=batch, prompt=prompt, output=output, kv=kv, constants=constants)


def scale_training(
    model: str,
    fabrics: Fabric | Sequence[Fabric],
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
    from fabric.network.fabric import Fabric
    from fabric.workload.ask import asked
    from fabric.workload.catalog import language_model
    from fabric.workload.scaling import Question

    several, sizes = [fabrics] if isinstance(fabrics, Fabric) else list(fabrics), rank_list(ranks)
    whole = asked(language_model(model), several[0], plan, batch=batch, seq=seq, ranks=max(sizes))
    space = whole.space
    question = Question(space.model, space.sequence, space.batch, whole.plan, space.pinned)
    return answer(several, question, sizes, modes, constants=constants)


def flows(file: str | Path, *, eps: float = 0.0) -> Answer[Any]:
    """Return when every flow of a JSON file ends, links shared max-min fairly: docs/flows.md.

    Raises:
        InputError: a value that the file may not have, with its place.
    """
    from fabric.answers.flows import flows as answer
    from fabric.predict.flows.file import read as cases_in

    return answer(cases_in(Path(file)), eps=eps)


def calibrate(results: Iterable[Result], fabric: Fabric, *, library: str | None = None) -> Answer[Constants]:
    """Return constants fitted from measured results of one collective, scored on held-out cases.

    library: of imported results that do not say it, mpi:openmpi or mpi:mpich.

    Raises:
        InputError: results that cannot be fitted, with what is missing.
    """
    from dataclasses import replace

    from fabric.answers.calibrate import calibrate as answer
    from fabric.records.host_state import quiet
    from fabric.records.imported import of_library
    from fabric.records.pool import pooled

    steady, said = quiet(list(results))
    found = answer(of_library(pooled(steady), library), fabric)
    return replace(found, warnings=(*said, *found.warnings))


def compare(a: Iterable[Result], b: Iterable[Result], tolerance_percent: float | None = None) -> Answer[Pair]:
    """Return results A beside results B, case by case; error = A's seconds / B's - 1.

    tolerance_percent: a verdict where they differ by more and their intervals are apart; None: `differs` where these are.

    Raises:
        InputError: nothing in common, or algorithms and barriers that must not be mixed.
    """
    from fabric.answers.compare import compare as answer
    from fabric.records.pool import pooled

    return answer(pooled(list(a)), pooled(list(b)), tolerance_percent)


def report(
    results: Iterable[Result],
    fabric: Fabric,
    page: str | Path,
    constants: Sequence[Constants] | None = None,
    *,
    collective: str = "all_reduce",
    picture: str | Path | None = None,
    routing: str = "ideal",
    fidelity: str = "loaded",
) -> Answer[Page]:
    """Return what was written: the HTML page of results of one collective, measured, imported or predicted.

    What was measured stands beside its prediction, with constants as scale takes them. picture: a PNG file too.

    Raises:
        InputError: results of several collectives without the one that is meant, or a file that cannot be written.
    """
    from fabric.answers.report import report as answer
    from fabric.records.pool import pooled

    found = list(results)
    own = [*pooled([r for r in found if r.measured]), *(r for r in found if not r.measured)]
    return answer(
        own,
        fabric,
        Path(page),
        constants,
        collective=collective,
        picture=None if picture is None else Path(picture),
        routing=routing,
        fidelity=fidelity,
    )


def read_results(
    file: str | Path,
    tool: str = "auto",
    *,
    ranks: int | None = None,
    nodes: int | None = None,
    collective: str | None = None,
    context: Path | None = None,
) -> Answer[Result]:
    """Return the results of another benchmark's output, screened; or those of a results file of ours.

    file: a log or a folder of logs. tool: auto, nccl-tests, osu, imb ...: docs/importing.md. ranks, nodes, collective: where
    the file does not say them. context: a log of NCCL_DEBUG=INFO or of `nvidia-smi topo -m` beside it.

    Raises:
        InputError: no such file, or nothing certain in it.
    """
    from dataclasses import replace

    from fabric.answers.imports import imported
    from fabric.answers.measure import measured
    from fabric.importers import folder
    from fabric.importers.results import Given
    from fabric.records.store import read as ours
    from topologies.errors import InputError

    if not str(file):
        raise InputError("file: must be a file or a folder, got an empty name (`.` is the folder one works in)")
    path = Path(file)
    if path.suffix == ".jsonl":
        results, torn = ours(path)
        return replace(measured(results), warnings=(torn,) if torn else ())
    read = folder.read(path, tool, Given(ranks=ranks, nodes=nodes, collective=collective), folder.facts(context))
    found = tuple(f"{at}: {finding.severity}: {finding.text}" for at, one in read for finding in one.findings)
    return replace(imported(read, path), warnings=found)


def read(file: str | Path, kind: str | None = None, *, only: str | Sequence[str] = ()) -> Answer[Named]:
    """Return the fabric of another tool's file, with its names and what the file does not say: docs/formats.md.

    kind: the format; None: told by what the file holds. only: what of the file counts, e.g. `ports:mlx5_[0-7]`.

    Raises:
        InputError: whatever is wrong with it, by name and line; nothing left of it.
    """
    from fabric.answers.read import read as answer

    return answer(Path(file), kind, only=_texts(only))


def write(
    fabric: Fabric | Named, kind: str, file: str | Path | None = None, *, only: str | Sequence[str] = ()
) -> Answer[Written]:
    """Return a fabric's text in another tool's format and what it cannot hold; written to `file` where one is named.

    only: what of a file that was read counts, e.g. `switches:leaf*`.

    Raises:
        InputError: an unknown format, a fabric that it cannot hold, a file that cannot be written, nothing left.
    """
    from fabric.answers.read import write as answer
    from fabric.formats.only import select

    return answer(select(_named(fabric), _texts(only)), kind, None if file is None else Path(file))


def audit(
    dump: str | Path | Fabric | Named,
    design: str | Path | Fabric | Named,
    trust: str = "nothing",
    *,
    only: str | Sequence[str] = (),
) -> Answer[Any]:
    """Return what is built against what was designed: missing, extra, swapped and degraded cables, and the dump's own flaws.

    dump, design: a file, a TOPO or a fabric. trust: nothing, names or ports: what identifies a vertex. only: what of the
    dump counts, e.g. `ports:mlx5_[0-7]`.

    Raises:
        InputError: a file that cannot be read, or names that do not meet.
    """
    from fabric.answers.audit import audit as answer
    from fabric.formats.only import select

    return answer(select(_named(dump), _texts(only)), _named(design), trust, str(dump) if isinstance(dump, str | Path) else "")


def _texts(only: str | Sequence[str]) -> Sequence[str]:
    return [only] if isinstance(only, str) else only


def _named(fabric: str | Path | Fabric | Named) -> Named:
    """Return a fabric with a name per vertex."""
    from fabric.formats import files
    from fabric.formats.named import Named, named

    if isinstance(fabric, str | Path):
        return files.load(str(fabric))
    return fabric if isinstance(fabric, Named) else named(fabric)


def jobs(
    asked: Sequence[tuple[Case, str | None] | str],
    fabric: Fabric,
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
    from fabric.answers.jobs import jobs as answer

    return answer(_steps_read(asked), fabric, constants, order=order, routing=routing, watch=watch)


def stress(
    asked: Sequence[tuple[Case, str | None] | str],
    fabric: Fabric,
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
    from fabric.answers.stress import stress as answer

    drawn: dict[str, Any] = {"what": what, "counts": counts, "seeds": seeds, "order": order, "watch": watch, "force": force}
    return answer(_steps_read(asked), fabric, constants, routing=routing, fidelity=fidelity, **drawn)


def _steps_read(asked: Sequence[tuple[Case, str | None] | str]) -> list[tuple[Case, str | None] | JobStep]:
    from fabric.workload.job import job_step

    return [job_step(one) if isinstance(one, str) else one for one in asked]


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
