"""What is known of a number by how it was printed: unprinted numbers before it, several prints of one, printed inputs."""

import math
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd_tiny import Value, mark
from autograd_tiny.engine.refusals import data_of
from autograd_tiny.formulas import read_formula
from autograd_tiny.marking.claims import Claim, read_claim, read_input
from autograd_tiny.marking.derivations import Derivations, NamedGraph
from autograd_tiny.marking.forms.blanks import unread
from autograd_tiny.marking.forms.printed import read_number
from autograd_tiny.marking.forms.quantities import data, read_quantity
from autograd_tiny.marking.forms.spoken import Words
from autograd_tiny.marking.judging.numbers import Numbers, Source
from autograd_tiny.marking.judging.precision import Evidence, likelihood_ratio, usual_form, weighed
from autograd_tiny.marking.marks import FAITHFUL, Mark
from autograd_tiny.marking.pages import Page, PageError, read_page


def marks(formula, at, claims, **given):
    return mark(read_formula(formula).record(at).output, claims, **given).marks


def verdicts(formula, at, claims, **given):
    return [m.verdict for m in marks(formula, at, claims, **given)]


# ── a number that is not printed was rounded ─────────────────────────────────────────────────────────────────────────

PRODUCT = "d = a*b; y = d*w"
NUMBERS = {"a": -0.2170715347, "b": 0.1755100528, "w": 0.5}


def test_an_unprinted_number_was_rounded_before():
    (found,) = marks(PRODUCT, NUMBERS, ["y = -0.019049119"])
    assert (found.verdict, found.why) == ("rounded", "it follows from d, which was rounded and is not printed")


def test_what_no_rounding_gives_stays_wrong():
    for wrong in ("-0.019049116", "-0.019049120", "-0.019049128", "-0.019046"):
        assert verdicts(PRODUCT, NUMBERS, [f"y = {wrong}"]) == ["wrong"]


def test_unprinted_derivatives_and_numbers_without_a_label():
    deep = "z = w*x; o = sigmoid(z); E = (o - t)**2 / 2"
    given = {"w": 0.437, "x": 1.913, "t": 0.01}
    z = 0.437 * 1.913
    o = 1 / (1 + 2.718281828459045**-z)
    exact = (o - 0.01) * (o * (1 - o)) * 1.913
    by_hand = round(round(o - 0.01, 4) * round(o * (1 - o), 4), 4) * 1.913
    assert f"{by_hand:.4f}" != f"{exact:.4f}"
    assert verdicts(deep, given, [f"E/w = {by_hand:.4f}"]) == ["rounded"]
    off = float(f"{exact:.4f}") - 2 * (float(f"{by_hand:.4f}") - float(f"{exact:.4f}"))
    assert verdicts(deep, given, [f"E/w = {off:.4f}"]) == ["wrong"]


def test_a_number_without_further_digits_is_not_excused():
    """3 (1/3) is 1: whoever prints 0.999 prints a wrong number."""
    assert verdicts("d = 1 / a; y = d * a", {"a": 3.0}, ["y = 0.999"]) == ["wrong"]
    assert verdicts("d = a * b; y = d + c", {"a": 0.25, "b": 0.5, "c": 0.375}, ["y = 0.49"]) == ["wrong"]


def test_numbers_with_the_engines_digits_were_not_rounded_at_every_step():
    """q and r are what one digit at every step gives; z and p, where they are printed, have five that are right."""
    steps, at = "z = 0.61*x; p = z*y; q = p + 1.25; r = q*p", {"x": 0.77, "y": 0.93}
    rounded = ["q = 2.00000", "r = 1.00000"]
    assert verdicts(steps, at, rounded) == ["rounded", "rounded"]
    assert verdicts(steps, at, ["z = 0.46970", "p = 0.43682", *rounded]) == ["right", "right", "wrong", "wrong"]


def network(random):
    """A small network in formulas, its inputs, and what could be claimed."""
    given = {name: round(random.uniform(-1.5, 1.5), random.choice([2, 10])) for name in ("w1", "w2", "v1", "v2", "x1", "x2", "b", "t")}
    formula = "z1 = w1*x1 + w2*x2 + b; h1 = tanh(z1); z2 = w2*x1; h2 = sigmoid(z2); y = v1*h1 + v2*h2; E = (y - t)**2 / 2"
    return formula, given, ("z1", "h1", "h2", "y", "E", "E/y", "E/v1", "E/h1", "E/w1", "E/w2", "E/x1", "y/w1", "h1/z1")


