"""`doctor`: what this machine has and what is missing, as one row. It installs nothing, measures nothing and prints nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fabric.answers.answer import LIST, OBJECT, TEXT, TEXTS, WHOLE, Answer, Column, View

if TYPE_CHECKING:
    from fabric.measure.host.inventory import Inventory

VIEW = View(
    "doctor",
    (
        Column("name", TEXT, "processor and cores as results are filed under"),
        Column("machine", OBJECT, "processor, cores, sockets, memory, load"),
        Column("gpus", LIST, "GPUs, equal ones counted"),
        Column("nics", LIST, "network ports, equal ones counted"),
        Column("backends", LIST, "name, versions, and what is missing (null where it can run)"),
        Column("launchers", OBJECT, "launcher -> its path, null where it is not found"),
        Column("warnings", TEXTS, "conflicts and doubts"),
        Column("slots", WHOLE, "ranks that have a core or a GPU of their own"),
    ),
)


def doctor() -> Answer[Inventory]:
    """Return what is here now."""
    from fabric.measure.host.inventory import inventory

    found = inventory()
    return Answer(VIEW, (found,), (found.to_dict(),))
