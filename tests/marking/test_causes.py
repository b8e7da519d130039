"""Causes: one thing that was done differently all over a page is told as one slip; the pages are worked out by code of their own."""

import math
import re
from collections.abc import Callable, Mapping
from itertools import combinations, permutations
from random import Random
from types import MappingProxyType
from typing import NamedTuple

import pytest

from autograd_tiny import mark, optim
from autograd_tiny.engine.refusals import data_of
from autograd_tiny.engine.row import MistakenRule
from autograd_tiny.engine.table import TABLE
from autograd_tiny.formulas import read_formula
from autograd_tiny.marking.claims import read_claims
from autograd_tiny.marking.derivations import NamedGraph
from autograd_tiny.marking.diagnosis.altered import Altered, Change
from autograd_tiny.marking.diagnosis.causes import causes
from autograd_tiny.marking.forms.quantities import Quantity, data, read_quantity
from autograd_tiny.marking.judging.numbers import Numbers
from autograd_tiny.marking.training.setting import setting, training_of
from autograd_tiny.symbols.expression import Expression

FORMULA = """
z1 = w11*x1 + w12*x2 + b1; z2 = w21*x1 + w22*x2 + b2; h1 = tanh(z1); h2 = tanh(z2)
y1 = v11*h1 + v12*h2 + c1; y2 = v21*h1 + v22*h2 + c2; o1 = sigmoid(y1); o2 = sigmoid(y2)
E = ((o1 - t1)**2 + (o2 - t2)**2) / 2
"""
WEIGHTS = ("w11", "w12", "w21", "w22", "b1", "b2", "v11", "v12", "v21", "v22", "c1", "c2")
RATE = 0.5


def sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x))


class Slip(NamedTuple):
    """What the author of a page does differently."""

    hidden: Callable[[float], float] = math.tanh
    hidden_slope: Callable[[float, float], float] = lambda z, h: 1 - h * h
    output_slope: Callable[[float, float], float] = lambda y, o: o * (1 - o)
    transposed: bool = False
    early: bool = False
    rate: float = RATE
    given: Mapping[str, float] = MappingProxyType({})


def inputs(seed: int) -> dict[str, float]:
    random = Random(seed)
    given = {name: round(random.uniform(0.2, 0.9) * random.choice([-1, 1]), 2) for name in (*WEIGHTS, "x1", "x2")}
    return given | {"t1": 0.03, "t2": 0.96}


def worked_out(given: dict[str, float], slip: Slip) -> dict[str, float]:
    """Every number of the page, carried on at full precision."""
    g = {**given, **slip.given}
    z = [g[f"w{j}1"] * g["x1"] + g[f"w{j}2"] * g["x2"] + g[f"b{j}"] for j in (1, 2)]
    h = [slip.hidden(x) for x in z]
    y = [g[f"v{k}1"] * h[0] + g[f"v{k}2"] * h[1] + g[f"c{k}"] for k in (1, 2)]
    o = [sigmoid(x) for x in y]
    t = [g["t1"], g["t2"]]
    page = {f"{name}{i + 1}": x for name, xs in (("z", z), ("h", h), ("y", y), ("o", o)) for i, x in enumerate(xs)}
    page["E"] = sum((a - b) ** 2 for a, b in zip(o, t)) / 2
    dy = [(o[k] - t[k]) * slip.output_slope(y[k], o[k]) for k in (0, 1)]
    v = [[g[f"v{k}{j}"] for j in (1, 2)] for k in (1, 2)]
    for k in (0, 1):
        page[f"E/y{k + 1}"] = dy[k]
        for j in (0, 1):
            page[f"E/v{k + 1}{j + 1}"] = dy[k] * h[j]
            page[f"v{k + 1}{j + 1}'"] = v[k][j] - slip.rate * dy[k] * h[j]
    if slip.early:
        v = [[page[f"v{k}{j}'"] for j in (1, 2)] for k in (1, 2)]
    if slip.transposed:
        v = [[v[0][0], v[1][0]], [v[0][1], v[1][1]]]
    for j in (0, 1):
        dh = dy[0] * v[0][j] + dy[1] * v[1][j]
        dz = dh * slip.hidden_slope(z[j], h[j])
        page |= {f"E/h{j + 1}": dh, f"E/z{j + 1}": dz}
        for i in (1, 2):
            page[f"E/w{j + 1}{i}"] = dz * g[f"x{i}"]
            page[f"w{j + 1}{i}'"] = g[f"w{j + 1}{i}"] - slip.rate * dz * g[f"x{i}"]
    return page


