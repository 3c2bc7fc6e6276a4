"""What a review assumed beside its verdict's list, with the numbers. It does not know what was found."""

from __future__ import annotations

from fabric.report.review import names
from fabric.report.words.review import Words
from fabric.review.evaluate import Review
from fabric.review.request import floor_of
from fabric.units import show_duration
from fabric.workload.checkpoints import RUN_DEVICES, RUN_HOURS, RUN_NETWORK_STOPS, RUN_STOPS


def assumed(review: Review, words: Words) -> list[str]:
    """Return the sentences."""
    return [
        _routing(review, words),
        _floor(review, words),
        *_failures(review, words),
        words["assumed.price"],
    ]


def _routing(review: Review, words: Words) -> str:
    request = review.request
    return words["assumed.routing"].format(
        routing=request.routing,
        orders=words["and.terms"].join(names.order(order, words) for order in request.orders),
        constants=_constants(review),
    )


def _constants(review: Review) -> str:
    """Return what the request names, else what the nodes' libraries have, each once."""
    if "constants" in review.request.model_fields_set:
        return review.request.constants
    own = dict.fromkeys(design.constants.backend or "none" for design in review.designs)
    return ", ".join(own) or review.request.constants


def _floor(review: Review, words: Words) -> str:
    floor = floor_of(review.request)
    return words["assumed.floor"].format(
        nodes=floor.nodes_per_rack, switches=floor.switches_per_rack, racks=floor.racks_per_row,
        width=f"{floor.rack_width:g}", pitch=f"{floor.row_pitch:g}", tray=f"{floor.tray:g}", slack=f"{floor.slack:g}",
        inside=f"{floor.in_rack:g}",
    )  # fmt: skip


def _failures(review: Review, words: Words) -> list[str]:
    failing = review.request.failing
    told = words["assumed.failures"].format(
        stops=RUN_STOPS, devices=f"{RUN_DEVICES:,}", days=RUN_HOURS // 24, network=RUN_NETWORK_STOPS,
        restart=show_duration(failing.restart), checkpoint=show_duration(failing.checkpoint),
    )  # fmt: skip
    return [told, words["assumed.draws"].format(seeds=failing.seeds)]
