"""Which algorithm answers a case, and with which constants: one rule for every verb and for the API. It times nothing."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from fabric.collectives.algorithms import ALGORITHMS
from fabric.collectives.catalog import collective, in_a_row
from fabric.predict.calls import in_a_call
from fabric.predict.change import NO_CHANGE
from fabric.predict.change import changed as with_change
from fabric.predict.constants import Constants
from fabric.predict.defaults import default_algorithm
from fabric.predict.footprint import at_footprint
from fabric.predict.model import Model
from fabric.predict.tuned import AtChange, is_nccl, library_on, multicast, seen, tuned
from fabric.records.case import Case
from fabric.text.escape import shown
from topologies.errors import InputError

DEFAULT = "default"


@dataclass(frozen=True)
class Chosen:
    """A case's algorithm by text, and its constants under any change of their parts."""

    text: str
    at: AtChange

    @property
    def constants(self) -> Constants:
        """The constants as they are."""
        return self.at(NO_CHANGE)


def asked(algorithm: str | None, name: str, constants: Constants) -> str:
    """Return the algorithm that is asked for: the one named, else `default`, a library's own choice, else the first.

    The first of the catalogue stands for a collective where neither an algorithm nor a library is named.

    Raises:
        InputError: a name of nothing.
    """
    if algorithm is None:
        return DEFAULT if constants.backend else first_algorithm(name)
    if not algorithm.strip():
        raise InputError(f"algorithm: must be a name such as ring, got {shown(algorithm)}")
    return algorithm


def first_algorithm(name: str) -> str:
    """Return the algorithm of a collective that the catalogue lists first."""
    return next(iter(ALGORITHMS[collective(name).name]))


def chosen(case: Case, constants: Constants, algorithm: str, model: Model) -> Chosen:
    """Return how a case is answered. algorithm: as asked() returns it. model: of the fabric, routed `ideal`.

    Raises:
        InputError: a library whose choice for the collective is not known, unknown hardware, or what cannot be placed.
    """
    if is_nccl(constants):
        return Chosen(*tuned(constants, case, model, algorithm))
    text = algorithm if algorithm != DEFAULT else default_text(case, constants, model)
    own = constants if in_a_row(case.collective, case.params) > 1 else _of_a_call(constants, case, text, model)
    return Chosen(text, partial(with_change, at_footprint(own, model.fabric, case, text)))


def _of_a_call(constants: Constants, case: Case, text: str, model: Model) -> Constants:
    """Return constants for as many messages as a call of the algorithm has, where that matters."""
    if all(line.again == 1.0 for lines in constants.lines.values() for line in lines):
        return constants
    return in_a_call(constants, model.schedule(case, text).messages)


def default_text(case: Case, constants: Constants, model: Model) -> str:
    """Return what the library of the constants picks on the model's fabric, by the nodes that hold ranks there."""
    library = library_on(constants.backend or "none", model.fabric)
    return default_algorithm(library, seen(case, model.fabric, model.given), multicast=multicast(model.fabric))
