"""Finite fields of prime-power order, as small tables. It knows nothing of networks.

An element of GF(p^m) is the whole number whose digits in base p are its polynomial's coefficients, lowest first; 0 and
1 are the field's own. Products go through logarithms to a primitive element.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import count, product

import numpy as np
from numpy.typing import NDArray

Elements = NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class Field:
    """GF(q), q = p^degree. powers: (q - 1,) the powers of a primitive element; logarithms: (q,) their inverse, -1 for 0."""

    q: int
    p: int
    degree: int
    powers: Elements
    logarithms: Elements

    def add(self, a: NDArray[np.integer], b: NDArray[np.integer]) -> Elements:
        """Return a + b, element by element, digit by digit without carry."""
        total = np.zeros(np.broadcast_shapes(np.shape(a), np.shape(b)), dtype=np.int32)
        for place in (self.p**digit for digit in range(self.degree)):
            total += ((a // place + b // place) % self.p * place).astype(np.int32)
        return total

    def negative(self, a: NDArray[np.integer]) -> Elements:
        """Return -a: a times the power of order 2, which is 1 in fields of even order."""
        half = 0 if self.p == 2 else (self.q - 1) // 2
        return self._raised(a, np.full(1, half, dtype=np.int32))

    def multiply(self, a: NDArray[np.integer], b: NDArray[np.integer]) -> Elements:
        """Return a times b, element by element."""
        return np.where(np.asarray(b) == 0, 0, self._raised(a, self.logarithms[b])).astype(np.int32)

    def inverse(self, a: NDArray[np.integer]) -> Elements:
        """Return 1 / a; a must not be 0."""
        found: Elements = self.powers[-self.logarithms[a] % (self.q - 1)]
        return found

    def _raised(self, a: NDArray[np.integer], exponent: NDArray[np.integer]) -> Elements:
        """Return a times the primitive element to that exponent."""
        return np.where(np.asarray(a) == 0, 0, self.powers[(self.logarithms[a] + exponent) % (self.q - 1)]).astype(np.int32)


@cache
def field(q: int) -> Field:
    """Return GF(q); q must be a prime power (see prime_power).

    The primitive element is x modulo the first polynomial under which its powers run through all of the field; in a
    prime field that is the smallest primitive root.
    """
    p, degree = prime_power(q) or (q, 1)
    for rest in product(range(p), repeat=degree):
        powers = _powers(p, rest[::-1])
        if len(powers) == q - 1:
            break
    logarithms = np.full(q, -1, dtype=np.int32)
    logarithms[powers] = np.arange(q - 1)
    return Field(q, p, degree, np.array(powers, dtype=np.int32), logarithms)


def prime_power(q: int) -> tuple[int, int] | None:
    """Return (p, m) with q = p^m and p prime, None where q is no prime power."""
    p = next((d for d in range(2, int(q**0.5) + 1) if q % d == 0), q)
    power, exponent = p, 1
    while power < q:
        power, exponent = power * p, exponent + 1
    return (p, exponent) if q > 1 and power == q else None


def nearest_prime_powers(q: int, *, least: int = 2) -> list[int]:
    """Return the prime power next below q (if there is one >= least) and the next above."""
    below = next((n for n in range(q - 1, least - 1, -1) if prime_power(n)), None)
    above = next(n for n in count(max(q + 1, least)) if prime_power(n))
    return [above] if below is None else [below, above]


def _powers(p: int, rest: tuple[int, ...]) -> list[int]:
    """Return 1, x, x^2, ... up to the first repetition, where x^m = rest (coefficients, lowest first)."""
    one = (1,) + (0,) * (len(rest) - 1)
    element, seen = one, [one]
    while True:
        top = element[-1]
        element = tuple((low + top * r) % p for low, r in zip((0, *element[:-1]), rest, strict=True))
        if element == one or not any(element) or len(seen) > p ** len(rest):
            return [sum(digit * p**place for place, digit in enumerate(e)) for e in seen]
        seen.append(element)
