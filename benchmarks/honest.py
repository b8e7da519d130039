"""Honest pages of many sorts, on which `autograd_tiny.mark` may blame nothing.

Printed with 3 to 9 digits, worked out in double, single or half precision: one pass through a random network with its updates, or three
passes with two updates between them, by every optimizer, on one sample, the next at every step, or a batch.  All of it is arithmetic
of `benchmarks.pages` and `benchmarks.training`, which share nothing with the marker.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from itertools import product
from random import Random
from typing import NamedTuple

from benchmarks.pages import NO_NUMBER, PRECISIONS, Half, Page, random_network, random_style
from benchmarks.training import OPTIMIZERS, WAYS, training_network

DIGITS = range(3, 10)
FEWEST_OF_HALF = 4
"""Half precision has little more than three digits, so that with three in print nothing shows it, and its errors are in them."""


class Sort(NamedTuple):
    """A sort of pages.

    Attributes:
        number: the type of the numbers with which they are worked out.
        training: optimizer and samples of two training steps; none for one step of gradient descent.
    """

    number: type[float]
    training: tuple[str, str] | None

    @property
    def said(self) -> tuple[str, str]:
        """Precision and training in words."""
        way = "one pass" if self.training is None else f"{self.training[0]}, {self.training[1]}"
        return PRECISIONS[self.number], way


SORTS = [Sort(number, training) for training in (None, *product(OPTIMIZERS, WAYS)) for number in PRECISIONS]


def honest_pages(count: int, seed: int) -> Iterator[tuple[Sort, Page]]:
    """Random pages, half of one pass, half of three; all sorts and all numbers of digits in turn."""
    halves = [[sort for sort in SORTS if (sort.training is None) is once] for once in (True, False)]
    for n in range(count):
        random = Random(f"honest {seed} {n}")
        sort = halves[n % 2][n // 2 % len(halves[n % 2])]
        while True:
            with suppress(*NO_NUMBER):  # the logarithm of an output that is printed as 0.000
                network = random_network(random) if sort.training is None else training_network(random, *sort.training)
                style = random_style(random, max(DIGITS[n % len(DIGITS)], FEWEST_OF_HALF if sort.number is Half else 0))
                yield sort, Page(network, style._replace(number=sort.number), random)
                break
