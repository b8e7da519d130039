"""Stale numbers: which claims agree on another value, and when that is more than chance."""

import pytest

from autograd_tiny import MultiPrimitive, Value, mark, softmax
from autograd_tiny.formulas import read_formula
from autograd_tiny.marking.derivations import Derivations, NamedGraph
from autograd_tiny.marking.forms.printed import read_number
from autograd_tiny.marking.forms.quantities import data, derivative
from autograd_tiny.marking.judging.numbers import Numbers
from autograd_tiny.marking.judging.stale import Implied, Story, agreements, solved, stories, sums, told_once

Q, R = data("q"), data("r")


def implied(claim, low, high, quantity=Q, sign=1.0):
    return Implied(claim, quantity, low, high, sign)


def told(*all_implied):
    return [([x.claim for x in story.implied], story.implied[0].low, story.implied[0].high) for story in agreements(all_implied)]


def test_claims_agree_on_what_their_intervals_share():
    assert told(implied(0, 0.998, 1.002), implied(1, 1.001, 1.006)) == [([0, 1], 1.001, 1.002)] * 2
    assert agreements([implied(0, 0.998, 1.002)]) == []


def test_intervals_that_only_touch_share_nothing():
    assert told(implied(0, 0.998, 1.0), implied(1, 1.0, 1.002)) == []
    assert told(implied(0, 0.998, 1.0), implied(1, 1.001, 1.002)) == []


def test_one_claim_agrees_with_itself_about_nothing():
    assert told(implied(0, 0.998, 1.002), implied(0, 0.999, 1.001)) == []


def test_claims_about_different_quantities_do_not_agree():
    assert told(implied(0, 0.998, 1.002), implied(1, 0.998, 1.002, R)) == []


@pytest.mark.parametrize(("width", "agree"), [(0.0149, True), (0.0151, False)])
def test_agreement_is_told_up_to_a_chance_of_a_twentieth(width, agree):
    """The narrow one is 0.01 wide around 1: 2 signs · (0.01 + 0.0149) / 1 = 0.0498."""
    found = told(implied(0, 0.995, 1.005), implied(1, 1.0 - width / 2, 1.0 + width / 2))
    assert [claims for claims, *_ in found] == ([[0, 1]] * 2 if agree else [])


@pytest.mark.parametrize(("width", "agree"), [(0.0149, True), (0.0151, False)])
def test_the_chance_goes_by_the_size_of_the_value(width, agree):
    found = told(implied(0, -100.5, -99.5), implied(1, -100.0 - 50.0 * width, -100.0 + 50.0 * width))
    assert bool(found) is agree


@pytest.mark.parametrize(("width", "agree"), [(0.0024, True), (0.0026, False)])
def test_each_operand_that_two_formulas_share_is_a_try(width, agree):
    """Both have q and r: twice as many tries, so that what fits must fit twice as well; r itself does not fit."""
    beside = [implied(0, 5.0, 5.001, R), implied(1, 7.0, 7.001, R)]
    assert bool(told(implied(0, 0.995, 1.005), implied(1, 1.0 - width / 2, 1.0 + width / 2), *beside)) is agree


def test_a_third_claim_makes_it_likelier_and_must_agree_with_both():
    """0.2 · 0.2 is below a twentieth, and 0.2 is not."""
    loose = [implied(0, 0.95, 1.0), implied(1, 0.96, 1.01), implied(2, 0.97, 1.02)]
    assert told(*loose[:2]) == []
    assert told(*loose)[0] == ([0, 1, 2], 0.97, 1.0)
    chain = [implied(0, 1.0, 1.004), implied(1, 1.003, 1.008), implied(2, 1.007, 1.013)]
    assert [claims for claims, *_ in told(*chain)] == [[0, 1], [0, 1], [1, 2]]
    chain = [implied(0, 1.0, 1.013), implied(1, 1.012, 1.017), implied(2, 1.016, 1.020)]
    assert [claims for claims, *_ in told(*chain)] == [[1, 2], [1, 2], [0, 1]]  # from the narrowest on


def test_the_story_of_most_claims_comes_first_and_then_one_without_a_wrong_sign():
    of_q = [implied(0, 0.999, 1.001, sign=-1.0), implied(1, 0.999, 1.001, sign=-1.0)]
    of_r = [implied(0, 2.999, 3.001, R), implied(1, 2.999, 3.001, R)]
    assert [story.implied[0].quantity for story in agreements([*of_q, *of_r])] == [R, R, Q, Q]
    assert [len(story.implied) for story in agreements([*of_r, *of_q, implied(2, 0.999, 1.001)])] == [3, 3, 3, 2, 2]


def test_the_value_that_is_told_has_as_few_digits_as_there_is_room_for():
    for low, high, value, places in ((0.121, 0.129, 0.125, 3), (0.1, 0.15, 0.12, 2), (2.6, 3.2, 3.0, 0), (-0.35, -0.25, -0.3, 1)):
        x = implied(0, low, high)
        assert (x.value, x.places) == (value, places)
    third = 1.0 / 3.0
    assert implied(0, third, third).places == 17  # no room at all
    assert Story((implied(0, 0.0, 1.0),)).sums_to is None


