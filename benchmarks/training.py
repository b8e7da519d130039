"""Pages on which a small network is trained: several steps, each optimizer, sample by sample or over a batch.

The numbers are plain arithmetic on floats, as in `benchmarks.pages`; the engine only records the first pass.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from typing import NamedTuple

from autograd_tiny import Value
from autograd_tiny.optim import SGD, Adagrad, Adam, Optimizer, RMSprop
from benchmarks.pages import ACTIVATIONS, Factor, Line, Network, Plan, Sum, Term, constant, product, sqrt, tanh

WAYS = ("same", "next", "batch")
"""Every step on the same inputs, each on the next sample, or over a batch."""
LATER_KINDS = (
    "sign",
    "factor",
    "activation derivative missing",
    "one path kept",
    "term left out",
    "neighbour taken",
    "update added",
    "decimal place",
    "digits swapped",
    "factor left out",
    "activation missing",
    "copied",
    "not updated",
    "bias correction missing",
    "shares exchanged",
    "root left out",
)
PARAMETERS = ("u1", "u2", "c", "v", "d")
INPUTS = ("x1", "x2", "t")
STEPS = 2
"""How many steps are taken where nothing else is said."""


class Lines(NamedTuple):
    """The lines of an update of one parameter, from its names and those of its derivative; the last one is the parameter itself.

    Attributes:
        make: the optimizer on parameters, with a learning rate.
        lines: the parameter, after how many updates, its derivative, the learning rate: the lines of the next update.
    """

    make: Callable[[list[Value], float], Optimizer]
    lines: Callable[[str, int, str, float], list[Line]]


def _at(name: str, time: int) -> str:
    return name + "'" * time


def _moved(parameter: str, time: int, step: Term, astray: Sequence[tuple[str, Term]] = ()) -> Line:
    """A parameter less a step, and what some mistakes subtract in its place."""
    before = product(_at(parameter, time))
    own = {"update added": [(before, step)]}
    for kind, other in astray:
        own.setdefault(kind, []).append((before, (constant(-1.0), *other)))
    return Line(_at(parameter, time + 1), (before, (constant(-1.0), *step)), own=own)


def _average(beside: str, parameter: str, time: int, share: float, new: Term, *, forgets: bool = False) -> Line:
    """A moving average, which begins with 0; with each update anew, if the author forgets it."""
    name = f"{beside}({parameter})"
    if not time or forgets:
        return Line(_at(name, time + 1), ((constant(1.0 - share), *new),))
    old = product(_at(name, time))
    exchanged = ((constant(1.0 - share), *old), (constant(share), *new))
    return Line(_at(name, time + 1), ((constant(share), *old), (constant(1.0 - share), *new)), own={"shares exchanged": [exchanged]})


def _over_root(numerator: str, under: str, epsilon: float = 1e-8, *, root: bool = True, inside: bool = False) -> Term:
    """A step: where the square is printed as 0, nobody goes on with that."""

    def over(x: float) -> float:
        if not x:
            return 1.0 / x
        return 1.0 / sqrt(x + epsilon) if inside else 1.0 / ((sqrt(x) if root else x) + epsilon)

    return product(numerator, Factor((under,), over))


def _plain(p: str, time: int, g: str, rate: float) -> list[Line]:
    return [_moved(p, time, (constant(rate), *product(g)))]


def momentum(
    p: str, time: int, g: str, rate: float, *, share: float = 0.9, old_velocity: bool = False, forgets: bool = False
) -> list[Line]:
    """The lines of an update with momentum, whose step may be taken with the velocity of before it, or which may be forgotten."""
    name = f"v({p})"
    old = [(constant(share), *product(_at(name, time)))] if time and not forgets else []
    stale = [("not updated", (constant(rate), *product(_at(name, time))))] if time else []
    taken = time if old_velocity and time else time + 1
    return [Line(_at(name, time + 1), (*old, product(g))), _moved(p, time, (constant(rate), *product(_at(name, taken))), stale)]


def rmsprop(p: str, time: int, g: str, rate: float, *, share: float = 0.9, inside: bool = False, forgets: bool = False) -> list[Line]:
    """The lines of an update of RMSprop, with epsilon inside the root, or with a mean that is forgotten."""
    name = f"s({p})"
    now = _at(name, time + 1)
    squared = [("root left out", (constant(rate), *_over_root(g, now, root=False)))]
    return [
        _average("s", p, time, share, product(g, g), forgets=forgets),
        _moved(p, time, (constant(rate), *_over_root(g, now, inside=inside)), squared),
    ]


def _adagrad(p: str, time: int, g: str, rate: float) -> list[Line]:
    name = f"G({p})"
    old = [product(_at(name, time))] if time else []
    now = _at(name, time + 1)
    step = (constant(rate), *_over_root(g, now, 1e-10))
    return [Line(now, (*old, product(g, g))), _moved(p, time, step)]


def adam(
    p: str,
    time: int,
    g: str,
    rate: float,
    *,
    betas: tuple[float, float] = (0.9, 0.999),
    corrected: Callable[[int], int] | None = lambda step: step,
    inside: bool = False,
    forgets: bool = False,
) -> list[Line]:
    """The lines of an update of Adam.

    Args:
        p: the parameter.
        time: after how many updates.
        g: its derivative.
        rate: the learning rate.
        betas: the shares of the old means.
        corrected: the number of steps by which the bias is corrected, from the number of this one; None without correction.
        inside: whether epsilon is inside the root.
        forgets: whether the means begin anew.
    """
    m, v, mhat, vhat = [_at(f"{name}({p})", time + 1) for name in ("m", "v", "mhat", "vhat")]
    by_m, by_v = (1.0 / (1.0 - beta ** corrected(time + 1)) if corrected else 1.0 for beta in betas)
    uncorrected = [("bias correction missing", (constant(rate), *_over_root(m, v)))]
    squared = [("root left out", (constant(rate), *_over_root(mhat, vhat, root=False)))]
    return [
        _average("m", p, time, betas[0], product(g), forgets=forgets),
        _average("v", p, time, betas[1], product(g, g), forgets=forgets),
        Line(mhat, ((constant(by_m), *product(m)),), own={"bias correction missing": [(product(m),)]}),
        Line(vhat, ((constant(by_v), *product(v)),), own={"bias correction missing": [(product(v),)]}),
        _moved(p, time, (constant(rate), *_over_root(mhat, vhat, inside=inside)), uncorrected + squared),
    ]


OPTIMIZERS = {
    "sgd": Lines(SGD, _plain),
    "momentum": Lines(lambda ps, rate: SGD(ps, rate, momentum=0.9), momentum),
    "rmsprop": Lines(lambda ps, rate: RMSprop(ps, rate, rho=0.9), rmsprop),
    "adagrad": Lines(Adagrad, _adagrad),
    "adam": Lines(Adam, adam),
}


class Author(NamedTuple):
    """Who writes the lines of a page on which a network is trained.

    Attributes:
        update: gives the lines of an update, as `Lines.lines` does.
        sample: the number of the sample that is taken for each.
        sums: whether the losses of a batch are added, and not averaged.
    """

    update: Callable[[str, int, str, float], list[Line]]
    sample: Callable[[int], int] = lambda number: number
    sums: bool = False


def training_network(random: Random, optimizer: str, mode: str, steps: int = STEPS, author: Author | None = None) -> Network:
    """A network that is trained for some steps, the lines of its page, and the engine's record of its first pass.

    Args:
        random: chooses the numbers.
        optimizer: a name in OPTIMIZERS.
        mode: ``"same"`` inputs at every step, the ``"next"`` sample at each, or a ``"batch"`` of two.
        steps: how many updates there are.
        author: who writes the lines, if by other rules.
    """
    author = author or Author(OPTIMIZERS[optimizer].lines)
    rate = random.choice([0.05, 0.1, 0.5])
    network = Network(Plan((2, 1, 1), ("tanh", "sigmoid"), "half squared error", rate))
    network.given = {name: round(random.uniform(-1.5, 1.5), 2) or 0.3 for name in PARAMETERS}
    samples = [
        {"x1": round(random.uniform(0.2, 1.5), 2), "x2": round(random.uniform(-1.5, -0.2), 2), "t": round(random.uniform(0.0, 1.0), 2)}
        for _ in range(1 if mode == "same" else 2 if mode == "batch" else steps + 1)
    ]
    for i, sample in enumerate(samples):
        network.given |= {f"{name} of {i}": x for name, x in sample.items()}
    for time in range(steps + 1):
        _one_pass(network, time, mode, len(samples), author, last=time == steps)
    network.neighbours |= _neighbours(network.lines)
    root, parameters = _recorded(network.given | samples[0])
    network.root = root
    network.options = {"optimizer": OPTIMIZERS[optimizer].make(parameters, rate)}
    network.options |= {"samples": samples} if mode != "same" else {}
    network.options |= {"batch": "mean"} if mode == "batch" else {}
    return network


def _one_pass(network: Network, time: int, mode: str, samples: int, author: Author, *, last: bool) -> None:
    """Forward, and unless it is the last pass backward and the update."""
    batch = range(1, samples + 1) if mode == "batch" else [0]

    def number(s: int) -> int:
        return author.sample(max(s - 1, 0) if mode != "next" else time)

    for s in batch:
        network.lines += _forward(time, s, number(s))
    loss, share = _at("E", time), 1.0 if author.sums else 1.0 / samples
    if mode == "batch":
        network.lines.append(Line(loss, tuple((constant(share), *product(_at(f"E({s})", time))) for s in batch)))
    if last:
        return
    for s in batch:
        network.lines += _backward(time, s, number(s))
    for p in PARAMETERS:
        gradient = f"{loss}/{_at(p, time)}"
        if mode == "batch":
            shares = tuple((constant(share), *product(f"{_at(f'E({s})', time)}/{_at(p, time)}")) for s in batch)
            network.lines.append(Line(gradient, shares, paths=True))
        network.lines += author.update(p, time, gradient, network.plan.learning_rate)


def _named(time: int, sample: int) -> Callable[[str], str]:
    return lambda name: _at(f"{name}({sample})" if sample else name, time)


def _forward(time: int, sample: int, number: int) -> list[Line]:
    q, x = _named(time, sample), lambda name: f"{name} of {number}"
    z, h, s, y = map(q, "zhsy")

    def sums(at: int) -> tuple[Sum, Sum]:
        u1, u2, c, v, d = (_at(p, at) for p in PARAMETERS)
        return (product(u1, x("x1")), product(u2, x("x2")), product(c)), (product(v, h), product(d))

    before: tuple[list[Sum], list[Sum]] = ([sums(time - 1)[0]], [sums(time - 1)[1]]) if time else ([], [])
    return [
        Line(z, sums(time)[0], own={"not updated": before[0]}),
        Line(h, (product(Factor((z,), tanh)),), own={"activation missing": [(product(z),)]}),
        Line(s, sums(time)[1], own={"not updated": before[1]}),
        Line(y, (product(Factor((s,), ACTIVATIONS["sigmoid"].function)),), own={"activation missing": [(product(s),)]}),
        Line(q("E"), (product(Factor((y, x("t")), lambda y, t: 0.5 * (y - t) ** 2)),)),
    ]


def _backward(time: int, sample: int, number: int) -> list[Line]:
    q, x = _named(time, sample), lambda name: f"{name} of {number}"
    z, h, s, y = map(q, "zhsy")
    by = {name: f"{q('E')}/{q(name)}" for name in "zhsy"} | {name: f"{q('E')}/{_at(name, time)}" for name in PARAMETERS}
    by_z, by_s = ACTIVATIONS["tanh"].factors(z, h), ACTIVATIONS["sigmoid"].factors(s, y)
    not_updated = [(product(by["s"], _at("v", time - 1)),)] if time else []
    return [
        Line(by["y"], (product(Factor((y, x("t")), lambda y, t: y - t)),)),
        Line(by["s"], (product(by["y"], *by_s),), own={"activation derivative missing": [(product(by["y"]),)]}),
        Line(by["v"], (product(by["s"], h),)),
        Line(by["d"], (product(by["s"]),)),
        Line(by["h"], (product(by["s"], _at("v", time)),), own={"not updated": not_updated}),
        Line(by["z"], (product(by["h"], *by_z),), own={"activation derivative missing": [(product(by["h"]),)]}),
        Line(by["u1"], (product(by["z"], x("x1")),)),
        Line(by["u2"], (product(by["z"], x("x2")),)),
        Line(by["c"], (product(by["z"]),)),
    ]


def _neighbours(lines: Sequence[Line]) -> dict[str, list[str]]:
    """Quantities that differ in one index."""
    names = {line.quantity for line in lines} | {"u1", "u2"}
    turned = {name: name.replace("u1", "#").replace("u2", "u1").replace("#", "u2") for name in names}
    return {name: [other] for name, other in turned.items() if other != name and other in names}


def _recorded(numbers: dict[str, float]) -> tuple[Value, list[Value]]:
    """The first pass in the engine, and its parameters."""
    n = {name: Value(numbers[name], name) for name in (*PARAMETERS, *INPUTS)}
    n["z"] = n["u1"] * n["x1"] + n["u2"] * n["x2"] + n["c"]
    n["h"] = n["z"].tanh()
    n["s"] = n["v"] * n["h"] + n["d"]
    n["y"] = n["s"].sigmoid()
    n["E"] = 0.5 * (n["y"] - n["t"]) ** 2
    for name, node in n.items():
        node.label = name
    return n["E"], [n[name] for name in PARAMETERS]
