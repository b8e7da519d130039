"""Points of the plane in two classes that no line separates, by published formulas; the same for the same seed.

Each function gives rows of two inputs and a target, as `autograd_tiny.compile_model` and training pages take them.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import count
from random import Random

from autograd_tiny.text.numbers import as_number, as_whole, random_from

Rows = list[list[float]]
Targets = tuple[float, float]
LOW_HIGH: Targets = (-1.0, 1.0)


def xor(n: int = 100, *, noise: float = 0.0, seed: int = 0, targets: Targets = LOW_HIGH) -> Rows:
    """The exclusive or of two signs: the class of a point of the square is whether its coordinates differ in sign.

    No line separates the classes.  Minsky and Papert (1969), Perceptrons.

    Args:
        n: how many points, half of them in each class.
        noise: the standard deviation of what is added to each coordinate.
        seed: another number, other points.
        targets: of points with one sign, and of those with two.

    >>> len(xor()), [row[2] for row in xor(4)]
    (100, [-1.0, 1.0, -1.0, 1.0])
    """

    def point(label: int, rng: Random) -> tuple[float, float]:
        x, y = (rng.uniform(0.05, 1.0) * rng.choice((-1.0, 1.0)) for _ in "xy")
        return x, abs(y) * math.copysign(1.0, x if label == 0 else -x)

    return _rows(point, n, noise, seed, targets)


def circles(n: int = 100, *, noise: float = 0.05, seed: int = 0, targets: Targets = LOW_HIGH) -> Rows:
    """Two circles about the origin, one within the other, their radii 1 and 1/2.

    As scikit-learn's ``make_circles``; Pedregosa et al. (2011), Scikit-learn: machine learning in Python.

    Args:
        n: how many points, half of them on each circle.
        noise: the standard deviation of what is added to each coordinate.
        seed: another number, other points.
        targets: of the outer circle, and of the inner one.

    >>> [round(math.hypot(x, y), 3) for x, y, _ in circles(4, noise=0.0)]
    [1.0, 0.5, 1.0, 0.5]
    """

    def point(label: int, rng: Random) -> tuple[float, float]:
        angle, radius = rng.uniform(0.0, 2.0 * math.pi), (1.0, 0.5)[label]
        return radius * math.cos(angle), radius * math.sin(angle)

    return _rows(point, n, noise, seed, targets)


def moons(n: int = 100, *, noise: float = 0.1, seed: int = 0, targets: Targets = LOW_HIGH) -> Rows:
    """Two half circles that reach into each other: (cos t, sin t) and (1 - cos t, 1/2 - sin t), moved to the middle.

    As scikit-learn's ``make_moons``; Pedregosa et al. (2011), Scikit-learn: machine learning in Python.

    Args:
        n: how many points, half of them on each moon.
        noise: the standard deviation of what is added to each coordinate.
        seed: another number, other points.
        targets: of the upper moon, and of the lower one.

    >>> [[round(x, 2) for x in row] for row in moons(2, noise=0.0)]
    [[-1.38, 0.22, -1.0], [-0.19, -0.48, 1.0]]
    """

    def point(label: int, rng: Random) -> tuple[float, float]:
        angle = rng.uniform(0.0, math.pi)
        x, y = math.cos(angle), math.sin(angle)
        return (x - 0.5, y - 0.25) if label == 0 else (0.5 - x, 0.25 - y)

    return _rows(point, n, noise, seed, targets)


def spiral(n: int = 100, *, noise: float = 0.0, seed: int = 0, targets: Targets = LOW_HIGH) -> Rows:
    """Two spirals, one in the other, two thirds as long as the published ones, scaled to 1.

    Lang and Witbrock (1988), Learning to tell two spirals apart: point i of 97 has the radius (104 - i) / 104 and the
    angle i π / 16.

    Args:
        n: how many points, half of them on each spiral.
        noise: the standard deviation of what is added to each coordinate.
        seed: another number, other noise.
        targets: of the first spiral, and of the second, which is the first turned by half a turn.

    >>> first, second = spiral(2)
    >>> (first[0], first[1]) == (-second[0], -second[1])
    True
    """
    numbers = count()

    def point(label: int, rng: Random) -> tuple[float, float]:
        i = WOUND * (next(numbers) // 2) / max((n + 1) // 2 - 1, 1)
        angle, radius = i * math.pi / 16.0, (104.0 - i) / 104.0
        x, y = radius * math.sin(angle), radius * math.cos(angle)
        return (x, y) if label == 0 else (-x, -y)

    return _rows(point, n, noise, seed, targets)


WOUND = 64
"""The last point of a spiral, of the published 96: two turns.  A hundred points are too few for more."""


def plane(n: int = 100, *, seed: int = 0, targets: Targets = LOW_HIGH) -> dict[str, Rows]:
    """All of them by name, to be chosen from on a page.

    Args:
        n: how many points each has.
        seed: another number, other points.
        targets: of the two classes.

    >>> list(plane())
    ['xor', 'circles', 'moons', 'spiral']
    """
    return {make.__name__: make(n, seed=seed, targets=targets) for make in (xor, circles, moons, spiral)}


def _rows(
    point: Callable[[int, Random], tuple[float, float]], n: int, noise: float, seed: int, targets: Targets
) -> Rows:
    """Points of the two classes by turns, with noise."""
    if as_whole(n) is None or n < 1:
        raise ValueError(f"n is how many points, a whole number from 1 up, got {n!r}")
    spread = as_number(noise)
    if spread is None or not 0.0 <= spread < math.inf:
        raise ValueError(f"noise is a standard deviation, a finite number from 0 up, got {noise!r}")
    if not hasattr(targets, "__len__") or len(targets) != 2 or any(as_number(t) is None for t in targets):
        raise ValueError(f"targets are two numbers, one for each class, got {targets!r}")
    rng = random_from(seed)
    rows = []
    for i in range(n):
        x, y = point(i % 2, rng)
        rows.append([x + rng.gauss(0.0, spread), y + rng.gauss(0.0, spread), float(targets[i % 2])])
    return rows