def test_a_claim_is_told_of_once():
    both, one, other = (Story(tuple(implied(k, 0.0, 1.0) for k in claims)) for claims in ((0, 1), (1, 2), (2, 3)))
    assert told_once([both, one, other]) == [both, other]


@pytest.mark.parametrize("target", [27e-9, 8.0, 1e9])
def test_an_operand_is_found_to_all_its_digits_whatever_its_size(target):
    w = Value(0.7 * target ** (1 / 3), "w")
    y = w**3
    y.label = "y"
    derivations = Derivations(NamedGraph(y))
    root, numbers = derivations.derivation(data("y"), ()).root, Numbers(derivations)
    x, slope = solved(root, data("w"), target, numbers)
    assert x == pytest.approx(target ** (1 / 3), rel=1e-12)
    assert slope == pytest.approx(3 * x**2, rel=1e-12)
    with pytest.raises(ArithmeticError):
        solved(derivations.variable(data("w")) * 0.0 + 1.0, data("w"), target, numbers)
    with pytest.raises((ArithmeticError, ValueError)):
        solved(derivations.variable(data("w")) ** 2, data("w"), -target, numbers)


@pytest.mark.parametrize(
    ("y", "z", "low", "high", "signs"),
    [
        ("4.03", "-10.08", 2.015, 2.018, (1.0, 1.0)),  # of z, rounded from -10.075 on or cut off from above -10.09
        ("4.034", "-10.08", 2.01675, 2.0175, (1.0, 1.0)),  # of y, rounded from 4.0335 on or cut off from below 4.035
        ("-4.034", "10.08", -2.0175, -2.01675, (1.0, 1.0)),
        ("4.034", "10.08", 2.01675, 2.0175, (1.0, -1.0)),
    ],
)
def test_what_an_operand_must_have_been_for_two_formulas(y, z, low, high, signs):
    """y = 2 q and z = -5 q, on a page where q is 3."""
    q = Value(1.5, "u") * 2.0
    q.label = "q"
    nodes = {"y": q * 2.0, "z": q * -5.0}
    for label, node in nodes.items():
        node.label = label
    derivations = Derivations(NamedGraph(nodes["y"] * nodes["z"]))
    printed = {"y": read_number(y), "z": read_number(z)}
    claims = {k: (printed[name], derivations.derivation(data(name), [Q])) for k, name in enumerate(printed)}
    (story,) = stories(claims, Numbers(derivations))
    assert [(x.claim, x.quantity, x.sign) for x in story.implied] == [(k, Q, sign) for k, sign in enumerate(signs)]
    edges = pytest.approx((low, high), rel=1e-12)
    assert [(x.low, x.high) for x in story.implied] == [edges, edges]


def two_outputs():
    p = softmax(Value(0.3, "u"), Value(-0.2, "v"))
    for k, x in enumerate(p):
        x.label = f"p{k}"
    return NamedGraph(p[0], [p[1]])


@pytest.mark.parametrize(
    ("low", "high", "width", "found"),
    [
        (0.3995, 0.4005, 0.001, True),
        (0.4005, 0.4015, 0.001, True),  # the smallest sum is 1
        (0.4006, 0.4016, 0.001, False),
        (0.3985, 0.3995, 0.001, True),  # the largest sum is 1
        (0.3984, 0.3994, 0.001, False),
        (0.38, 0.42, 0.009, True),  # 0.049 of 1
        (0.38, 0.42, 0.011, False),  # 0.051 of 1
    ],
)
def test_outputs_add_up_as_they_must(low, high, width, found):
    first, second = implied(0, 0.6 - width / 2, 0.6 + width / 2, data("p0")), implied(1, low - 1e-12, high + 1e-12, data("p1"))
    assert list(sums([first, second], two_outputs())) == ([Story((first, second), 1.0)] if found else [])
    assert list(sums([first, second._replace(claim=0)], two_outputs())) == []  # one claim is no two
    assert list(sums([first], two_outputs())) == []
    assert list(sums([x._replace(quantity=derivative("p0", x.quantity.nodes[0])) for x in (first, second)], two_outputs())) == []


def test_the_sum_may_be_at_the_edge_of_what_is_known():
    edges = [implied(k, 0.484375, 0.5, data(f"p{k}")) for k in (0, 1)]
    assert list(sums(edges, two_outputs())) == [Story(tuple(edges), 1.0)]
    edges = [implied(k, 0.5, 0.515625, data(f"p{k}")) for k in (0, 1)]
    assert list(sums(edges, two_outputs())) == [Story(tuple(edges), 1.0)]


