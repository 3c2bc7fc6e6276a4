"""Named cases on which closed forms, the loaded model and the simulation of flows differ: prints docs/fidelities.md's table.

`python -m benchmarks.fidelities`. It measures nothing: the same question, answered three times.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from fabric.network.fabric import Fabric
from fabric.network.spec import load
from fabric.predict.answer import predict
from fabric.predict.cases import cases
from fabric.records.case import Case
from fabric.units import show_duration
from topologies.errors import InputError

SIZE = 64 * 2**20


@dataclass(frozen=True)
class Named:
    """A case with the name that the docs use for it."""

    name: str
    topo: str
    collective: str
    ranks: int
    algorithm: str
    routing: str = "ideal"
    order: str = "contiguous"
    params: Mapping[str, float] = field(default_factory=dict)

    def case(self, fabric: Fabric) -> Case:
        """Return the case on its fabric."""
        (case,) = cases(fabric, self.collective, sizes=[SIZE], ranks=[self.ranks], order=self.order, params=self.params)
        return case


LEAVES = "leaf_spine:leaves=4,spines=1,hosts_per_leaf=8"
RAILS = "rail_optimized:nodes=16,rails=8,radix=64,scale_up=nvswitch"
CASES = (
    Named("one switch", "star:devices=16", "all_reduce", 16, "ring"),
    Named("ring in line", LEAVES, "all_reduce", 32, "ring"),
    Named("ring across", LEAVES, "all_reduce", 32, "ring", order="interleaved"),
    Named("even split", "fat_tree:k=8", "all_reduce", 128, "halving_doubling"),
    Named("hash collisions", "fat_tree:k=8", "all_reduce", 128, "halving_doubling", "ecmp:1"),
    Named("colliding ring", "fat_tree:k=8", "all_reduce", 128, "ring", "ecmp:1", "scattered:1"),
    Named("fold", "star:devices=16", "all_reduce", 12, "recursive_doubling"),
    Named("early riser", RAILS, "all_reduce", 64, "nhr"),
    Named("chain", RAILS, "broadcast", 64, "chain"),
    Named("all at once", "fat_tree:k=8", "all_to_all", 128, "direct", "ecmp:1"),
    Named("skewed experts", "fat_tree:k=4", "all_to_all_v", 16, "pairwise", params={"skew": 1.2, "seed": 1}),
)


def answers(named: Named) -> dict[str, float | None]:
    """Return the seconds of a case by fidelity; None where a fidelity does not answer it."""
    fabric = load(named.topo)
    case = named.case(fabric)
    found: dict[str, float | None] = {}
    for fidelity in ("closed", "loaded", "flows"):
        try:
            (result,) = predict([case], fabric, algorithm=named.algorithm, routing=named.routing, fidelity=fidelity)
            found[fidelity] = result.time
        except InputError:
            found[fidelity] = None
    return found


def chosen(named: Named) -> str:
    """Return the fidelity that auto takes."""
    fabric = load(named.topo)
    (result,) = predict([named.case(fabric)], fabric, algorithm=named.algorithm, routing=named.routing)
    return result.source.partition(":")[2]


def _percent(share: float) -> str:
    """Return a share as percent with its sign, 0.0 without one."""
    rounded = round(100 * share, 1)
    return f"{rounded:+.1f} %" if rounded else "0.0 %"


def line(named: Named) -> str:
    """Return the case as a row of a Markdown table: flows as a time, the others by how much they are off it."""
    said = answers(named)
    flows = said["flows"]
    off = ["-" if said[f] is None else _percent(said[f] / flows - 1) for f in ("closed", "loaded")]
    asked = f"{named.collective}, {named.algorithm}, {named.ranks} ranks, {named.order}, {named.routing}"
    return f"| {named.name} | `{named.topo}` | {asked} | {show_duration(flows)} | {off[0]} | {off[1]} | {chosen(named)} |"


def main() -> None:
    """Print the table."""
    print("| name | fabric | case, 64 MiB | flows | closed | loaded | auto takes |")
    print("|---|---|---|---|---|---|---|")
    for named in CASES:
        print(line(named))


if __name__ == "__main__":
    main()
