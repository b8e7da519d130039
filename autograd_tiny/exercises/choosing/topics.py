"""Exercises out of nothing: a topic, how difficult, a seed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from random import Random
from typing import Any

from autograd_tiny.arrays import array
from autograd_tiny.exercises.exercise import Exercise
from autograd_tiny.text.numbers import as_whole, random_from
from autograd_tiny.text.words import did_you_mean

EASY, MIDDLE, HARD = 1, 2, 3
FUNCTIONS = ("tanh", "sigmoid", "exp")


def random_exercise(topic: str, difficulty: int = MIDDLE, seed: int = 0, *, digits: int = 3) -> Exercise:
    """An exercise on a topic, with numbers that are drawn; the same one for the same arguments on every Python.

    Args:
        topic: one of `TOPICS`: ``"chain rule"``, ``"used twice"``, ``"neuron"``, ``"layer"``, ``"softmax and loss"``,
            ``"2-2-2 network"``, ``"training step"``, ``"momentum"``, ``"adam"``, ``"matrix form"``.
        difficulty: 1, 2 or 3; from one to the next there is more to compute, and less of it is told.
        seed: a whole number.
        digits: how many significant digits an answer needs.

    Raises:
        ValueError: there is no such topic or difficulty, or the seed is no whole number.

    >>> print(random_exercise("neuron", 1, seed=7))
    Neuron
    Given: w = 0.5, x = -0.8, b = 0.7
        z = w · x + b
        a = tanh(z)
    Find, with 3 significant digits:
        z      = ____
        a      = ____
        ∂a/∂z  = ____
        ∂a/∂w  = ____
        ∂a/∂b  = ____
    """
    if topic not in TOPICS:
        hint = did_you_mean(str(topic), TOPICS) or f"topics are {', '.join(TOPICS)}"
        raise ValueError(f"there is no topic {topic!r}; {hint}")
    if as_whole(difficulty) is None or not EASY <= difficulty <= HARD:
        raise ValueError(f"a difficulty is 1, 2 or 3, got {difficulty!r}")
    if as_whole(seed) is None or seed < 0:
        raise ValueError(f"a seed is a whole number, 0 at least, got {seed!r}")
    made = TOPICS[topic](difficulty, random_from(seed), {"digits": digits, "title": f"{topic[0].upper()}{topic[1:]}"})
    return made.variants(1, seed)[0]


Options = Mapping[str, Any]


def _chosen(random: Random, *choices: str) -> str:
    return choices[int(random.random() * len(choices))]  # `Random.choice` has changed between versions of Python


def _chain_rule(difficulty: int, random: Random, options: Options) -> Exercise:
    f, g = _chosen(random, *FUNCTIONS), _chosen(random, "tanh", "sigmoid")
    formula = {
        EASY: "u = a*x + b; y = u**2",
        MIDDLE: f"u = a*x + b; v = {f}(u); y = c*v**2",
        HARD: f"u = a*x**2; v = {f}(u); p = v + b; q = {g}(p); y = c*q",
    }[difficulty]
    ask = ["forward", "local derivatives", "y/x"] if difficulty == EASY else ["forward", "gradients"]
    given = {"a": -0.5, "x": 1.2, "b": 0.4, "c": 2.5}
    return Exercise(formula, ask, given=_used(given, formula), **options)


def _used_twice(difficulty: int, random: Random, options: Options) -> Exercise:
    f = _chosen(random, *FUNCTIONS)
    formula = {
        EASY: "a = x + b; c = x*b; y = a*c",
        MIDDLE: f"u = w*x; v = {f}(u); y = u*v",
        HARD: f"u = w*x; v = {f}(u); p = u + v; q = u*v; y = p*q",
    }[difficulty]
    given = {"x": 1.3, "b": -0.7, "w": 0.6}
    return Exercise(formula, ["forward", "gradients"], given=_used(given, formula), **options)


def _neuron(difficulty: int, random: Random, options: Options) -> Exercise:
    activation = _chosen(random, "tanh", "sigmoid")
    formula = {EASY: "z = w*x + b", MIDDLE: "z = w1*x1 + w2*x2 + b", HARD: "z = w1*x1 + w2*x2 + w3*x3 + b"}[difficulty]
    formula += f"; a = {activation}(z)" + ("; E = (a - t)**2 / 2" if difficulty > EASY else "")
    given = {"w": 0.8, "x": -1.5, "b": 0.3, "t": 1.0}
    given |= {"w1": 0.8, "w2": -0.5, "w3": 0.4, "x1": -1.5, "x2": 0.6, "x3": 1.2}
    output, weights = ("E", [f"w{i}" for i in range(1, difficulty + 1)]) if difficulty > EASY else ("a", ["w"])
    ask = ["forward", *(["E/a"] if difficulty > EASY else []), *[f"{output}/{name}" for name in ("z", *weights, "b")]]
    return Exercise(formula, ask, given=_used(given, formula), **options)


LAYER = "z1 = w11*x1 + w12*x2 + b1; z2 = w21*x1 + w22*x2 + b2; a1 = {f}(z1); a2 = {f}(z2)"
LAYER_GIVEN = {"w11": 0.4, "w12": -0.6, "w21": 0.9, "w22": 0.3, "b1": 0.2, "b2": -0.1, "x1": 1.4, "x2": 0.7}


def _layer(difficulty: int, random: Random, options: Options) -> Exercise:
    formula = LAYER.format(f=_chosen(random, "tanh", "sigmoid")) + "; E = ((a1 - t1)**2 + (a2 - t2)**2) / 2"
    told = ["z1", "z2", "a1", "a2"] if difficulty == EASY else []
    asked = {
        EASY: ["E/a1", "E/a2", "E/z1", "E/z2", "E/w11", "E/w22"],
        MIDDLE: ["forward", "E/z1", "E/z2", "E/w11", "E/w12", "E/b1"],
    }
    ask = asked.get(difficulty, ["forward", "gradients"])
    return Exercise(formula, ask, given=LAYER_GIVEN | {"t1": 1.0, "t2": 0.0}, told=told, **options)


def _softmax(difficulty: int, random: Random, options: Options) -> Exercise:
    names = [str(i) for i in range(1, (3 if difficulty == HARD else 2) + 1)]
    logits, outputs = [f"z{i}" for i in names], [f"p{i}" for i in names]
    formula = f"{', '.join(outputs)} = softmax({', '.join(logits)}); E = -ln(p1)"
    given = dict(zip(logits, (1.2, -0.4, 0.5)))
    if difficulty == EASY:
        return Exercise(formula, [*outputs, "E", "E/z1", "E/z2"], given=given, **options)
    layer = "; ".join(f"{z} = {w}*x + {b}" for z, w, b in zip(logits, ("u", "v", "w"), ("a", "b", "c")))
    given = dict(zip(("u", "v", "w", "a", "b", "c", "x"), (0.8, -0.5, 0.3, 0.1, 0.4, -0.2, 1.5)))
    formula = f"{layer}; {formula}"
    ask = ["forward", *[f"E/{z}" for z in logits], "E/u", "E/v", "E/x"]
    return Exercise(formula, ask, given=_used(given, formula), **options)


NETWORK = """
z1 = w1*x1 + w2*x2 + b1
z2 = w3*x1 + w4*x2 + b1
h1 = sigmoid(z1)
h2 = sigmoid(z2)
z3 = w5*h1 + w6*h2 + b2
z4 = w7*h1 + w8*h2 + b2
o1 = sigmoid(z3)
o2 = sigmoid(z4)
E1 = (t1 - o1)**2 / 2
E2 = (t2 - o2)**2 / 2
E = E1 + E2
"""
NETWORK_GIVEN = {
    "w1": 0.35, "w2": 0.62, "w3": -0.48, "w4": 0.71, "w5": 0.56, "w6": -0.83, "w7": 0.42, "w8": 0.67,
    "b1": 0.25, "b2": -0.35, "x1": 0.85, "x2": 1.4, "t1": 0.1, "t2": 0.9,
}  # fmt: skip


def _network(difficulty: int, random: Random, options: Options) -> Exercise:
    told = {EASY: "forward", MIDDLE: ["z1", "z2", "h1", "h2", "z3", "z4"]}.get(difficulty, [])
    deltas = ["E/o1", "E/o2", "E/z3", "E/z4", "E/w5", "E/w8", "E/h1", "E/z1", "E/w1", "E/w2"]
    ask = {EASY: deltas[:6], MIDDLE: ["o1", "o2", "E", *deltas]}.get(difficulty, ["forward", *deltas, "E/b1", "E/b2"])
    return Exercise(NETWORK, ask, given=NETWORK_GIVEN, told=told, **options)


def _training_step(difficulty: int, random: Random, options: Options) -> Exercise:
    f = _chosen(random, "tanh", "sigmoid")
    formula = {
        EASY: "y = w*x + b; E = (y - t)**2",
        MIDDLE: f"z = w*x + b; y = {f}(z); E = (y - t)**2 / 2",
        HARD: f"z = w*x + b; h = {f}(z); y = v*h + c; E = (y - t)**2 / 2",
    }[difficulty]
    parameters = [name for name in ("w", "b", "v", "c") if name in _names(formula)]
    after = ["E'"] if difficulty > EASY else []
    ask = ["forward", *[f"E/{name}" for name in parameters], "updates", *after]
    given = {"w": 0.7, "x": 1.6, "b": -0.3, "v": 1.1, "c": 0.2, "t": 1.0}
    trained = {"learning_rate": 0.1 if difficulty == EASY else 0.5, "parameters": parameters}
    return Exercise(formula, ask, given=_used(given, formula), training=trained, **options)


def _optimizer(name: str, kept: tuple[str, ...], constants: Options) -> Callable[[int, Random, Options], Exercise]:
    def make(difficulty: int, random: Random, options: Options) -> Exercise:
        f = _chosen(random, "tanh", "sigmoid")
        formula = {
            EASY: "E = (w*x - t)**2",
            MIDDLE: f"y = {f}(w*x); E = (y - t)**2",
            HARD: f"z = w*x + b; y = {f}(z); E = (y - t)**2",
        }[difficulty]
        times = "'" if difficulty < HARD else "''"
        first = ["E", "E/w", *[f"{x}(w)'" for x in kept], "w'"]
        second = ["E'", "E'/w'", *[f"{x}(w)''" for x in kept], "w''"] if times == "''" or not kept[1:] else []
        trained = {"optimizer": name, "learning_rate": 0.1, "parameters": ["w"], **constants}
        ask = [*["z", "y"][HARD - difficulty :], *first, *second]
        given = _used({"w": 0.6, "x": 1.5, "b": 0.3, "t": 1.0}, formula)
        return Exercise(formula, ask, given=given, training=trained, **options)

    return make


def _matrix_form(difficulty: int, random: Random, options: Options) -> Exercise:
    inputs = array([[1.2, -0.7], [0.4, 1.5]][: 1 if difficulty == EASY else 2], "X")
    sums = inputs @ array([[0.5, -0.8], [1.1, 0.3]], "W") + array([0.2, -0.4], "b")
    sums.label = "Z"
    outputs = sums
    if difficulty > EASY:
        outputs = sums.tanh() if _chosen(random, "tanh", "sigmoid") == "tanh" else sums.sigmoid()
        outputs.label = "A"
    squares = outputs * outputs
    loss = squares.sum() if difficulty < HARD else squares.mean()
    loss.label = "E"
    ask = ["Z", "E", "E/Z", "E/W"] if difficulty == EASY else ["Z", "A", "E", "E/A", "E/Z", "E/W", "E/b"]
    return Exercise(loss, [*ask, "E/X"] if difficulty == HARD else ask, **options)


def _used(given: Mapping[str, float], formula: str) -> dict[str, float]:
    """Those of the inputs that a formula has."""
    names = _names(formula)
    return {name: x for name, x in given.items() if name in names}


def _names(formula: str) -> set[str]:
    return set("".join([c if c.isalnum() else " " for c in formula]).split())


TOPICS: Mapping[str, Callable[[int, Random, Options], Exercise]] = {
    "chain rule": _chain_rule,
    "used twice": _used_twice,
    "neuron": _neuron,
    "layer": _layer,
    "softmax and loss": _softmax,
    "2-2-2 network": _network,
    "training step": _training_step,
    "momentum": _optimizer("momentum", ("v",), {"momentum": 0.9}),
    "adam": _optimizer("adam", ("m", "v", "mhat", "vhat"), {"beta1": 0.8, "beta2": 0.9}),
    "matrix form": _matrix_form,
}
"""What an exercise can be about, and what makes one."""
