"""What an author's precision excuses: single and half precision, rounding at every step, one unit of the last digit."""

import math
import struct
from collections.abc import Callable
from functools import partial
from random import Random

import pytest

from autograd_tiny import Value, cli, mark
from autograd_tiny.formulas import read_formula
from autograd_tiny.marking.claims import read_claim
from autograd_tiny.marking.derivations import Derivations, NamedGraph
from autograd_tiny.marking.forms.printed import read_number
from autograd_tiny.marking.judging.precision import (
    BFLOAT16,
    HALF,
    SINGLE,
    Evidence,
    Format,
    Single,
    cuts_digits,
    format_of,
    likelihood_ratio,
    to_digits,
)

FORMULA = "z = w1*x1 + w2*x2 + b; h = sigmoid(z); y = h*v; E = (y - t)**2"
NAMES = ("x1", "x2", "w1", "w2", "v", "b", "t")


def stored(code: str, x: float) -> float:
    return struct.unpack(code, struct.pack(code, x))[0]


def by_hand(f: Callable[[float], float], given: dict[str, float], after: Callable[[float], float]) -> dict[str, float]:
    """Every number of the page, each operation rounded by ``f``, each quantity by ``after``."""
    x1, x2, w1, w2, v, b, t = (f(given[name]) for name in NAMES)
    z = after(f(f(f(w1 * x1) + f(w2 * x2)) + b))
    h = after(f(1 / f(1 + f(math.exp(-z)))))
    y = after(f(h * v))
    error = f(y - t)
    dy = after(f(2 * error))
    dh = after(f(dy * v))
    dz = after(f(dh * f(h * f(1 - h))))
    slopes = {"E/y": dy, "E/h": dh, "E/z": dz, "E/w1": after(f(dz * x1)), "E/x1": after(f(dz * w1))}
    return {"z": z, "h": h, "y": y, "E": after(f(error * error)), **slopes}


def inputs(seed: int) -> dict[str, float]:
    random = Random(seed)
    return {name: round(random.uniform(0.2, 1.5) * random.choice([-1, 1]), 2) for name in NAMES}


def marked(given: dict[str, float], numbers: dict[str, str], formula: str = FORMULA):
    return mark(read_formula(formula).record(given).output, numbers)


def same(x: float) -> float:
    return x


@pytest.mark.parametrize("digits", [6, 8, 9, 10])
@pytest.mark.parametrize("code", ["f", "e"])
def test_pages_in_single_and_half_precision_are_right(code, digits):
    for seed in range(6):
        given = inputs(seed)
        numbers = by_hand(partial(stored, code), given, same)
        report = marked(given, {name: f"{x:.{digits}f}" for name, x in numbers.items()})
        assert not report.slips, (seed, str(report))
        assert set(report.counts) <= {"right", "rounded"} or code == "f"


def test_single_precision_is_said():
    given = inputs(3)
    report = marked(given, {name: f"{x:.9f}" for name, x in by_hand(partial(stored, "f"), given, same).items()})
    assert {m.why for m in report.marks} <= {"", "as single precision gives it"}
    assert any(m.sentence.endswith(" is right, as single precision gives it.") for m in report.marks)


def test_numbers_below_the_normal_ones_of_half_precision_are_right():
    f = partial(stored, "e")
    w, x, s = 0.73, 1.31, 1e-7
    a = f(f(w) * f(x))
    numbers = {"a": a, "b": f(a * a), "y": f(f(a * a) * f(s))}
    assert numbers["y"] == 2.0**-23 > 1.3 * (w * x) ** 2 * s
    claims = {name: f"{value:.12f}" for name, value in numbers.items()}
    assert set(marked({"w": w, "x": x, "s": s}, claims, "a = w*x; b = a*a; y = b*s").counts) == {"right"}


def as_bfloat16(x: float) -> float:
    """The upper half of a number of single precision, rounded to even."""
    (bits,) = struct.unpack("<I", struct.pack("<f", x))
    bits += 0x7FFF + (bits >> 16 & 1)
    return struct.unpack("<f", struct.pack("<I", bits & 0xFFFF0000))[0]


