"""The main job: measure all-reduce here, predict the same cases, extrapolate to 16,384 GPUs, write results, report, pictures.

`python -m benchmarks.scaling` (or `make scaling`); `--again RESULTS` draws constants and page of an earlier launch anew from
its raw results, which stay as they are. It composes the verbs; it measures and predicts nothing itself. What no fit sees is
predicted and registered twice (scaling_registered.py): before measuring, by an earlier launch's constants, and before scoring.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic

import click

from benchmarks.scaling_registered import register_before, register_fitted
from fabric.answers.calibrate import calibrate
from fabric.answers.scale import scale, scale_measured
from fabric.answers.training_page import curve_page
from fabric.answers.training_scale import scale_training
from fabric.errors import EnvironmentFault
from fabric.measure.host.local import local_fabric
from fabric.measure.host.machine import machine, slug
from fabric.network import spec
from fabric.network.fabric import Fabric
from fabric.predict import constants
from fabric.predict.of_node import constants_on
from fabric.records.measured import measured_in
from fabric.records.result import now
from fabric.records.store import append
from fabric.report.run.page import write as write_report
from fabric.report.run.story import Story
from fabric.scaling import Row, differences
from fabric.workload.catalog import language_model
from fabric.workload.scaling import Question
from topologies.errors import InputError

ROOT = Path(__file__).parent.parent
RUN = ROOT / "benchmarks" / "scaling.yaml"
H100_FABRICS = (
    "rail_optimized:nodes=2048,rails=8,radix=64,node=dgx-h100,scale_up=nvswitch",
    "fat_tree:k=64,devices_per_node=8,node=dgx-h100,scale_up=nvswitch",
)
"""Speeds, NICs, library and constants are the node's; the report lists them with their sources.

Inside, one switch stands for the node's four chips: NVLink spreads every message over all of them, while a hash would lay one
message on one chip.
"""
SIZES = [1 << 20, 64 << 20, 1 << 30]
RANKS = [8 << i for i in range(12)]
TRAINING_FABRICS = (H100_FABRICS[0], "clos:radix=64,endpoints=16384,tiers=3,oversubscription=4,node=dgx-h100")
TRAINING_RANKS = [64 << n for n in range(9)]
TRAINED = Question(language_model("llama3-70b"), sequence=8192, batch=2048, plan=None, pinned={})
"""16.8 million tokens a step at every size (strong), in proportion to the devices (weak)."""
ASKED = {"ecmp:0-4": (None, "best", "ring"), "ideal": (None,)}
"""Routing -> what runs: NCCL's own choice, the best of all algorithms, and NCCL forced to its ring for contrast."""


@click.command()
@click.option("--output", type=click.Path(path_type=Path), default=ROOT / "results", help="Folder of results.")
@click.option("--machine", "name", help="Folder name for this machine; by default processor model and cores.")
@click.option("--run", "run_file", type=click.Path(path_type=Path), default=RUN, help="What to measure.")
@click.option(
    "--again", type=click.Path(path_type=Path, exists=True), help="Raw results of an earlier launch: measure nothing."
)
def main(output: Path, name: str | None, run_file: Path, again: Path | None) -> None:
    """Measure, predict, extrapolate, report; print every table and where everything was written."""
    started = monotonic()
    if again:
        stem = again.with_suffix("")
        fabric = spec.load(str(stem.with_name(stem.name + ".fabric.yaml")))
        told(again, fabric, [f"python -m benchmarks.scaling --again {relative(str(again.resolve()))}"], keep=False)
        return
    folder = output / (name or slug())
    stem = folder / f"{datetime.now(UTC):%Y-%m-%dT%H%M}-{commit()}"
    before = looked_at()
    fabric_file = folder / "fabric.yaml"
    spec.write(before, fabric_file)
    (folder / "machine.json").write_text(json.dumps(asdict(machine()), indent=1) + "\n")
    results = stem.with_name(stem.name + ".jsonl")
    if entry := register_before(stem, before, commit()):
        click.echo(f"scaling: registered before measuring: {len(entry.results)} predictions, {entry.hash}")
    command = ["measure", str(run_file), "--topo", str(fabric_file), "-o", str(results)]
    measure(command)
    fabric = nearer(before, looked_at())
    for file in (fabric_file, stem.with_name(stem.name + ".fabric.yaml")):
        spec.write(fabric, file)
    pages = told(results, fabric, ["make scaling", f"fabricbench {' '.join(relative(word) for word in command)}"], keep=True)
    click.echo(f"\n{monotonic() - started:.0f} s. Written: " + ", ".join(relative(str(p)) for p in (results, *pages)))