def report(given: dict[str, float], numbers: dict[str, float], digits: int = 6, only: tuple[str, ...] = ()):
    recorded = read_formula(FORMULA.replace("\n", ";").strip(";")).record(given)
    weights = [recorded.nodes[name] for name in WEIGHTS]
    claims = {name: f"{x:.{digits}f}" for name, x in numbers.items() if not only or name in only}
    return mark(recorded.output, claims, optimizer=optim.SGD(weights, RATE))


SLIPS = {
    "the square is forgotten": Slip(hidden_slope=lambda z, h: 1 - h),
    "the rule of the sigmoid is applied": Slip(hidden_slope=lambda z, h: h * (1 - h)),
    "the rule of tan is applied": Slip(hidden_slope=lambda z, h: 1 + h * h),
    "the sigmoid itself is taken": Slip(output_slope=lambda y, o: o),
    "the rule of tanh is applied": Slip(output_slope=lambda y, o: 1 - o * o),
    "the derivative of sigmoid is missing everywhere": Slip(output_slope=lambda y, o: 1),
    "the derivative of tanh and sigmoid is taken at the input": Slip(
        hidden_slope=lambda z, h: 1 - z * z, output_slope=lambda y, o: y * (1 - y)
    ),
    "the matrix of v12 and v21 is transposed in the derivatives": Slip(transposed=True),
    "weights after their update": Slip(early=True),
    "sigmoid is taken for tanh": Slip(hidden=sigmoid, hidden_slope=lambda z, h: h * (1 - h)),
    "t1 and t2 are exchanged": Slip(given={"t1": 0.96, "t2": 0.03}),
    "the biases b1, b2, c1 and c2 are left out": Slip(given=dict.fromkeys(("b1", "b2", "c1", "c2"), 0.0)),
}


@pytest.mark.parametrize("what", SLIPS)
def test_one_slip_all_over_the_page_is_one_story(what):
    for seed in range(2):
        given = inputs(seed)
        found = report(given, worked_out(given, SLIPS[what]))
        slips = [m for m in found.marks if m.verdict in ("mistake", "wrong", "stale")]
        told = [sentence for sentence in found.story if what in sentence]
        assert len(found.story) == 2, (seed, found.story)
        assert len(told) == 1, (seed, found.story)
        assert {m.verdict for m in slips} == {"mistake"}


def test_an_honest_page_has_no_cause():
    for seed in range(6):
        for digits in (3, 5, 8):
            given = inputs(seed)
            assert report(given, worked_out(given, Slip()), digits).ok


def test_exchanged_inputs_and_two_causes_at_once():
    given = inputs(1)
    exchanged = Slip(given={"x1": given["x2"], "x2": given["x1"]})
    assert "x1 and x2 are exchanged throughout" in report(given, worked_out(given, exchanged)).story[1]
    both = report(given, worked_out(given, Slip(hidden_slope=lambda z, h: 1 - h, transposed=True)))
    assert [("square" in s, "transposed" in s) for s in both.story[1:]] in ([(False, True), (True, False)], [(True, False), (False, True)])


LATE = ("E", "E/w11", "E/w22", "E/v12")


def test_only_the_last_numbers_are_printed():
    for what in ("the square is forgotten", "sigmoid is taken for tanh", "the sigmoid itself is taken"):
        given = inputs(2)
        assert what in report(given, worked_out(given, SLIPS[what]), 7, LATE).story[1]