def test_a_page_in_bfloat16_is_right_and_a_slip_on_it_is_none_of_its_errors():
    for seed in range(6):
        given = inputs(seed)
        numbers = {name: f"{x:.9f}" for name, x in by_hand(as_bfloat16, given, same).items()}
        assert not marked(given, numbers).slips, seed
        wrong = numbers | {"y": f"{float(numbers['y']) * 1.2:.9f}"}
        assert [m.claim.called for m in marked(given, wrong).slips] == ["y"]


def test_numbers_with_more_digits_than_the_format_has_speak_against_it():
    right = by_hand(same, inputs(1), same)
    numbers = {name: f"{x:.9f}" for name, x in right.items()}
    numbers |= {name: f"{as_bfloat16(right[name]):.9f}" for name in ("E/w1", "E/x1")}
    assert {m.claim.called for m in marked(inputs(1), numbers).slips} == {"∂E/∂w1", "∂E/∂x1"}


def test_a_mistake_is_seen_in_a_number_that_has_but_the_digits_of_single_precision():
    given = {"x": 0.73, "w": 1.31}
    h = math.tanh(given["w"] * given["x"])
    (found,) = marked(given, {"E/w": repr(2 * h * (1 - h) * 0.73 * (1 + 2e-8))}, "h = tanh(w*x); E = h**2").marks
    assert (found.verdict, found.mistake) == ("mistake", "mistaken rule")


def test_a_slip_on_a_page_in_single_precision_is_seen():
    given = inputs(3)
    numbers = {name: f"{x:.9f}" for name, x in by_hand(partial(stored, "f"), given, same).items()}
    numbers["E/w1"] = f"{-float(numbers['E/w1']):.9f}"
    numbers["h"] = f"{float(numbers['h']) + 4e-6:.9f}"
    assert [(m.claim.called, m.verdict) for m in marked(given, numbers).slips] == [("h", "wrong"), ("∂E/∂w1", "mistake")]


@pytest.mark.parametrize("places", [2, 3])
@pytest.mark.parametrize("every_operation", [False, True])
def test_rounding_at_every_step(places, every_operation):
    found = 0
    for seed in range(8):
        given = inputs(seed)
        shorter = partial(round, ndigits=places)
        numbers = by_hand(shorter if every_operation else same, given, shorter)
        texts = {name: f"{numbers[name]:.{places + 3}f}" for name in ("E", "E/w1", "E/x1", "E/h", "z")}
        report = marked(given, texts)
        found += any(f"every number is rounded to {places} decimal places before" in m.why for m in report.marks)
        assert not [m for m in report.slips if "every number" in m.why]
    assert found >= 6


def test_one_unit_of_the_last_digit_has_a_verdict_of_its_own():
    given = {"w": 0.7, "x": 1.3}  # sigmoid(0.91) = 0.713005..., its derivative 0.204629...
    formula = "z = w*x; o = sigmoid(z)"
    (below,) = marked(given, {"o": "0.71299"}, formula).marks
    assert (below.verdict, below.mistake) == ("last digit", "")
    assert below.sentence == "o = 0.71299: its last digit is one unit off, and nothing known explains that; the engine's number is 0.71300."
    verdicts = {text: marked(given, {"o": text}, formula).marks[0].verdict for text in ("0.71301", "0.71302", "0.71298", "0.70", "0.8")}
    assert verdicts == {"0.71301": "last digit", "0.71302": "wrong", "0.71298": "wrong", "0.70": "wrong", "0.8": "wrong"}


def test_a_number_without_further_digits_has_no_last_digit_to_be_off():
    assert marked({"x": 2.0, "y": 1.25}, {"q": "3.26"}, "q = x + y").marks[0].verdict == "wrong"


PAGE = """\
formula = "z = w*x; o = sigmoid(z)"
claims = ["z = 0.91", "o = 0.71299"]
[inputs]
w = 0.7
x = 1.3
"""


@pytest.mark.parametrize("format_", ["text", "json", "junit", "sarif", "github"])
def test_strict_fails_a_build_for_a_last_digit(tmp_path, capsys, format_):
    page = tmp_path / "page.toml"
    page.write_text(PAGE, encoding="utf-8")
    assert cli.main(["mark", str(page), "--format", format_]) == 0
    assert cli.main(["mark", str(page), "--format", format_, "--strict"]) == 1
    assert "wrong" in capsys.readouterr().out


