"""Whether what a review asks of every candidate exists at all: collectives, algorithms, parameters, orders, routing, parts.

It is asked before any work, so that one wrong word is one line and not a refusal a candidate. It works nothing out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import fields
from math import isfinite

from fabric.collectives.algorithms import algorithm
from fabric.collectives.catalog import collective
from fabric.collectives.sizes import Options, options
from fabric.network.placement import ORDERS
from fabric.network.routing.policies import read_policy
from fabric.predict.answer import policies
from fabric.review.cost import UNITS
from fabric.review.inputs import OPEN, WORKED_OUT
from fabric.review.mistakes import must_be_of
from fabric.review.parts import Part
from fabric.review.request import OPEX_OF_CENTRE, CaseText, Request
from topologies.errors import InputError

ORDER = re.compile(r"contiguous|interleaved|strided:[1-9]\d*|scattered:\d+", re.ASCII)
NEEDED = {"switch": ("ports", "speed"), "link": ("speed", "reach")}
"""Kind of part -> what the bill chooses it by."""


def check_asked(request: Request) -> None:
    """Raise InputError for the first case, order or routing that no candidate could answer, or cost the review works out."""
    for number, text in enumerate(request.cases):
        try:
            _check_case(text)
        except InputError as error:
            raise InputError(f"cases.{number}: {error}") from None
    for order in request.orders:
        _check_order("orders", order)
    for policy in policies(request.routing):
        read_policy(policy)
    _check_money(request)


def _check_money(request: Request) -> None:
    open_to_all = [*OPEN, OPEX_OF_CENTRE]
    for name, value in request.cost.items():
        if name == "opex":
            raise InputError(
                f"cost.opex: must say of what: opex_per_device ({UNITS['opex_per_device']}) or {OPEX_OF_CENTRE} "
                f"({UNITS[OPEX_OF_CENTRE]}), got {value:g}"
            )
        if name in WORKED_OUT:
            raise InputError(f"cost.{name}: is worked out from {WORKED_OUT[name]}, got {value:g}; leave it out")
        if name not in open_to_all:
            raise InputError(f"cost: {must_be_of(name, open_to_all)}")
        if name == OPEX_OF_CENTRE and not value >= 0:
            raise InputError(f"cost.{name}: must be >= 0, got {value:g}")
    for currency, rate in request.rates.items():
        if not (isfinite(rate) and rate > 0):
            raise InputError(f"rates.{currency}: must be the USD that one unit buys, above 0, got {rate:g}")


def _check_order(where: str, order: str) -> None:
    if not ORDER.fullmatch(order):
        raise InputError(f"{where}: must be {ORDERS.split(' or ')[0]}, got {order!r}")


def _check_case(text: CaseText) -> None:
    collective(text.collective)
    if text.order is not None:
        _check_order("order", text.order)
    if text.nbytes < 1:
        raise InputError(f"size: must be above 0, got {text.size!r}")
    if text.algorithm:
        algorithm(text.collective, text.algorithm)
    known = [field.name for field in fields(Options)]
    for name in text.params:
        if name not in known:
            raise InputError(f"params: {must_be_of(name, known)}")
    options(text.params)


def check_parts(request: Request, parts: Mapping[str, Part]) -> None:
    """Raise InputError for a switch or link of the file that the bill could never choose."""
    for name in request.parts:
        lacking = [key for key in NEEDED.get(parts[name].kind, ()) if not getattr(parts[name], key) > 0]
        if lacking:
            raise InputError(f"parts.{name}: a {parts[name].kind} needs {' and '.join(lacking)} above 0 to be chosen by")


def check_ranks(request: Request, most: int) -> None:
    """Raise InputError for a case of more ranks than the largest candidate has devices."""
    for number, text in enumerate(request.cases):
        if text.ranks is not None and text.ranks > most:
            raise InputError(
                f"cases.{number}.ranks: must be at most {most:,}, the devices of the largest candidate, got {text.ranks:,}"
            )
