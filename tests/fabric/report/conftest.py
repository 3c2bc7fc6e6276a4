"""A story and a review as the main jobs make them: real predictions on small fabrics, made-up measurements, nothing run."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any

import pytest

from fabric.network.fabric import Fabric, Level
from fabric.network.spec import from_short_form
from fabric.predict.answer import predict
from fabric.predict.bounds import bound
from fabric.predict.calibrate import baseline, calibrate, split
from fabric.predict.constants import Constants, constants_of
from fabric.records.case import Case
from fabric.records.result import Result
from fabric.report.review.page import html as page_of
from fabric.report.run.story import Story
from fabric.report.words.review import LANGUAGES
from fabric.review.evaluate import Review, evaluate
from fabric.review.request import parse
from fabric.scaling import Row, scaling_table
from topologies.local import local

MADE_AT = "2026-11-20T10:00:00+00:00"
SIZES = [2**n for n in range(3, 27)]
LIBRARIES = {"gloo": (45e-6, 0.7e-9), "mpi:openmpi": (1.2e-6, 0.16e-9)}
ALGORITHMS = (None, "best", "ring:channels=4", "rail_aligned")
FABRICS = ("rail_optimized:nodes=16,rails=4,radix=16,scale_up=nvswitch", "fat_tree:k=8,devices_per_node=4,scale_up=nvswitch")


@cache
def machine_fabric() -> Fabric:
    levels = {
        "memory": Level(6.5e9, 0.1e-6, "measured here", 8, (6.1e9, 6.8e9), MADE_AT),
        "loopback": Level(1.5e9, 3e-6, "measured here", 8, (1.3e9, 1.6e9), MADE_AT),
    }
    return Fabric(local(2), levels, "local", carriers={"gloo": "loopback", "mpi": "memory"})


NCCL = constants_of("nccl:h100")


def measured(source: str, ranks: int, nbytes: int, *, in_place: bool = True, samples: int = 40) -> Result:
    alpha, beta = LIBRARIES[source]
    draw = random.Random(f"{source} {ranks} {nbytes} {in_place}")  # noqa: S311
    crowded = ranks > 2
    centre = (
        (alpha + beta * nbytes * (1 + (nbytes > 2**20))) * max(1, ranks - 1) * (4 if crowded else 1) * draw.uniform(0.93, 1.07)
    )
    seconds = tuple(centre * (1 + abs(draw.gauss(0, 0.06 if nbytes > 4096 else 0.15))) for _ in range(samples))
    case = Case("all_reduce", nbytes, ranks, 1, ranks, in_place=in_place)
    return Result(case, source, seconds, wrong=0, context={"ranks_exceed_cores": crowded}, made_at=MADE_AT)


def scaling(source: str, *, in_place: bool = True, world_sizes: tuple[int, ...] = (1, 2, 3, 4)) -> tuple[list[Row], Constants]:
    ran = [measured(source, p, n, in_place=in_place) for p in world_sizes for n in SIZES]
    machine = machine_fabric()
    constants = replace(calibrate(ran, machine), made_at=MADE_AT)
    cases = [r.case for r in ran if r.case.world_size > 1]
    parts = split(ran)
    uses = {r.case: "fitted" for r in parts.fitted} | {r.case: "held out" for r in parts.held_out}
    uses |= {r.case: reason for r, reason in parts.left_out}
    bounds = {case: found.busbw for case in cases if (found := bound(case, machine, source))}
    return scaling_table(source, ran, predict(cases, machine, constants), bounds, uses, baseline(ran).seconds), constants


def extrapolation() -> list[Row]:
    rows = []
    for text in FABRICS:
        network = from_short_form(text)
        cases = [Case("all_reduce", s, 4 * 2**n, nodes=2**n, ranks_per_node=4) for n in range(5) for s in (2**20, 2**26, 2**30)]
        bounds = {case: found.busbw for case in cases if (found := bound(case, network))}
        for name in ALGORITHMS:
            for policy in ("ideal", "ecmp:0"):
                said = predict(cases, network, NCCL, algorithm=name, routing=policy)
                rows += [Row(r.case, "model:loaded", None, r, bounds.get(r.case), "predicted") for r in said]
    return rows


@cache
def make_story() -> Story:
    gloo, mpi, apart = (
        scaling("gloo"),
        scaling("mpi:openmpi", world_sizes=(1, 2)),
        scaling("mpi:openmpi", in_place=False, world_sizes=(1, 2)),
    )
    return Story(
        title="All-reduce on this machine, and predicted to larger clusters",
        made_at=MADE_AT,
        machine={"processor": "Example 9000", "cores": 2, "memory_bytes": 8 * 2**30, "devices": (), "load_1min": 0.1},
        commands=["fabricbench measure run.yaml", "fabricbench scale results.jsonl --topo local.yaml"],
        scaling=[*gloo[0], *mpi[0], *apart[0]],
        extrapolation=extrapolation(),
        constants=[gloo[1], mpi[1], apart[1]],
        assumptions=machine_fabric().assumptions(),
        notes=["On 2 cores no larger world size is held out."],
    )


@pytest.fixture(scope="session")
def story() -> Story:
    return make_story()


REQUEST: dict[str, Any] = {
    "title": "sixteen devices",
    "candidates": [
        {"name": "fat-tree", "topo": "fat_tree:k=4"},
        {"name": "rails", "topo": "rail_optimized:nodes=4,rails=4,radix=8,scale_up=nvswitch", "grow": {"nodes": [2, 4]}},
        {"name": "torus", "topo": "torus:dims=4x4"},
        {"name": "planes", "topo": "multi_plane:nodes=4,rails=4,planes=2,radix=8,scale_up=nvswitch"},
        {"name": "odd", "topo": "fat_tree:k=3"},
    ],
    "cases": [{"collective": "all_reduce", "size": "1MiB"}, {"collective": "all_to_all", "size": "1MiB"}],
    "step": {"compute": 0.001},
    "node": "node-8xh100",
    "limits": {"power": 300_000},
    "cost": {"allocation": 0.625, "energy": 0.07, "busy": 0.5},
    "spans": {"efficiency": [0.5, 1.0], "energy": [0.05, 0.12]},
    "floor": {"nodes_per_rack": 2},
    "failing": {"links": [1, 4], "switches": [1], "seeds": 2},
}


def review_of(**changes: Any) -> Review:
    return evaluate(parse({**REQUEST, **changes}))


@pytest.fixture(scope="session")
def reviewed() -> Callable[..., Review]:
    return review_of


@pytest.fixture(scope="session")
def review() -> Review:
    return review_of()


@pytest.fixture(scope="session")
def pages(review: Review) -> dict[str, str]:
    return {lang: page_of(review, lang) for lang in LANGUAGES}