@pytest.mark.parametrize(("form", "code"), [(SINGLE, "f"), (HALF, "e")])
def test_formats_are_those_of_the_machine(form: Format, code):
    random = Random(1)
    for power in range(-20, 12):  # the smallest of them are subnormal in half precision
        x = random.uniform(-2, 2) * 2.0**power
        assert form.round(x) == stored(code, x)
    assert form.round(1.0 + form.spacing(1.0) / 2) == 1.0
    with pytest.raises(OverflowError, match=f"too large for {form.name} precision"):
        form.round(2.0 ** form.exponents[1])
    for _ in range(200):
        x = random.uniform(-2, 2)
        assert form.round(x) == stored(code, x)
        assert form.has(read_number(f"{stored(code, x):.9f}"))
        neighbour = form.round(x) + form.spacing(x)
        assert form.round(neighbour) == neighbour
        assert form.round(form.round(x) + 0.4 * form.spacing(x)) == form.round(x)


@pytest.mark.parametrize(
    ("form", "largest", "smallest"),
    [
        (SINGLE, 3.4028234663852886e38, 2.0**-149),
        (HALF, 65504.0, 2.0**-24),
        (BFLOAT16, 3.3895313892515355e38, 2.0**-133),
    ],
)
def test_formats_end_where_those_of_the_machine_do(form: Format, largest, smallest):
    """IEEE 754's binary32 and binary16, and the first half of a binary32."""
    for sign in (1.0, -1.0):
        assert form.round(sign * largest) == sign * largest
        beyond = largest + form.spacing(largest) / 2
        assert form.round(sign * math.nextafter(beyond, 0.0)) == sign * largest
        with pytest.raises(OverflowError, match="is too large"):
            form.round(sign * beyond)
        assert form.round(sign * smallest) == sign * smallest
        assert form.round(sign * 0.6 * smallest) == sign * smallest
        assert math.copysign(1.0, form.round(sign * 0.4 * smallest)) == sign
        assert form.round(sign * 0.4 * smallest) == 0.0
        assert form.round(sign * math.inf) == sign * math.inf
    assert math.isnan(form.round(math.nan))
    assert not form.changes(largest)
    assert form.changes(largest * (1.0 - 2.0**-30))
    assert not form.changes(2.0 * largest)  # it has none that is near
    assert not form.has(read_number("1e39"))
    assert not form.has(read_number("1e39"), cut=True)


def test_each_number_counts_by_how_likely_it_fits_by_chance():
    assert likelihood_ratio([]) == 1.0
    assert likelihood_ratio([Evidence(True, 0.1)]) == pytest.approx(0.95 / 0.1)
    assert likelihood_ratio([Evidence(False, 0.1)]) == pytest.approx(0.05 / 0.9)
    assert likelihood_ratio([Evidence(True, 1.0), Evidence(False, 1.0)]) == 1.0  # what fits anyway says nothing
    several = [Evidence(True, 0.1), Evidence(False, 0.5), Evidence(True, 0.2)]
    assert likelihood_ratio(several) == pytest.approx(9.5 * 0.1 * 4.75)


def test_three_numbers_with_digits_cut_off_show_how_a_page_does_it():
    """Each is 19 times likelier so, and 19 · 19 is below 1000; one that was rounded takes 0.0526 of that."""

    def cuts(*pairs):
        return cuts_digits((read_claim(f"y = {text}"), value) for text, value in pairs)

    cut, rounded, both, zero = ("0.56", 0.568), ("0.57", 0.568), ("0.56", 0.562), ("0", 0.9)
    assert cuts(cut, cut, cut)
    assert not cuts(cut, cut)
    assert not cuts(cut, cut, both, zero)
    assert not cuts(cut, cut, cut, rounded)
    assert cuts(cut, cut, cut, cut, rounded)
    assert not cuts(rounded, rounded, rounded)


# What the product of each is in single precision rounds to a larger number at the eighth decimal place.
FACTORS = [(1.029, 1.466), (1.901, 1.113), (1.544, 1.574), (1.279, 1.916), (1.797, 1.139)]