def test_one_number_alone():
    given = inputs(3)
    slip = Slip(hidden_slope=lambda z, h: 1, output_slope=lambda y, o: 1)
    (found,) = report(given, worked_out(given, slip), 8, ("E/w11",)).marks
    assert (found.mistake, found.cause) == ("activation derivative missing", "")
    assert "tanh and sigmoid" in found.why


def test_another_value_throughout():
    for name, number in (("b2", 0.77), ("x1", 0.35), ("t1", 0.5)):
        given = inputs(4)
        found = report(given, worked_out(given, Slip(given={name: number})), 7, LATE)
        assert f"{name} = {number} is used for {given[name]:g}" in " ".join(found.story), found.story


def test_another_learning_rate():
    given = inputs(5)
    updates = tuple(f"v{k}{j}'" for k in (1, 2) for j in (1, 2))
    found = report(given, worked_out(given, Slip(rate=0.37)), 7, updates)
    assert "the learning rate = 0.37 is used for 0.5" in found.story[1]


def test_two_that_give_the_same_numbers_are_both_named():
    """With equal inputs, an exchange of w11 and w12 changes nothing, and b1 does what w11 does."""
    given = inputs(6) | {"x1": 0.5, "x2": 0.5, "w21": 0.3, "w22": 0.3}
    found = report(given, worked_out(given, Slip(given={"w11": given["w11"] + 0.2})), 7, ("E", "E/v12", "E/y2"))
    told = " ".join(found.story)
    assert "w11 =" in told
    assert "w12 =" in told


def test_a_page_where_everything_is_wrong():
    given = inputs(7)
    random = Random(1)
    numbers = {name: random.uniform(-1, 1) for name in worked_out(given, Slip())}
    found = report(given, numbers)
    assert not any(m.cause for m in found.marks)
    assert sum(m.verdict == "mistake" for m in found.marks) <= 1


def test_random_numbers_have_no_cause():
    """Half of the page is random: no story is told of it."""
    for seed in range(3):
        given, random = inputs(seed), Random(seed)
        numbers = {name: random.uniform(-1, 1) if random.random() < 0.5 else x for name, x in worked_out(given, Slip()).items()}
        assert not any(m.cause for m in report(given, numbers, 4).marks)


def adam(given, betas=(0.9, 0.999), **options):
    recorded = read_formula("y = w*x + b; E = (y - t)**2").record(given)
    return mark(
        recorded.output,
        _two_steps(given, *betas),
        optimizer=optim.Adam([recorded.nodes["w"], recorded.nodes["b"]], 0.1, betas=(0.9, 0.999), **options),
    )


def _two_steps(given, beta1, beta2):
    numbers, w, b = {}, given["w"], given["b"]
    m, v = [0.0, 0.0], [0.0, 0.0]
    for step in (1, 2, 3):
        error = 2 * (w * given["x"] + b - given["t"])
        slopes = (error * given["x"], error)
        m = [beta1 * old + (1 - beta1) * g for old, g in zip(m, slopes)]
        v = [beta2 * old + (1 - beta2) * g * g for old, g in zip(v, slopes)]
        w, b = [x - 0.1 * (p / (1 - beta1**step)) / (math.sqrt(q / (1 - beta2**step)) + 1e-8) for x, p, q in zip((w, b), m, v)]
        primes = "'" * step
        numbers |= {f"m(w){primes}": m[0], f"v(w){primes}": v[0], f"w{primes}": w, f"b{primes}": b}
    return {name: f"{x:.7f}" for name, x in numbers.items()}


def test_an_optimizer_with_its_constants_exchanged():
    given = {"w": 0.4, "b": -0.2, "x": 1.3, "t": 0.9}
    assert adam(given).ok
    assert any("β1 and β2 are exchanged, in every update" in sentence for sentence in adam(given, (0.999, 0.9)).story)
    assert any("β1 is used for β2, in every update" in sentence for sentence in adam(given, (0.9, 0.9)).story)