def wrong_numbers(count, seed, change):
    """Wrong numbers, alone on their page, so that everything before is unprinted; the verdicts."""
    for n in range(count):
        random = Random(f"{seed} {n}")
        formula, given, quantities = network(random)
        root = read_formula(formula).record(given).output
        text = random.choice(quantities)
        value = data_of(Numbers(Derivations(NamedGraph(root))).of(read_quantity(text)))
        digits = random.randint(3, 8)
        shown = f"{change(random, value, digits):.{digits}f}"
        printed = read_number(shown)
        if not (printed.rounds(value) or printed.cuts(value)):
            yield mark(root, [f"{text} = {shown}"]).marks[0]


COUNTS = pytest.mark.parametrize("count", [24, pytest.param(120, marks=pytest.mark.slow)])


@COUNTS
def test_random_wrong_numbers_are_not_excused(count):
    found = list(wrong_numbers(count, 1, lambda random, x, digits: random.uniform(-2, 2) * abs(x)))
    assert len(found) > 0.8 * count
    assert sum(m.verdict in FAITHFUL for m in found) <= 1


@COUNTS
def test_numbers_a_few_units_off_are_seldom_excused(count):
    found = list(wrong_numbers(count, 2, lambda random, x, digits: x + random.choice([-1, 1]) * random.uniform(3, 30) * 10.0**-digits))
    assert len(found) > 0.8 * count
    assert sum(m.verdict in FAITHFUL for m in found) <= 0.045 * count


# ── the finest print of a quantity counts ────────────────────────────────────────────────────────────────────────────

NEURON = "z = w*x; o = sigmoid(z)"
AT = {"w": 0.5, "x": 2.449}  # o = 0.772854496159..., o (1 - o) = 0.175550423925...
WRONG = "o/z = 0.175550433"


@pytest.mark.parametrize(
    "before",
    [
        ["o = 0.772854496"],
        ["o = 0.772854", "o = 0.772854496"],
        ["o = 0.772854496", "o = 0.772854"],
        ["o = 0.77", "o = 0.772854496", "o = 0.773"],
        ["o = 0.77", "o = 0.7728", "o = 0.772854496"],
    ],
)
def test_a_coarse_print_excuses_no_fine_number(before):
    assert verdicts(NEURON, AT, [*before, WRONG])[-1] == "wrong"
    assert verdicts(NEURON, AT, [*before, "o/z = 0.175550424"])[-1] == "right"


def test_a_coarse_print_alone_excuses():
    assert verdicts(NEURON, AT, ["o = 0.772854", WRONG]) == ["right", "rounded"]


def test_a_misprint_excuses_nothing_that_a_fine_print_does_not():
    for before in (["o = 0.772851", "o = 0.772854496"], ["o = 0.772854496", "o = 0.772851"]):
        assert verdicts(NEURON, AT, [*before, WRONG])[-1] == "wrong"


def test_numbers_that_differ_are_both_gone_on_with():
    first, second = "o = 0.7610", "o = 0.7729"
    for slope in (0.7610 * (1 - 0.7610), 0.7729 * (1 - 0.7729)):
        assert verdicts(NEURON, AT, [first, second, f"o/z = {slope:.4f}"])[-1] != "wrong"


def test_of_many_numbers_for_one_quantity_the_first_and_the_last_are_kept():
    x = Value(3.0, "x")
    numbers = Numbers(Derivations(NamedGraph(x * 1.0)))
    for k in range(40):
        claim = read_claim(f"x = 3.{k:02d}")
        numbers.take(claim.quantity, Source(Mark(k, claim, 3.0, "wrong"), lambda _: 0.0))
        kept = [round(100 * (value.data - 3.0)) for value in numbers.earlier.get(claim.quantity, ())]
        assert kept == ([*range(k)] if k <= 16 else [0, *range(k - 15, k)])
    assert numbers.printed[claim.quantity].data == 3.39


