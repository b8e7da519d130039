"""One thing done differently all over a page, to see whether `autograd_tiny.mark` tells it as one story.

As in `benchmarks.planting`: the pages are worked out by plain arithmetic from a description alone, and share nothing with the marker.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from functools import partial
from random import Random

from benchmarks.pages import (
    ACTIVATIONS,
    FROM_MEMORY,
    LOSSES,
    NO_NUMBER,
    Factor,
    Line,
    Network,
    Page,
    Plan,
    Sum,
    lines_by,
    product,
    random_network,
    random_plan,
    random_style,
    softmax_of,
)
from benchmarks.planting import Plant, renamed, scaled
from benchmarks.training import OPTIMIZERS, Author, adam, momentum, rmsprop, training_network

NAMES: Mapping[str, tuple[str, ...]] = {
    "transposed": ("transposed",),
    "transposed on the way back": ("transposed", "neighbour taken"),
    "names swapped": ("exchanged",),
    "another value": ("another value", "stale"),
    "another learning rate": ("another value", "factor"),
    "biases left out": ("bias left out",),
    "another activation": ("another function",),
    "softmax for sigmoid": ("another function",),
    "activation derivative missing": ("activation derivative missing",),
    "wrong point": ("wrong point",),
    "mistaken rule": ("mistaken rule", "sign"),
    "decadic logarithm": ("another function",),
    "degrees": ("another function",),
    "target and output exchanged": ("exchanged", "sign"),
    "mean for sum": ("another function", "factor"),
    "updated too early": ("updated weights used",),
    "no bias correction": ("optimizer", "bias correction missing"),
    "another β": ("optimizer", "shares exchanged"),
    "epsilon inside the root": ("optimizer", "convention"),
    "old velocity": ("old velocity", "not updated"),
    "stale optimizer state": ("optimizer", "term left out"),
    "bias corrected as in the first step": ("optimizer",),
    "inputs of another sample": ("another sample",),
    "sum for mean": ("another function", "factor"),
}
"""What is done differently, and the names by which it is told, those of formulas that are the same in some networks among them."""

DEGREE = math.pi / 180.0
SLIPS_OF_TRAINING: Mapping[str, tuple[tuple[str, str, Author], ...]] = {
    "no bias correction": tuple(("adam", way, Author(partial(adam, corrected=None))) for way in ("same", "batch")),
    "another β": (
        ("adam", "same", Author(partial(adam, betas=(0.999, 0.9)))),
        ("adam", "next", Author(partial(adam, betas=(0.9, 0.9)))),
        ("momentum", "same", Author(partial(momentum, share=0.1))),
    ),
    "epsilon inside the root": (
        ("adam", "same", Author(partial(adam, inside=True))),
        ("rmsprop", "batch", Author(partial(rmsprop, inside=True))),
    ),
    "old velocity": tuple(("momentum", way, Author(partial(momentum, old_velocity=True))) for way in ("same", "next", "batch")),
    "stale optimizer state": (
        ("adam", "same", Author(partial(adam, forgets=True))),
        ("momentum", "next", Author(partial(momentum, forgets=True))),
        ("rmsprop", "same", Author(partial(rmsprop, forgets=True))),
    ),
    "bias corrected as in the first step": (
        ("adam", "same", Author(partial(adam, corrected=lambda step: 1))),
        ("adam", "next", Author(partial(adam, corrected=lambda step: 1))),
    ),
    "inputs of another sample": (
        ("sgd", "batch", Author(OPTIMIZERS["sgd"].lines, sample=lambda number: 0)),
        ("sgd", "next", Author(OPTIMIZERS["sgd"].lines, sample=lambda number: 0)),
        ("momentum", "next", Author(momentum, sample=lambda number: 0)),
        ("sgd", "next", Author(OPTIMIZERS["sgd"].lines, sample=lambda number: min(number + 1, 2))),
    ),
    "sum for mean": tuple((name, "batch", Author(OPTIMIZERS[name].lines, sums=True)) for name in ("sgd", "momentum", "adam")),
}
"""The optimizer, how samples are taken, and who writes the page."""


def caused(kind: str, random: Random, digits: int) -> tuple[Page, Plant]:
    """A random page that admits a cause of this kind, and the cause as a plant that changes two lines at least."""
    while True:
        with suppress(*NO_NUMBER):
            seed = random.random()  # as text it begins the same numbers on every platform: the hash of a float has as many bits as that
            network = _network(kind, Random(str(seed)))
            style = random_style(random, digits)
            if kind == "epsilon inside the root":  # which fewer digits hardly show
                style = style._replace(digits=8, significant=True, way=FROM_MEMORY)
            page = Page(network, style, random)
            for sums, given in _changes(kind, network, seed, random):
                plant = Plant(kind, sums=sums, given=given)
                texts = plant.on(page)
                if sum(not page.is_honest(n, text) for n, text in enumerate(texts)) > 1:
                    return page, plant


def _network(kind: str, random: Random) -> Network:
    if kind in SLIPS_OF_TRAINING:
        optimizer, way, _ = random.choice(SLIPS_OF_TRAINING[kind])
        return training_network(random, optimizer, way)
    return random_network(random, _plan(kind, random_plan(random), random))


def _plan(kind: str, plan: Plan, random: Random) -> Plan:
    """A plan that admits a cause."""
    softmax = plan.activations[-1] == "softmax"
    if kind.startswith("transposed"):
        size = random.randint(2, 3)
        return plan._replace(sizes=(plan.sizes[0], size, size), activations=plan.activations[-2:], updates_last=True)
    if kind == "softmax for sigmoid":
        return plan._replace(activations=(*plan.activations[:-1], "sigmoid"), loss="half squared error", shortcut=False)
    if kind == "degrees":
        return plan._replace(activations=(*["sin"] * (len(plan.activations) - 1), plan.activations[-1]))
    if kind in ("mistaken rule", "wrong point"):
        return plan._replace(activations=(*[random.choice(["tanh", "sigmoid"])] * (len(plan.activations) - 1), plan.activations[-1]))
    if kind == "decadic logarithm":
        last, loss = ("sigmoid", "binary cross-entropy") if plan.activations[-1] == "sigmoid" else ("softmax", "cross-entropy")
        return plan._replace(activations=(*plan.activations[:-1], last), loss=loss, shortcut=False, by_term=True)
    if kind in ("target and output exchanged", "mean for sum"):
        last = "sigmoid" if softmax else plan.activations[-1]
        return plan._replace(activations=(*plan.activations[:-1], last), loss="half squared error", shortcut=False, by_term=False)
    return plan._replace(updates_last=False) if kind == "updated too early" else plan


Changed = tuple[dict[int, Sum], Mapping[str, float]]


def _changes(kind: str, network: Network, seed: float, random: Random) -> Iterator[Changed]:
    """The lines by their numbers, as they are with this cause, and other numbers that are given."""
    if kind in SLIPS_OF_TRAINING:
        again = Random(str(seed))
        optimizer, way, author = again.choice(SLIPS_OF_TRAINING[kind])
        yield _differing(network, training_network(again, optimizer, way, author=author).lines), {}
        return
    for change in CHANGES[kind](network, random):
        yield change if isinstance(change, tuple) else (_differing(network, change), {})


def _differing(network: Network, lines: list[Line]) -> dict[int, Sum]:
    assert [line.quantity for line in lines] == [line.quantity for line in network.lines]
    return {n: line.terms for n, line in enumerate(lines)}


def _lines(network: Network, change: Callable[[Line], Sum]) -> list[Line]:
    return [line._replace(terms=change(line)) for line in network.lines]


def _with_names(names: Mapping[str, str], line: Line) -> Sum:
    return tuple(tuple(renamed(factor, names) for factor in term) for term in line.terms)


def _transposed(network: Network, random: Random, *, back_only: bool) -> Iterator[list[Line]]:
    last = "W_j1k1"[:3]  # of the last matrix, which is square
    names = {old: new for old, new in network.transposed.items() if old.startswith(last)}

    def change(line: Line) -> Sum:
        is_concerned = "/" in line.quantity if back_only else not line.quantity.endswith("'")
        return _with_names(names, line) if is_concerned else line.terms

    yield _lines(network, change)


def _swapped(network: Network, random: Random) -> Iterator[list[Line]]:
    inputs = [f"i{n}" for n in range(1, network.plan.sizes[0] + 1)]
    x, y = random.sample(inputs, 2)
    yield _lines(network, partial(_with_names, {x: y, y: x}))


def _another_value(network: Network, random: Random) -> Iterator[Changed]:
    name = random.choice(list(network.given))
    yield {}, {name: round(network.given[name] + random.choice([-1, 1]) * random.uniform(0.15, 0.6), 2)}


def _another_rate(network: Network, random: Random) -> Iterator[list[Line]]:
    factor = random.choice([0.2, 0.4, 3.0, 4.0])

    def change(line: Line) -> Sum:
        return (line.terms[0], *scaled(line.terms[1:], factor)) if line.quantity.endswith("'") else line.terms

    yield _lines(network, change)


def _no_biases(network: Network, random: Random) -> Iterator[list[Line]]:
    def change(line: Line) -> Sum:
        return line.terms[:-1] if "_in" in line.quantity and "/" not in line.quantity else line.terms

    yield _lines(network, change)


def _another_activation(network: Network, random: Random) -> Iterator[list[Line]]:
    row = random.choice(network.plan.activations[:-1])
    for other in random.sample(["relu", "sigmoid", "tanh"], 3):
        if row != other and network.plan.activations[-1] != row:
            yield lines_by(network, {row: ACTIVATIONS[other]})


def _softmax_for_sigmoid(network: Network, random: Random) -> Iterator[list[Line]]:
    sums = [f"O_in{n}" for n in range(1, network.plan.sizes[-1] + 1)]

    def change(line: Line) -> Sum:
        is_output = line.quantity.startswith("O_out") and "/" not in line.quantity
        return ((softmax_of(int(line.quantity[5:]) - 1, sums),),) if is_output else line.terms

    yield _lines(network, change)


def _own(kind: str, network: Network, random: Random) -> Iterator[list[Line]]:
    """The same mistake in each line that admits it."""
    which = random.randint(0, 1)

    def change(line: Line) -> Sum:
        choice = line.own.get(kind, ()) if "W_" not in line.quantity else ()
        return choice[which % len(choice)] if choice else line.terms

    yield _lines(network, change)


def _mistaken_rule(network: Network, random: Random) -> Iterator[list[Line]]:
    row = network.plan.activations[0]
    wrong = random.choice(ACTIVATIONS[row].mistaken)
    factors = lambda z, h: product(Factor((h,), wrong))  # noqa: E731
    yield lines_by(network, {row: ACTIVATIONS[row]._replace(slope=lambda z, h: (factors(z, h),), factors=factors)})


def _decadic(network: Network, random: Random) -> Iterator[list[Line]]:
    tenth = 1.0 / math.log(10.0)
    loss = LOSSES[network.plan.loss]
    slope = random.choice([loss.slope, lambda t, o: tenth * loss.slope(t, o)])
    yield lines_by(network, losses={network.plan.loss: loss._replace(term=lambda t, o: tenth * loss.term(t, o), slope=slope)})


def _degrees(network: Network, random: Random) -> Iterator[list[Line]]:
    factors = lambda z, h: product(Factor((z,), lambda z: math.cos(DEGREE * z)))  # noqa: E731
    in_degrees = ACTIVATIONS["sin"]._replace(
        function=lambda z: math.sin(DEGREE * z), slope=lambda z, h: (factors(z, h),), factors=factors
    )
    yield lines_by(network, {"sin": in_degrees})


def _target_and_output(network: Network, random: Random) -> Iterator[list[Line]]:
    loss = LOSSES["half squared error"]
    yield lines_by(network, losses={"half squared error": loss._replace(slope=lambda t, o: t - o)})


def _mean(network: Network, random: Random) -> Iterator[list[Line]]:
    loss, n = LOSSES["half squared error"], network.plan.sizes[-1]
    lines = lines_by(network, losses={"half squared error": loss._replace(slope=lambda t, o: (o - t) / n)})
    yield [line._replace(terms=scaled(line.terms, 1.0 / n)) if line.quantity == "E_total" else line for line in lines]


def _early(network: Network, random: Random) -> Iterator[list[Line]]:
    def change(line: Line) -> Sum:
        return random.choice(line.own.get("updated weights used", (line.terms,)))

    yield _lines(network, change)


CHANGES: Mapping[str, Callable[[Network, Random], Iterator[list[Line] | Changed]]] = {
    "transposed": partial(_transposed, back_only=False),
    "transposed on the way back": partial(_transposed, back_only=True),
    "names swapped": _swapped,
    "another value": _another_value,
    "another learning rate": _another_rate,
    "biases left out": _no_biases,
    "another activation": _another_activation,
    "softmax for sigmoid": _softmax_for_sigmoid,
    "activation derivative missing": partial(_own, "activation derivative missing"),
    "wrong point": partial(_own, "wrong point"),
    "mistaken rule": _mistaken_rule,
    "decadic logarithm": _decadic,
    "degrees": _degrees,
    "target and output exchanged": _target_and_output,
    "mean for sum": _mean,
    "updated too early": _early,
}