def products(precisions: str, first: float = 0.0):
    """Products, printed as single ("s") or double ("d") precision gives them; of the first one another number."""
    nodes, numbers = [], []
    for k, (precision, (x, w)) in enumerate(zip(precisions, FACTORS)):
        node = Value(x, f"x{k}") * Value(w, f"w{k}")
        node.label = f"y{k}"
        nodes.append(node)
        x = SINGLE.round(SINGLE.round(x) * SINGLE.round(w)) if precision == "s" else node.data
        numbers.append((read_claim(f"y{k} = {first:.10f}" if first and not k else f"y{k} = {x:.8f}"), node.data))
    return Single(Derivations(NamedGraph(sum(nodes[1:], nodes[0]))), numbers), *numbers[0]


@pytest.mark.parametrize(
    ("precisions", "likelier"),
    [
        *[("s", False), ("ss", False), ("sss", True)],  # two others must speak for it
        *[("dss", True), ("sds", False), ("sdss", True), ("sddss", False), ("sdd", False)],  # and more than against it
    ],
)
def test_errors_of_single_precision_are_excused_where_most_others_have_them(precisions, likelier):
    single, claim, value = products(precisions)
    assert single.may_give(claim, value, 3e-7, 0.0) is likelier
    assert single.may_give(claim, value, claim.printed.unit, 9e-8) is likelier
    assert not single.may_give(claim, value, 0.9 * claim.printed.unit, 9e-8)  # they cannot reach what is printed
    assert not single.may_give(claim, value + 1e-6, 3e-7, 0.0)


def test_one_number_of_single_precision_is_believed_where_there_are_others():
    for precisions, alone, told in (("s", True, True), ("s", False, False), ("ss", False, True), ("ds", True, False)):
        single, claim, _ = products(precisions)
        assert single.gives(claim, (), alone=alone) is told


@pytest.mark.parametrize(("steps", "told"), [(1, True), (2, True), (3, False), (-2, True), (-3, False), (0.5, False)])
def test_a_number_two_steps_of_single_precision_off_is_still_that(steps, told):
    x, w = FACTORS[0]
    right = SINGLE.round(SINGLE.round(x) * SINGLE.round(w))
    off = right + steps * SINGLE.spacing(right)
    single, claim, _ = products("sss", off)
    assert single.gives(claim, (), alone=True) is told
    assert not products("s", off)[0].gives(claim, (), alone=True)  # no other number is one of single precision
    if steps == 3:  # it is, if it follows from what the page prints
        assert single.gives(claim, (right + SINGLE.spacing(right), math.nan), alone=True)


def test_a_number_two_steps_of_single_precision_off_may_have_its_digits_cut():
    single, claim, _ = products("sss", 1.50851428699)  # two steps above the product in single precision
    for text, told in (("1.50851428", True), ("1.50851429", True), ("1.50851427", False)):
        assert single.gives(claim._replace(printed=read_number(text)), (), alone=True) is told


CUTS = "z = w1*x + w3*y; a = exp(z); d = exp(w1); e = sigmoid(x); E = a + d + e"
DECIMALS = {"x": 0.7, "y": 1.1, "w1": 0.3, "w3": 1.7}


@pytest.mark.parametrize(
    ("others", "verdict"),
    [
        ({"a": "8.0044", "d": "1.3498", "e": "0.6681"}, "right"),
        ({"a": "8.0045", "d": "1.3499", "e": "0.6682"}, "wrong"),
        ({}, "wrong"),
    ],
)
def test_what_is_a_little_less_in_single_precision_is_cut_below_by_pages_that_cut(others, verdict):
    """z is 2.08, which in single precision may become 2.0799999."""
    report = marked(DECIMALS, {"z": "2.0799", **others}, CUTS)
    assert report.marks[0].verdict == verdict
    assert [m.verdict for m in report.marks[1:]].count("wrong") == 0


def test_a_divisor_that_is_printed_as_zero_leaves_what_follows_undecided():
    given, formula = {"a": 0.0004, "b": 1.3}, "d = a*b; y = 1/d"
    assert [m.verdict for m in marked(given, {"d": "0.00", "y": "1921.00"}, formula).marks] == ["right", "undecided"]
    assert [m.verdict for m in marked(given, {"d": "0.00", "y": "1923.08"}, formula).marks] == ["right", "right"]
    assert [m.verdict for m in marked(given, {"d": "0.10", "y": "1921.00"}, formula).marks] == ["wrong", "wrong"]