def test_a_finer_print_is_gone_on_with_at_once():
    """E/z, which nothing prints, was worked out from the coarse o, and is worked out again from the fine one."""
    formula = "z = w*x; o = sigmoid(z); E = (o - t)**2"
    given = AT | {"t": 0.3}
    slope = 2 * (0.772854496 - 0.3) * 0.175550424
    claims = ["o = 0.77", f"E/w = {slope * 2.449:.8f}", "o = 0.772854496", f"E/x = {slope * 0.5 + 4e-7:.9f}"]
    assert verdicts(formula, given, claims) == ["right", "right", "right", "wrong"]


# ── inputs as they were printed ──────────────────────────────────────────────────────────────────────────────────────


def test_inputs_that_are_known_only_as_printed():
    unrounded = 1 / (1 + 2.718281828459045 ** -(0.1237 * 2))
    claim = [f"y = {unrounded:.5f}"]
    formula, given = "y = sigmoid(w*x)", {"w": 0.12, "x": 2.0}
    assert verdicts(formula, given, claim) == ["wrong"]
    assert verdicts(formula, given, claim, inputs={"w": "0.12"}) == ["rounded"]
    assert verdicts(formula, given, claim, inputs={"w": "0.120"}) == ["wrong"]
    assert verdicts(formula, given, ["y = 0.57000"], inputs={"w": "0.12"}) == ["wrong"]
    assert verdicts(formula, given, [f"y = {1 / (1 + 2.718281828459045**-0.24):.5f}"], inputs={"w": "0.12"}) == ["right"]


def test_an_input_with_more_digits_than_its_print():
    given = {"w": 0.1237, "x": 2.0}
    for y in (0.12, 0.1237, 0.1163):
        assert verdicts("y = w*x", given, [f"y = {2 * y:.5f}"], inputs={"w": "0.12"})[0] in FAITHFUL
    assert verdicts("y = w*x", given, ["y = 0.26001"], inputs={"w": "0.12"}) == ["wrong"]


def test_an_input_as_what_a_claim_printed():
    formula = "y2 = v*x; y = w*x; E = (y - 1)**2 / 2"
    given = {"w": 0.3, "x": 1.7, "v": 0.38}  # w' = 0.3833
    claims = ["w' = 0.38", "y2 = 0.6516"]  # from 0.3833, which the author kept
    recorded = read_formula(formula).record(given)
    others = [recorded.nodes["y2"]]
    told = {text: mark(recorded.output, claims, learning_rate=0.1, others=others, inputs={"v": text}) for text in ("w'", "0.38", "0.380")}
    assert {text: [m.verdict for m in report.marks] for text, report in told.items()} == {
        "w'": ["right", "rounded"],
        "0.38": ["right", "rounded"],
        "0.380": ["right", "wrong"],
    }


def test_the_finest_of_several_claims_is_the_input():
    claims = [read_claim(text) for text in ("w' = 0.4", "w' = 0.383", "w' = 0.38")]
    assert read_input(" w' ", claims, Words(())).text == "0.383"


@pytest.mark.parametrize(
    ("inputs", "error", "message"),
    [
        ({"w": 0.12}, TypeError, "a printed number is a string"),
        ({"w": "0,12"}, ValueError, "inputs: w: '0,12' is not a decimal number; write the decimal point as a point"),
        ({"w": "q"}, ValueError, "inputs: w: an input is a number, got 'q'; as text it is a printed number"),
        ({"w": "0.13"}, ValueError, "inputs: w is 0.12 in the graph and 0.13 in print; record it as it was printed"),
        ({"y": "0.24"}, ValueError, "inputs: y is computed by mul and no input; claim it instead, y = 0.24"),
        ({"u": "0.24"}, ValueError, "no node is called 'u'"),
    ],
)
def test_inputs_that_cannot_be(inputs, error, message):
    with pytest.raises(error, match=message):
        marks("y = w*x", {"w": 0.12, "x": 2.0}, ["y = 0.24"], inputs=inputs)


