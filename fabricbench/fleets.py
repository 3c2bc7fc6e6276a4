"""Questions of a centre as Python writes them: paths and texts turned into what the fleet's verbs take. It answers none."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from topologies.errors import InputError

if TYPE_CHECKING:
    from fabric.answers.answer import Answer
    from fabric.answers.fleet_trace import Group
    from fabric.fleet.audit import Span
    from fabric.fleet.place import Placed
    from fabric.fleet.study import Cell
    from fabric.predict.constants import Constants
    from fabric.workload.job import JobStep


def fleet_run(
    file: str | Path,
    *,
    policies: Sequence[str] = (),
    loads: Sequence[float] = (),
    changes: bool = True,
    page: str | Path | None = None,
) -> Answer[Cell]:
    """Return where a fleet's installed hours, kWh and money go under every policy, and what would help most.

    file: the YAML of a fleet (docs/fleet.md). policies, loads: instead of the file's. page: write the page there.

    Raises:
        InputError: a key, a policy or a trace that cannot be, or no jobs.
    """
    from fabric.answers.fleet_run import Asked
    from fabric.answers.fleet_run import fleet_run as answer
    from fabric.answers.fleet_run import page as write
    from fabric.fleet.fleet_file import load

    found = answer(load(Path(file)), Asked(tuple(policies), tuple(loads), changes=changes, workers=1))
    if page is not None:
        write(found, Path(page))
    return found


def fleet_trace(file: str | Path, kind: str | None = None) -> Answer[Group]:
    """Return what is in a trace of jobs: by size, tenants, the fleet that it would load, and what was left out, with reasons.

    kind: philly, openb, csv, swf, sacct or kubectl; None: told by its content.

    Raises:
        InputError: a file that cannot be read, or that holds no job.
    """
    from fabric.answers.fleet_trace import fleet_trace as answer

    return answer(Path(file), kind)


def fleet_place(
    fleet: str | Path,
    job: str,
    size: str | int | None = None,
    devices: int | None = None,
    *,
    free: Sequence[str] | None = None,
    policies: Sequence[str] | None = None,
    algorithm: str | None = None,
    constants: Constants | None = None,
    routing: str = "ideal",
) -> Answer[Placed]:
    """Return where every policy puts one job now, what it takes there by the model, and the best placement found (last).

    fleet: the YAML file of a fleet, or any TOPO. job: as the command line takes it, all_to_all:1GiB:96 or
    training:llama3-70b:tp=8:512:64, or a collective with its size and devices. free: names of free nodes, None: all that
    are on. policies: such as easy+tree. constants: None: those of the fabric's node.

    Raises:
        InputError: an unknown node, policy or collective, another form of job, or fewer free nodes than the job needs.
    """
    from fabric.answers.fleet_place import fleet_place as answer
    from fabric.collectives.catalog import collective
    from fabric.fleet.asked import JobCase, job_of
    from fabric.fleet.fleet_file import of_text
    from fabric.fleet.policy import policy
    from fabricbench.questions import size_list

    _, found = of_text(str(fleet))
    asked: JobCase | JobStep
    if size is not None and devices is not None:
        asked = JobCase(collective(job).name, size_list(size)[0], devices, algorithm)
    elif size is None and devices is None and algorithm is None:
        asked = job_of(job)
    else:
        raise InputError(
            f"job: a collective needs size and devices, a whole text such as all_to_all:1GiB:96 neither, got {job!r}"
        )
    chosen = None if policies is None else [policy(text) for text in policies]
    return answer(found, asked, free, policies=chosen, constants=constants, routing=routing)


def fleet_audit(
    folder: str | Path,
    fleet: str | Path | None = None,
    *,
    ratio: float | None = None,
    devices: int | None = None,
    days: float = 7.0,
) -> Answer[Span]:
    """Return how the jobs of a live cluster lie on its fabric, the worst first: leaf spans, regret, hours and money lost.

    folder: what the script of `fabricbench fleet audit --script` collected. fleet: the YAML file of a fleet or any TOPO; None:
    the network that the folder tells of, its nodes of so many devices, its leaves passing on ratio:1.

    Raises:
        InputError: a folder without jobs or network, or no job on the fabric.
    """
    from fabric.answers.fleet_audit import collected, network_of, usual_devices
    from fabric.answers.fleet_audit import fleet_audit as answer
    from fabric.fleet.fleet_file import FleetFile, fleet_of, of_text

    state = collected(Path(folder))
    text = str(fleet) if fleet is not None else network_of(Path(folder))
    if text is None:
        raise InputError(f"fleet: {folder} tells nothing of the network; give fleet, a TOPO")
    asked = (
        FleetFile(topo=text, devices=devices or usual_devices(state), name=str(folder)) if fleet is None else of_text(text)[0]
    )
    return answer(fleet_of(asked.model_copy(update={"ratio": ratio}) if ratio else asked), state, days=days)