# ── every cause by itself, and the numbers that follow with it ───────────────────────────────────────────────────────


def derivations_of(formula, at, claims, train=None, samples=()):
    """The quantities that are claimed, and how all follow from each other."""
    recorded = read_formula(formula).record(at)
    training = training_of(train(recorded.nodes), samples, "", None) if train else None
    said, _, derivations = setting(NamedGraph(recorded.output), read_claims([f"{claim} = 0" for claim in claims]), training)
    return [claim.quantity for claim in said], derivations


def number_by(cause, derivations, quantity):
    """What a quantity is if a page did that; what it is otherwise is known, and all that leads to it."""
    altered, numbers = Altered(derivations, cause.change), Numbers(derivations)
    numbers.of(quantity)
    return data_of(altered.numbers(numbers).of(quantity))


def told(derivations, *mistakes):
    return [(x.effort, x.mistake, x.what, x.place) for x in causes(derivations) if x.mistake in mistakes]


def test_what_may_have_been_done_differently_on_a_small_page():
    text, at = "z = w*x + b; h = tanh(z); e = h - t; f = t - x; g = h - z; E = e*f*g", dict(zip("wxbt", (0.1, 0.2, 0.3, 0.4)))
    _, derivations = derivations_of(text, at, ["z"])
    exchanged = [(x, y, where) for x, y in combinations("wxbt", 2) for where in ("throughout", "in the derivatives")]
    assert told(derivations, "activation derivative missing", "wrong point", "bias left out", "transposed", "exchanged") == [
        (1.2, "activation derivative missing", "the derivative of tanh is missing everywhere", "h"),
        (1.4, "wrong point", "the derivative of tanh is taken at the input in place of the output everywhere", "h"),
        (1.8, "bias left out", "the bias b is left out", "b"),
        (1.8, "exchanged", "h and t are exchanged", "h"),
        *[(2.5, "exchanged", f"{x} and {y} are exchanged {where}", x) for x, y, where in exchanged],
    ]


def test_a_matrix_may_have_been_transposed_in_the_derivatives_or_throughout():
    at = {"w11": 0.1, "w12": 0.2, "w21": 0.3, "w22": 0.4, "x": 0.5, "y": 0.6}
    _, derivations = derivations_of("z = w11*x + w12*y; u = w21*x + w22*y; E = z*u", at, ["z"])
    assert told(derivations, "transposed") == [
        (1.5, "transposed", "the matrix of w12 and w21 is transposed in the derivatives", "w12"),
        (1.6, "transposed", "the matrix of w12 and w21 is transposed", "w12"),
    ]


def test_up_to_six_functions_are_named_whose_derivative_is_missing_or_taken_elsewhere():
    names = ["relu", "tanh", "sigmoid", "gelu", "silu", "softplus"]
    text = f"a = {' + '.join(f'{name}(x)' for name in names[1:])}; p, q = softmax([a, x]); E = p*q"
    _, derivations = derivations_of(text, {"x": 0.3}, ["a"])
    group, *alone = [what for _, _, what, _ in told(derivations, "activation derivative missing")]
    assert group == "the derivative of tanh, sigmoid, gelu, silu, softplus and softmax is missing everywhere"
    assert alone == [f"the derivative of {name} is missing everywhere" for name in (*names[1:], "softmax")]
    where = "the derivative of {} is taken at the {} in place of the {} everywhere"
    by_output, by_input = ("tanh", "sigmoid", "silu", "softmax"), ("gelu", "silu", "softplus")
    at_input = [where.format(x, "input", "output") for x in ("tanh, sigmoid, silu and softmax", *by_output)]
    at_output = [where.format(x, "output", "input") for x in ("gelu, silu and softplus", *by_input)]
    assert [what for _, _, what, _ in told(derivations, "wrong point")] == at_input + at_output