PAGE = """\
formula = "y2 = v*x; y = w*x; E = (y - 1)**2 / 2"
learning_rate = 0.1
claims = ["w' = 0.38", "y2 = 0.6516", "dE/dw = -0.8330"]

[inputs]
w = 0.3
x = 1.7
v = "w'"
"""


def written(folder: Path, text: str) -> Path:
    (folder / "page.toml").write_text(text, encoding="utf-8")
    return folder / "page.toml"


@pytest.mark.parametrize("v", ['"w\'"', '"0.38"', "'+0.38'"])
def test_a_page_with_printed_inputs(tmp_path, v):
    page = read_page(written(tmp_path, PAGE.replace('"w\'"', v)))
    assert page.record().nodes["v"].data == 0.38
    assert page.mark().counts == {"right": 2, "rounded": 1}


def test_an_exact_input_of_a_page_excuses_nothing(tmp_path):
    page = read_page(written(tmp_path, PAGE.replace('"w\'"', "0.38")))
    assert page.mark().counts == {"right": 2, "wrong": 1}


def test_a_derivative_with_d_as_an_input(tmp_path):
    page = read_page(written(tmp_path, PAGE.replace('"w\'"', '"dE/dw"')))
    assert page.record().nodes["v"].data == -0.833


@pytest.mark.parametrize(
    ("v", "message"),
    [
        ('"u"', r"page.toml, line 8: inputs.v: an input is a number, got 'u'; as text it is a printed number, '0.12', or what a claim"),
        ('"0,38"', r"page.toml, line 8: inputs.v: '0,38' is not a decimal number; write the decimal point as a point"),
        ('""', r"page.toml, line 8: inputs.v: "),
        ("[true]", r"page.toml, line 8: inputs.v\[0\]: an input is a number, got True"),
        ("[]", r"page.toml, line 8: inputs.v would be empty"),
    ],
)
def test_printed_inputs_of_a_page_that_cannot_be(tmp_path, v, message):
    with pytest.raises(PageError, match=message):
        read_page(written(tmp_path, PAGE.replace('"w\'"', v)))


def test_a_page_made_by_hand():
    page = Page("", "", "y = w*x", {"w": "0.12", "x": 2.0}, None, (read_claim("y = 0.2474"),))
    assert page.mark().counts == {"rounded": 1}
    with pytest.raises(PageError, match=r"inputs.w: an input is a number, got 'q'"):
        page._replace(inputs={"w": "q", "x": 2.0}).mark()


def test_a_leaf_that_is_claimed_and_given_in_print():
    w = Value(0.12, "w")
    y = w * 2.0
    y.label = "y"
    found = mark(y, ["w = 0.1237", "y = 0.2474", "y = 0.2601"], inputs={"w": "0.12"}).marks
    assert [m.verdict for m in found] == ["rounded", "rounded", "wrong"]


@given(st.lists(st.tuples(st.floats(0.01, 1.5), st.booleans()), max_size=8), st.floats(0.1, 1e4))
def test_numbers_are_looked_at_until_no_others_can_decide(found, least):
    asked = []

    def fits(i):
        asked.append(i)
        return found[i][1]

    chances = [by_chance for by_chance, _ in found]
    whole = [Evidence(fitting, by_chance) for by_chance, fitting in found]
    evidence = weighed(chances, fits, least)
    assert asked == [*range(len(asked))]
    if evidence is None:
        assert likelihood_ratio(whole) <= least * (1.0 + 1e-12)
        possible = [Evidence(other, x.by_chance).ratio for x in whole[len(asked) :] for other in (True, False)]
        rest = math.prod(max(pair) for pair in zip(possible[::2], possible[1::2]))
        assert likelihood_ratio(whole[: len(asked)]) * rest <= least * (1.0 + 1e-12)
    else:
        assert evidence == whole


@pytest.mark.parametrize(
    ("numbers", "form"),
    [(("1.5", "1.50", "2.50"), (2, 3)), (("1.50", "0.5"), (1, 1)), (("0.5", "1.50"), (1, 1)), (("20", "1.5", "_"), (0, 2))],
)
def test_of_two_forms_that_are_as_common_the_shorter_is_the_usual_one(numbers, form):
    claims = [Claim(data("y"), unread("") if text == "_" else read_number(text)) for text in numbers]
    assert usual_form(claims) == form
