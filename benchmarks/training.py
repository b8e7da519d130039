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


def _average(beside: str, parameter: str, time: int, share: float, new: Term) -> Line:
    """A moving average, which begins with 0."""
    name = f"{beside}({parameter})"
    if not time:
        return Line(_at(name, 1), ((constant(1.0 - share), *new),))
    old = product(_at(name, time))
    exchanged = ((constant(1.0 - share), *old), (constant(share), *new))
    return Line(_at(name, time + 1), ((constant(share), *old), (constant(1.0 - share), *new)), own={"shares exchanged": [exchanged]})


def _over_root(numerator: str, under: str, epsilon: float = 1e-8, *, root: bool = True) -> Term:
    """A step: where the square is printed as 0, nobody goes on with that."""
    return product(numerator, Factor((under,), lambda x: 1.0 / ((sqrt(x) if root else x) + epsilon) if x else 1.0 / x))


def _plain(p: str, time: int, g: str, rate: float) -> list[Line]:
    return [_moved(p, time, (constant(rate), *product(g)))]


def _momentum(p: str, time: int, g: str, rate: float) -> list[Line]:
    name = f"v({p})"
    old = [(constant(0.9), *product(_at(name, time)))] if time else []
    stale = [("not updated", (constant(rate), *product(_at(name, time))))] if time else []
    return [Line(_at(name, time + 1), (*old, product(g))), _moved(p, time, (constant(rate), *product(_at(name, time + 1))), stale)]


def _rmsprop(p: str, time: int, g: str, rate: float) -> list[Line]:
    name = f"s({p})"
    now = _at(name, time + 1)
    return [
        _average("s", p, time, 0.9, product(g, g)),
        _moved(p, time, (constant(rate), *_over_root(g, now)), [("root left out", (constant(rate), *_over_root(g, now, root=False)))]),
    ]


def _adagrad(p: str, time: int, g: str, rate: float) -> list[Line]:
    name = f"G({p})"
    old = [product(_at(name, time))] if time else []
    now = _at(name, time + 1)
    step = (constant(rate), *_over_root(g, now, 1e-10))
    return [Line(now, (*old, product(g, g))), _moved(p, time, step)]


def _adam(p: str, time: int, g: str, rate: float) -> list[Line]:
    m, v, mhat, vhat = [_at(f"{name}({p})", time + 1) for name in ("m", "v", "mhat", "vhat")]
    by_m, by_v = 1.0 / (1.0 - 0.9 ** (time + 1)), 1.0 / (1.0 - 0.999 ** (time + 1))
    uncorrected = [("bias correction missing", (constant(rate), *_over_root(m, v)))]
    squared = [("root left out", (constant(rate), *_over_root(mhat, vhat, root=False)))]
    return [
        _average("m", p, time, 0.9, product(g)),
        _average("v", p, time, 0.999, product(g, g)),
        Line(mhat, ((constant(by_m), *product(m)),), own={"bias correction missing": [(product(m),)]}),
        Line(vhat, ((constant(by_v), *product(v)),), own={"bias correction missing": [(product(v),)]}),
        _moved(p, time, (constant(rate), *_over_root(mhat, vhat)), uncorrected + squared),
    ]


OPTIMIZERS = {
    "sgd": Lines(SGD, _plain),
    "momentum": Lines(lambda ps, rate: SGD(ps, rate, momentum=0.9), _momentum),
    "rmsprop": Lines(lambda ps, rate: RMSprop(ps, rate, rho=0.9), _rmsprop),
    "adagrad": Lines(Adagrad, _adagrad),
    "adam": Lines(Adam, _adam),
}


def training_network(random: Random, optimizer: str, mode: str, steps: int = STEPS) -> Network:
    """A network that is trained for some steps, the lines of its page, and the engine's record of its first pass.

    Args:
        random: chooses the numbers.
        optimizer: a name in OPTIMIZERS.
        mode: ``"same"`` inputs at every step, the ``"next"`` sample at each, or a ``"batch"`` of two.
        steps: how many updates there are.
    """
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
        _one_pass(network, time, mode, len(samples), OPTIMIZERS[optimizer], last=time == steps)
    network.neighbours |= _neighbours(network.lines)
    root, parameters = _recorded(network.given | samples[0])
    network.root = root
    network.options = {"optimizer": OPTIMIZERS[optimizer].make(parameters, rate)}
    network.options |= {"samples": samples} if mode != "same" else {}
    network.options |= {"batch": "mean"} if mode == "batch" else {}
    return network


def _one_pass(network: Network, time: int, mode: str, samples: int, optimizer: Lines, *, last: bool) -> None:
    """Forward, and unless it is the last pass backward and the update."""
    batch = range(1, samples + 1) if mode == "batch" else [0]
    for s in batch:
        network.lines += _forward(time, s, max(s - 1, 0) if mode != "next" else time)
    loss = _at("E", time)
    if mode == "batch":
        network.lines.append(Line(loss, tuple((constant(1.0 / samples), *product(_at(f"E({s})", time))) for s in batch)))
    if last:
        return
    for s in batch:
        network.lines += _backward(time, s, max(s - 1, 0) if mode != "next" else time)
    for p in PARAMETERS:
        gradient = f"{loss}/{_at(p, time)}"
        if mode == "batch":
            shares = tuple((constant(1.0 / samples), *product(f"{_at(f'E({s})', time)}/{_at(p, time)}")) for s in batch)
            network.lines.append(Line(gradient, shares, paths=True))
        network.lines += optimizer.lines(p, time, gradient, network.plan.learning_rate)


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