@pytest.mark.parametrize(("leaves", "pairs"), [(9, 36), (12, 40), (13, 0)])
def test_any_two_of_few_leaves_may_have_been_exchanged(leaves, pairs):
    labels = "abcdfghijklmno"[:leaves]
    _, derivations = derivations_of(f"E = {'*'.join(labels)}", {x: i + 1.0 for i, x in enumerate(labels)}, ["E"])
    assert len(told(derivations, "exchanged")) == 2 * pairs


LINE, LINE_AT = "y = w*x + b; E = (y - t)**2", {"w": 0.4, "b": -0.2, "x": 1.3, "t": 0.9}


def momentum(nodes):
    return optim.SGD([nodes["w"], nodes["b"]], 0.1, momentum=0.9)


def test_what_may_have_been_done_differently_in_training():
    _, derivations = derivations_of(LINE, LINE_AT, ["w''", "E''", "v(w)''"], momentum)
    assert told(derivations, "updated weights used", "not updated", "old velocity", "bias left out") == [
        (1.4, "bias left out", "the biases b, b' and b'' are left out", "b"),
        *[(1.8, "bias left out", f"the bias {b} is left out", b) for b in ("b", "b'", "b''")],
        (1.3, "updated weights used", "the gradients are propagated with weights after their update, in all that follows", "w"),
        (1.3, "not updated", "after an update, the weights from before it are still used", "w"),
        (1.4, "old velocity", "the step is taken with v(w)' and the like, of before the update", "w'"),
    ]
    assert (1.6, "optimizer", "1 - μ is used for μ, in every update", "w'") in told(derivations, "optimizer")


SAMPLES = [{"x": 1.0, "t": 0.5}, {"x": 2.0, "t": 0.7}, {"x": 3.0, "t": 0.1}]


def test_the_inputs_of_another_sample_may_have_been_taken():
    _, derivations = derivations_of(LINE, LINE_AT, ["w''", "E''"], lambda nodes: optim.SGD([nodes["w"]], 0.1), SAMPLES)
    places = ("x", "x'", "x''")
    assert told(derivations, "another sample") == [
        (1.5, "another sample", "the inputs of the first sample are taken for all, x for x'", "x'"),
        (1.7, "another sample", "the inputs of the next sample are taken in every step, x' for x", "x"),
        (1.7, "another sample", "the inputs of the sample before are taken in every step, x for x'", "x'"),
        *[(1.8, "another sample", f"the inputs of another sample are taken, {y} for {x}", x) for x, y in permutations(places, 2)],
    ]


SLOPE = 2 * (0.4 * 1.3 - 0.2 - 0.9)  # ∂E/∂y before the first step
EPSILON = 0.5


def adam_once(slope, epsilon):
    """w after a step of Adam, whose corrected means are the slope and its square."""
    return 0.4 - 0.1 * slope / (abs(slope) + epsilon)


def after_two_steps(mu):
    w, b, v, u = 0.4, -0.2, 0.0, 0.0
    for _ in range(2):
        slope = 2 * (w * 1.3 + b - 0.9)
        v, u = mu * v + slope * 1.3, mu * u + slope
        w, b = w - 0.1 * v, b - 0.1 * u
    return w


@pytest.mark.parametrize(
    ("what", "claim", "train", "number"),
    [
        ("the bias b is left out", "y", momentum, 0.4 * 1.3),
        ("weights after their update", "E/x", momentum, SLOPE * (0.4 - 0.1 * SLOPE * 1.3)),
        ("the weights from before it are still used", "E'", momentum, (SLOPE / 2) ** 2),
        ("the step is taken with v(w)'", "w''", momentum, 0.4 - 0.2 * SLOPE * 1.3),
        ("1 - μ is used for μ", "w''", momentum, after_two_steps(1 - 0.9)),
        (
            "epsilon is added before the root is corrected",
            "w'",
            lambda nodes: optim.Adam([nodes["w"]], 0.1, epsilon=EPSILON),
            adam_once(SLOPE * 1.3, EPSILON / math.sqrt(1 - 0.999)),
        ),
    ],
)
def test_the_numbers_that_follow(what, claim, train, number):
    (quantity, _, _), derivations = derivations_of(LINE, LINE_AT, [claim, "w''", "E''"], train)
    (cause,) = [cause for cause in causes(derivations) if what in cause.what]
    assert number_by(cause, derivations, quantity) == pytest.approx(number, rel=1e-12)


