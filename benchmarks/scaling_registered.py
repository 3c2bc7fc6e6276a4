"""The main job's predictions in a chain, and its tables made from that chain. It neither measures nor fits.

    python -m benchmarks.scaling_registered results/registered/scaling-MACHINE.jsonl results/MACHINE/RUN.jsonl [RUN.jsonl ...]

`make scaling` registers all-reduces of two ranks that no fit sees twice (records/registered.py): by the constants of the newest
earlier launch, before anything is measured; and by the constants fitted on the launch's own other sizes, before these are
scored. This prints, as docs/results.md has them, the table of the first RUN and a line per RUN, of predictions that are in the
chain alone. --register first puts those of the second kind there that it lacks.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from statistics import median

from fabric.answers.calibrate import calibrate
from fabric.answers.register import code
from fabric.network import spec
from fabric.network.fabric import Fabric
from fabric.predict import constants as files
from fabric.predict.answer import predict
from fabric.predict.calibrate import baseline, split
from fabric.predict.constants import Constants
from fabric.records.case import Case
from fabric.records.imported import library_of
from fabric.records.measured import measured_in
from fabric.records.registered import Entry, predictions, register
from fabric.records.result import Result
from fabric.units import show_duration, show_size
from topologies.errors import InputError

BEFORE = "constants of an earlier launch, before measuring"
FITTED = "fitted on the other sizes of the launch, before scoring"
Series = tuple[str, bool]
Said = Mapping[tuple[str, Case], Result]


@dataclass(frozen=True)
class Scored:
    """A case that no fit saw: measured, what was registered of it, and the baseline's seconds."""

    measured: Result
    said: Result
    baseline: float

    @property
    def error(self) -> float:
        """Measured / registered seconds - 1."""
        return self.measured.time / self.said.time - 1

    @property
    def baseline_error(self) -> float:
        """Measured / baseline seconds - 1."""
        return self.measured.time / self.baseline - 1


def chain_of(folder: Path) -> Path:
    """Return the chain of a machine's folder of results."""
    return folder.parent / "registered" / f"scaling-{folder.name}.jsonl"


def earlier(folder: Path) -> Path | None:
    """Return the newest launch's raw results that have constants beside them, None for the first launch on a machine."""
    there = sorted(
        path for path in folder.glob("*.jsonl") if path.with_suffix("").with_name(path.stem + ".constants.json").is_file()
    )
    return there[-1] if there else None


def series_of(results: Sequence[Result]) -> dict[Series, list[Result]]:
    """Return measured results of two ranks by library and form."""
    found = dict[Series, list[Result]]()
    for one in results:
        if one.case.world_size == 2:
            found.setdefault((library_of(one.source), one.case.in_place), []).append(one)
    return dict(sorted(found.items()))


def _register(kind: str, stem: Path, said: Sequence[tuple[Series, Result]], revision: str, asked: Mapping[str, str]) -> Entry:
    named = [replace(one, fabric=where(kind, stem.name, series)) for series, one in said]
    return register(chain_of(stem.parent), named, revision, {"what": kind, "launch": stem.name, **asked})


def where(kind: str, launch: str, series: Series) -> str:
    """Return what a registered prediction is of, in the place of a fabric's name: one case is predicted of every launch."""
    return f"{launch}, {series[0]}, {'in place' if series[1] else 'out of place'}, {kind}"


def _predicted(results: Path, fabric: Fabric, known: Sequence[Constants]) -> Iterator[tuple[Series, Result]]:
    """Yield what constants say of the cases of a launch that no fit sees."""
    for series, own in series_of(measured_in(results)[0]).items():
        constants = files.choose(known, series[0], in_place=series[1])
        for one in predict([one.case for one in split(own).held_out], fabric, constants):
            yield series, one


def register_before(stem: Path, fabric: Fabric, revision: str) -> Entry | None:
    """Register what an earlier launch's constants say of the cases to come, None where there was none.

    stem: of the launch to come. revision: of the code.
    """
    last = earlier(stem.parent)
    if last is None:
        return None
    file = last.with_name(last.stem + ".constants.json")
    known = files.load(str(file))
    asked = {"constants": file.name, "constants_sha256": _hash(file)}
    return _register(BEFORE, stem, list(_predicted(last, fabric, known)), revision, asked)