def told(results: Path, fabric: Fabric, commands: list[str], *, keep: bool) -> tuple[Path, Path, Path]:
    """Write constants, page and both pictures of raw results beside them, and print the tables; return page and pictures.

    keep: whether the raw results get the predictions too. The machine is what machine.json beside them says.
    """
    stem = results.with_suffix("")
    scaling = predict_measured(results, fabric, stem, keep=keep)
    extrapolation = extrapolate(results, keep=keep)
    host = json.loads((results.parent / "machine.json").read_text())
    story = Story(
        title="All-reduce scaling efficiency, measured and predicted",
        made_at=now(),
        machine=host,
        commands=commands,
        scaling=scaling,
        extrapolation=extrapolation,
        constants=constants.load(str(constants_file(stem))),
        assumptions=assumptions(fabric),
        notes=differences(extrapolation),
    )
    page, picture = (stem.with_name(stem.name + ending) for ending in (".html", ".png"))
    write_report(story, page, picture)
    return page, picture, train(stem)


def train(stem: Path) -> Path:
    """Return the second picture: a model's training versus cluster size, 1:1 beside 4:1, the best plan at every size."""
    found = scale_training([spec.load(text) for text in TRAINING_FABRICS], TRAINED, TRAINING_RANKS, ["strong", "weak"])
    click.echo(str(found))
    picture = stem.with_name(stem.name + ".training.png")
    curve_page(found, picture)
    return picture


def looked_at() -> Fabric:
    """Return this machine as a fabric, measured now; doubts about it go to standard error."""
    fabric, doubts = local_fabric()
    for line in doubts:
        click.echo(f"scaling: {line}", err=True)
    return fabric


def nearer(one: Fabric, other: Fabric) -> Fabric:
    """Return the look at the machine that found its cores nearer to each other: the state that a fit keeps to."""
    return max((one, other), key=lambda fabric: fabric.working_sets.handed if fabric.working_sets else 0.0)


def measure(command: Sequence[str]) -> None:
    """Run the verb `measure` in a process of its own, so that launchers start from a clean one; raise where it fails."""
    code = subprocess.run([sys.executable, "-m", "fabric", *command], check=False).returncode
    if code == 130:
        raise KeyboardInterrupt
    if code:
        raise EnvironmentFault(f"measure: ended with exit code {code}, see its line above; what was measured is kept")


def predict_measured(results: Path, fabric: Fabric, stem: Path, *, keep: bool) -> list[Row]:
    """Return measured and predicted side by side; constants are written beside the measurements, predictions to them."""
    measured, said = measured_in(results)
    fitted = calibrate(measured, fabric)
    for line in (*said, *fitted.warnings):
        click.echo(f"scaling: {line}", err=True)
    constants.write(constants_file(stem), list(fitted))
    if keep:
        entry = register_fitted(results, fabric, list(fitted), commit())
        click.echo(f"scaling: registered before scoring: {len(entry.results)} predictions, {entry.hash}")
    click.echo(str(fitted))
    found = scale_measured(measured, fabric, list(fitted))
    if keep:
        append(results, [row.predicted for row in found if row.predicted])
    click.echo(str(found))
    return list(found)


def extrapolate(results: Path, *, keep: bool) -> list[Row]:
    """Return 8 to 16,384 H100 GPUs on a rail-optimised fabric and on a fat-tree, hashed ECMP and an even split."""
    fabrics = [spec.load(text) for text in H100_FABRICS]
    rows: list[Row] = []
    for routing, algorithms in ASKED.items():
        found = scale(fabrics, sizes=SIZES, ranks=RANKS, algorithms=algorithms, routing=routing)
        click.echo(str(found))
        rows += found
    if keep:
        append(results, [row.predicted for row in rows if row.predicted])
    return rows


def assumptions(fabric: Fabric) -> list[str]:
    """Return what both predictions rest on, a line each."""
    local = [f"this machine: {line}" for line in fabric.assumptions()]
    large = [f"extrapolation: {line}" for line in spec.load(H100_FABRICS[0]).assumptions()]
    return [
        *local,
        *large,
        f"extrapolation: constants {constants_on(spec.load(H100_FABRICS[0])).source}; not calibrated on any GPU here",
    ]


def constants_file(stem: Path) -> Path:
    """Return where the fitted constants go."""
    return stem.with_name(stem.name + ".constants.json")


def commit() -> str:
    """Return the short commit of the sources, with -dirty where they differ from it; `unversioned` without git."""
    try:
        head = git("rev-parse", "--short", "HEAD")
        return head + ("-dirty" if git("status", "--porcelain", "--", ".", ":!results") else "")
    except (OSError, subprocess.CalledProcessError):
        return "unversioned"


def git(*arguments: str) -> str:
    """Return what git prints in the project's folder."""
    found = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S607
    return found.stdout.strip()


def relative(text: str) -> str:
    """Return a path as seen from the project's folder, or the text as it is."""
    return text.removeprefix(f"{ROOT}/")


if __name__ == "__main__":
    try:
        main(standalone_mode=False)
    except (InputError, click.ClickException) as error:
        click.echo(f"fabricbench: {error}", err=True)
        raise SystemExit(2) from None
    except EnvironmentFault as error:
        click.echo(f"fabricbench: {error}", err=True)
        raise SystemExit(3) from None
    except (KeyboardInterrupt, click.Abort):
        click.echo("fabricbench: interrupted", err=True)
        raise SystemExit(130) from None
