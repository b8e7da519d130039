"""Names with time and sample: ``w5''`` after two updates, ``out(2)'`` of sample 2 after one, ``m(w5)'`` beside w5'."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

PRIMES = {"′": "'", "’": "'", "″": "''", "‴": "'''"}
"""Signs that are printed for primes, and what they are written as here."""


class Timed(NamedTuple):
    """A name taken apart.

    Attributes:
        base: the name in the formula or the recorded graph.
        time: after how many updates.
        sample: the number of the sample, counted from 1; 0 where there is none.
        beside: what it is of ``base``, where not the number itself: ``m``, ``v``, ``mhat`` of an optimizer, ``ahead``.
    """

    base: str
    time: int
    sample: int
    beside: str

    def __str__(self) -> str:
        name = f"{self.base}({self.sample})" if self.sample else self.base
        return (f"{self.beside}({name})" if self.beside else name) + "'" * self.time


@lru_cache(maxsize=4096)
def timed(name: str) -> Timed:
    """A name taken apart.

    >>> timed("w5''"), timed("out(2)'").sample, timed("mhat(w)'").beside
    (Timed(base='w5', time=2, sample=0, beside=''), 2, 'mhat')
    """
    bare = name.rstrip("'")
    time = len(name) - len(bare)
    beside = ""
    if match := re.fullmatch(r"(\w+)\((.*\D.*)\)", bare):
        beside, bare = match[1], match[2]
    if match := re.fullmatch(r"(.+)\((\d+)\)", bare):
        return Timed(match[1], time, int(match[2]), beside)
    return Timed(bare, time, 0, beside)


def with_primes(text: str) -> str:
    """Signs that stand for primes, as apostrophes.

    >>> with_primes("w″")
    "w''"
    """
    for sign, primes in PRIMES.items():
        text = text.replace(sign, primes)
    return text