def register_fitted(results: Path, fabric: Fabric, known: Sequence[Constants], revision: str) -> Entry:
    """Register what constants fitted on a launch's other sizes say of those that they have not seen."""
    asked = {"fitted_on": results.name, "fitted_on_sha256": _hash(results)}
    return _register(FITTED, results.with_suffix(""), list(_predicted(results, fabric, known)), revision, asked)


def _hash(file: Path) -> str:
    return sha256(file.read_bytes()).hexdigest()


def scored(results: Path, said: Said, kind: str) -> dict[Series, list[Scored]]:
    """Return the registered cases of a launch with what was measured, by library and form, ascending in size."""
    found = dict[Series, list[Scored]]()
    for series, own in series_of(measured_in(results)[0]).items():
        line = baseline(own)
        name = where(kind, results.stem, series)
        pairs = [(one, said.get((name, one.case))) for one in split(own).held_out]
        rows = [Scored(one, ours, line.seconds(one.case.nbytes)) for one, ours in pairs if ours]
        if rows:
            found[series] = sorted(rows, key=lambda row: row.measured.case.nbytes)
    return found


def table(found: Mapping[Series, Sequence[Scored]]) -> Iterator[str]:
    """Yield a launch's registered cases as lines of a table, and the median and the worst of them."""
    heads = [f"{library.partition(':')[0]}, {'in' if form else 'out of'} place" for library, form in found]
    yield "| size | " + " | ".join(f"{head}: measured [95 %] | error | baseline" for head in heads) + " |"
    yield "|---" * (1 + 3 * len(heads)) + "|"
    sizes = sorted({row.measured.case.nbytes for rows in found.values() for row in rows})
    for size in sizes:
        own = [next((row for row in rows if row.measured.case.nbytes == size), None) for rows in found.values()]
        yield f"| {show_size(size)} | " + " | ".join(_cells(row) for row in own) + " |"
    for name, most in (("median", median), ("worst", max)):
        cells = [f" | {_worst(rows, most, 'error')} | {_worst(rows, most, 'baseline_error')}" for rows in found.values()]
        yield f"| {name} of {len(sizes)}, absolute | " + " | ".join(cells) + " |"


def _cells(row: Scored | None) -> str:
    if row is None:
        return "- | - | -"
    ends = row.measured.bracket
    interval = f" [{show_duration(ends[0])}, {show_duration(ends[1])}]" if ends else ""
    return f"{show_duration(row.measured.time)}{interval} | {100 * row.error:+.1f} % | {100 * row.baseline_error:+.1f} %"


def _worst(rows: Sequence[Scored], most: Callable[[list[float]], float], name: str) -> str:
    return f"{100 * most([abs(getattr(row, name)) for row in rows]):.1f} %"


def line(results: Path, said: Said, kind: str) -> str:
    """Return a launch's median and worst error by library and form, and its baseline's median."""
    parts = [
        f"{library.partition(':')[0]} {'in' if form else 'out of'} place {_worst(rows, median, 'error')} "
        f"({_worst(rows, max, 'error')}), baseline {_worst(rows, median, 'baseline_error')}"
        for (library, form), rows in scored(results, said, kind).items()
    ]
    return f"{results.stem}: {'; '.join(parts) or 'nothing registered'}"


def main(arguments: Sequence[str]) -> None:
    """Print the tables."""
    given = [one for one in arguments if one != "--register"]
    if len(given) < 2:
        raise SystemExit(__doc__)
    chain, launches = Path(given[0]), [Path(text) for text in given[1:]]
    said = _said(chain)
    for results in launches if "--register" in arguments else ():
        if not any(name.startswith(f"{results.stem}, ") and name.endswith(FITTED) for name, _ in said):
            fabric = spec.load(str(results.with_name(results.stem + ".fabric.yaml")))
            entry = register_fitted(results, fabric, list(calibrate(measured_in(results)[0], fabric)), code())
            print(f"registered {results.stem}: {entry.hash}")
    said = _said(chain)
    print("\n".join(table(scored(launches[0], said, FITTED))))
    for kind in (FITTED, BEFORE):
        print(f"\n{kind}; median (worst) |error|:")
        print("\n".join(line(results, said, kind) for results in launches))


def _said(chain: Path) -> dict[tuple[str, Case], Result]:
    return {(one.fabric or "", one.case): one for one in predictions(chain)} if chain.is_file() else {}


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except InputError as error:
        print(f"fabricbench: {error}", file=sys.stderr)
        raise SystemExit(2) from None