def test_the_author_may_have_gone_on_with_what_follows_from_the_page_unrounded():
    """s is printed with two digits: the derivative of its root there tells too little of how far 1/√s may be off."""
    given, formula = {"x": 0.0034057, "b": 0.1}, "g = 1*x; s = b*g**2; y = 1/sqrt(s)"
    page = {"g": "0.0034", "s": f"{0.1 * 0.0034**2:.7f}", "y": f"{1 / math.sqrt(0.1 * 0.0034**2):.2f}"}
    assert [m.verdict for m in marked(given, page, formula).marks] == ["right", "right", "rounded"]
    assert marked(given, {**page, "y": "935.00"}, formula).marks[2].verdict == "wrong"


IN_SINGLE = {
    "a number that is cut below, as others are cut": (
        {"x1": -1.46, "x2": -1.4, "w1": 0.2, "w2": -1.02, "v": -0.89, "b": -0.75, "t": 0.66},  # z is 0.386
        {"z": "0.385", "y": "-0.529834275", "E": "1.415705603", "E/w1": "-0.744940781"},
        ["as single precision gives them", "digits are cut off", "digits are cut off", "digits are cut off"],
    ),
    "derivatives alone": (
        {"x1": 0.22, "x2": 1.24, "w1": -0.67, "w2": 0.39, "v": 0.8, "b": -0.38, "t": 1.43},
        {"E/y": "-2.07751704", "E/h": "-1.66201365", "E/z": "-0.41530418"},
        ["single precision may give it", "it follows from rounded numbers", "it follows from rounded numbers"],
    ),
    "what follows from numbers of single precision": (
        {"x1": 0.55, "x2": 1.48, "w1": -1.21, "w2": 0.21, "v": -0.85, "b": -0.66, "t": -0.85},
        {"h": "0.2660611", "E/y": "1.2476962", "E/h": "-1.0605419"},
        ["", "", "it follows from rounded numbers"],
    ),
}


@pytest.mark.parametrize("page", IN_SINGLE)
def test_numbers_that_were_worked_out_in_single_precision(page):
    given, numbers, reasons = IN_SINGLE[page]
    exact = by_hand(partial(stored, "f"), given, same)
    for name, text in numbers.items():  # they are
        assert abs(exact[name] - float(text)) <= 10.0 ** -len(text.partition(".")[2]) + 4.0 * SINGLE.spacing(exact[name])
    found = marked(given, numbers).marks
    assert {m.verdict for m in found} <= {"right", "rounded"}
    assert [m.why.endswith(reason) for m, reason in zip(found, reasons)] == [True] * len(found)


def test_what_was_rounded_to_three_places_is_gone_on_with_unrounded():
    given = {"x1": 0.24, "x2": 1.08, "w1": 1.18, "w2": 1.16, "v": -1.22, "b": -0.71, "t": 0.94}
    shorter = partial(round, ndigits=3)
    numbers = by_hand(same, given, shorter)
    texts = {name: f"{numbers[name]:.9f}" for name in ("h", "E", "E/z", "E/x1")}
    assert [m.verdict for m in marked(given, texts).marks] == ["rounded"] * 4


@pytest.mark.parametrize(("exact", "told"), [([], None), (["0.3333"] * 3, None), (["0.3331"], None)])
def test_the_engines_numbers_speak_for_no_format(exact, told):
    """0.299805 is one of half precision, which 1 in 244 numbers are; 0.3333 is one, too, rounded, and 0.3331 is none."""
    assert format_of([read_claim("y = 0.299805")], [read_claim(f"z = {text}") for text in exact], cut=False) is told


def test_two_numbers_of_half_precision_show_it():
    assert format_of([read_claim("y = 0.299805"), read_claim("z = 0.333252")], [], cut=False) == HALF


def test_rounding_to_three_digits_at_every_step_shows_in_two_large_numbers():
    """By chance a number fits that in 1 of 200 cases: of its third digit, a ten, half is 50 times its last digit's unit."""
    given = {"a": 31.3, "b": 41.7, "c": 21.3, "d": 91.7}
    page = {"p": f"{to_digits(3, 31.3 * 41.7):.1f}", "q": f"{to_digits(3, 21.3 * 91.7):.1f}"}  # 1310.0 and 1950.0
    report = marked(given, page, "p = a*b; q = c*d; E = p + q")
    assert {m.why for m in report.marks} == {"every number is rounded to 3 digits before it is gone on with"}
