"""How a job loads the links that leave its groups: stated assumptions, and the answer under both ends. It solves nothing.

What a link carries outweighs every policy (a step's peak or its mean; ring or all-to-all; one hash per flow or an ideal
split), so no figure stands without the model that it was worked out under.
"""

from __future__ import annotations

from dataclasses import dataclass

from fabric.text.escape import shown
from topologies.errors import InputError

LOADS = ("peak", "mean")
PATTERNS = ("ring", "all_to_all")
SPLITS = ("ideal", "hash")


@dataclass(frozen=True)
class LinkModel:
    """What a job puts on a link.

    load: `peak`, what it sends while it communicates, as if all jobs' phases met; `mean`, that times its communication share,
    as if they never did. pattern: `ring`, a whole node's rate leaves every group that it crosses; `all_to_all`, of k nodes in
    the group and n in all, k (n - k) / (n - 1) nodes' rates. split: `ideal` over a group's uplinks, or `hash`, the capacity
    over the expected fullest uplink where each carries `flows` flows on the mean, thrown at random.
    """

    load: str = "peak"
    pattern: str = "all_to_all"
    split: str = "ideal"
    flows: int = 4

    def __post_init__(self) -> None:
        """Refuse what is not in the lists."""
        for name, known in (("load", LOADS), ("pattern", PATTERNS), ("split", SPLITS)):
            if getattr(self, name) not in known:
                raise InputError(f"links: {name} must be {' or '.join(known)}, got {shown(getattr(self, name))}")
        if self.flows < 1:
            raise InputError(f"links: flows must be a whole number >= 1, got {self.flows}")

    @property
    def name(self) -> str:
        """The model in words that stand beside a figure: `peak load, all-to-all, ideal split`."""
        pattern = {"ring": "ring", "all_to_all": "all-to-all"}[self.pattern]
        split = "ideal split" if self.split == "ideal" else f"hash collisions ({self.flows} flows an uplink)"
        return f"{self.load} load, {pattern}, {split}"


HEAVIEST = LinkModel("peak", "all_to_all", "hash")
LIGHTEST = LinkModel("mean", "ring", "ideal")
"""The two ends: what lies between is not known, so a figure is shown under both."""
BOTH_ENDS = (HEAVIEST, LIGHTEST)