def test_what_only_the_declared_optimizer_keeps_has_no_number_by_another():
    claim = "mhat(w)''"
    (quantity,), derivations = derivations_of(LINE, LINE_AT, [claim], lambda nodes: optim.Adam([nodes["w"]], 0.1))
    (cause,) = [cause for cause in causes(derivations) if "update is that without bias correction (bias_correction = false)," in cause.what]
    with pytest.raises(ValueError, match=f"{re.escape(claim)} stands beside no step of this optimizer"):
        number_by(cause, derivations, quantity)


@pytest.mark.parametrize(
    ("change", "reached"),
    [
        (Change(), ""),
        (Change(given={"w": 1.0}, renamed={data("w"): data("x")}), ""),
        (Change(functions={"h": TABLE["sigmoid"]}), "h h/z E/z"),
        (Change(rules={"h": MistakenRule("", lambda out, x: [out], "")}), "h/z E/z"),
        (Change(formulas={data("z"): Expression.literal(2.0)}), "z"),
    ],
)
def test_what_is_worked_out_anew_by_a_change(change, reached):
    """Formulas that may be others; what only uses these has its own formula."""
    _, derivations = derivations_of("z = w*x; h = tanh(z); E = (h - t)**2", {"w": 0.4, "x": 1.3, "t": 0.9}, ["z"])
    quantities = map(read_quantity, ("w", "z", "h", "E", "E/h", "h/z", "E/z", "z/w", "E/w", "E/h/z", "h/z/w"))
    altered = Altered(derivations, change)
    assert [quantity for quantity in quantities if altered.differs(quantity)] == list(map(read_quantity, reached.split()))


def test_another_training_has_other_updates():
    _, derivations = derivations_of(LINE, LINE_AT, ["v(w)''", "E''"], momentum)
    (cause,) = [cause for cause in causes(derivations) if "1 - μ is used for μ" in cause.what]
    quantities = [*map(read_quantity, ("w", "y", "E/w", "w'", "v(w)'", "y'", "E'", "E'/w'", "w''", "b''")), Quantity("change", ("w'",))]
    found = [str(quantity) for quantity in quantities if Altered(derivations, cause.change).differs(quantity)]
    assert found == ["w'", "v(w)'", "w''", "b''", "Δw"]


def test_the_numbers_that_follow_with_an_output_and_its_target_exchanged():
    (y, e), derivations = derivations_of("y = t*w; e = y - t; E = e**2", {"t": 0.3, "w": 2.5}, ["y", "e"])
    (cause,) = [cause for cause in causes(derivations) if cause.what == "y and t are exchanged"]
    assert number_by(cause, derivations, y) == 0.3 * 2.5  # which is computed from the target, too
    assert number_by(cause, derivations, e) == 0.3 - 0.3 * 2.5


@pytest.mark.parametrize(
    ("what", "order"), [("first sample are taken for all", (0, 0)), ("next sample", (1, 2)), ("sample before", (0, 0))]
)
def test_the_numbers_that_follow_with_other_samples(what, order):
    (e, _), derivations = derivations_of(LINE, LINE_AT, ["E'", "E''"], lambda nodes: optim.SGD([nodes["w"]], 0.1), SAMPLES)
    (cause,) = [cause for cause in causes(derivations) if what in cause.what]
    first, second = (SAMPLES[k] for k in order)
    w = 0.4 - 0.1 * 2 * (0.4 * first["x"] - 0.2 - first["t"]) * first["x"]
    assert number_by(cause, derivations, e) == pytest.approx((w * second["x"] - 0.2 - second["t"]) ** 2, rel=1e-12)