def test_every_choice_is_a_try():
    """Two values for one of the outputs: as much evidence as one that is half as sure."""
    for width, found in ((0.004, True), (0.006, False)):
        ps = [implied(0, 0.59, 0.61, data("p0")), implied(1, 0.4 - width / 2, 0.4 + width / 2, data("p1"))]
        other = implied(1, 0.2, 0.2 + width, data("p1"))
        assert list(sums([*ps, other], two_outputs())) == ([Story(tuple(ps), 1.0)] if found else [])
        assert list(sums(ps, two_outputs())) == [Story(tuple(ps), 1.0)]


opposite = MultiPrimitive("opposite", lambda x: (x, -x), lambda outs, i, x: ((1.0, -1.0)[i],), outputs=2, sums_to=0.0)


def test_outputs_may_be_more_than_the_operands_and_add_up_to_0():
    p, q = opposite(Value(0.3, "u"))
    p.label, q.label = "p", "q"
    values = [implied(0, 0.4999, 0.5001, data("p")), implied(1, -0.5001, -0.4999, data("q"))]
    assert list(sums(values, NamedGraph(p, [q]))) == [Story(tuple(values), 0.0)]
    for width, found in ((0.24, True), (0.26, False)):  # twice that to a twentieth of 10
        wide = [implied(k, x - width / 2, x + width / 2, data(name)) for k, (name, x) in enumerate({"p": 5.0, "q": -5.0}.items())]
        assert list(sums(wide, NamedGraph(p, [q]))) == ([Story(tuple(wide), 0.0)] if found else [])
    assert list(sums([implied(0, -0.0001, 0.0001, data("p"))], NamedGraph(p))) == []  # the other output has no name


def outputs(printed, places=4, sums=(0.3, -1.1, 0.8)):
    """What is found about squares of softmax outputs, had the outputs been these; their sines are unknown mistakes."""
    p = softmax([Value(x, f"z{k}") for k, x in enumerate(sums)])
    squares = []
    for k, x in enumerate(p):
        x.label = f"p{k}"
        squares.append(x.sin())
        squares[-1].label = f"s{k}"
    root = squares[0] * squares[1] * squares[2]
    root.label = "E"
    return mark(root, {f"s{k}": text for k, text in enumerate(printed)})


def sines(*numbers, places=4):
    import math

    return [f"{math.sin(x):.{places}f}" for x in numbers]


@pytest.mark.parametrize(
    ("numbers", "stale"),
    [
        ((0.5123, 0.2961, 0.1916), True),
        ((0.5123, 0.2961, 0.1926), False),  # add up to 1.001
        ((0.5123, 0.2961, 0.1906), False),  # and to 0.999
    ],
)
def test_stale_outputs_add_up_to_1(numbers, stale):
    report = outputs(sines(*numbers))
    assert {m.verdict for m in report.marks} == ({"stale"} if stale else {"wrong"})
    assert ("these add up to 1, as they must" in str(report.marks[0].why)) is stale


def test_outputs_known_to_one_digit_add_up_to_1_by_chance():
    assert "stale" not in {m.verdict for m in outputs(sines(0.5, 0.3, 0.2, places=1)).marks}


def test_some_of_the_outputs_are_no_evidence():
    report = outputs(sines(0.5123, 0.2961))
    assert [m.verdict for m in report.marks] == ["wrong", "wrong"]


@pytest.mark.parametrize(("shown", "verdict"), [("0.790", "rounded"), ("0.7900", "stale")])
def test_a_value_that_rounds_to_what_is_printed_is_not_from_before_an_edit(shown, verdict):
    """With 0.7903, of which three digits are printed; on a page that prints four, that is another number."""
    a, t = Value(0.395, "a"), Value(0.7, "t")
    out = 2.0 * a
    out.label = "out"
    loss = (out - t) ** 2 / 2.0
    loss.label = "E"
    report = mark(loss, {"out": shown, "E": "0.0040770", "E/out": "0.0903", "E/a": "0.1806"})
    assert [m.verdict for m in report.marks] == ["right", verdict, verdict, "rounded" if verdict == "rounded" else "carried"]


@pytest.mark.parametrize(("used", "verdict"), [(0.296, "rounded"), (0.297, "rounded"), (0.292, "stale")])
def test_what_fits_a_number_that_was_rounded_on_the_way_is_from_before_no_edit(used, verdict):
    """y = sigmoid(-0.8638) = 0.296546; a page may have gone on with 0.297, and one that cuts digits off with 0.296."""
    net = read_formula("y = sigmoid(o); E = (y - t)**2/2").record({"o": -0.8638, "t": 0.26})
    claims = {"E": f"{(used - 0.26) ** 2 / 2:.2e}", "E/y": f"{used - 0.26:.2e}"}
    report = mark(net.output, claims)
    assert [m.verdict for m in report.marks] == [verdict] * 2
    if verdict == "rounded":
        assert report.marks[0].why.startswith("it follows from y")
        assert report.marks[0].why.endswith("not printed")
        printed = mark(net.output, {"y": "0.2965", **claims}).marks
        assert [m.verdict for m in printed] == ["right", *["stale"] * 2], "more digits are printed"
