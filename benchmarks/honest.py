"""Honest pages of many sorts, on which `autograd_tiny.mark` may blame nothing.

Printed with 3 to 9 digits, worked out in double or in single precision: one pass through a random network with its updates, or three
passes with two updates between them, by every optimizer, on one sample, the next at every step, or a batch.  All of it is arithmetic
of `benchmarks.pages` and `benchmarks.training`, which share nothing with the marker.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from itertools import product
from random import Random
from typing import NamedTuple

from benchmarks.pages import NO_NUMBER, Page, random_network, random_style
from benchmarks.training import OPTIMIZERS, WAYS, training_network

DIGITS = range(3, 10)


class Sort(NamedTuple):
    """A sort of pages.

    Attributes:
        single: whether they are worked out in single precision.
        training: optimizer and samples of two training steps; none for one step of gradient descent.
    """

    single: bool
    training: tuple[str, str] | None

    @property
    def said(self) -> tuple[str, str]:
        """Precision and training in words."""
        way = "one pass" if self.training is None else f"{self.training[0]}, {self.training[1]}"
        return "single precision" if self.single else "double precision", way


SORTS = [Sort(single, training) for training in (None, *product(OPTIMIZERS, WAYS)) for single in (False, True)]


def honest_pages(count: int, seed: int) -> Iterator[tuple[Sort, Page]]:
    """Random pages, half of one pass, half of three; all sorts and all numbers of digits in turn."""
    halves = [[sort for sort in SORTS if (sort.training is None) is once] for once in (True, False)]
    for n in range(count):
        random = Random(f"honest {seed} {n}")
        sort = halves[n % 2][n // 2 % len(halves[n % 2])]
        while True:
            with suppress(*NO_NUMBER):  # the logarithm of an output that is printed as 0.000
                network = random_network(random) if sort.training is None else training_network(random, *sort.training)
                style = random_style(random, DIGITS[n % len(DIGITS)])
                yield sort, Page(network, style._replace(single=sort.single), random)
                break
