"""Backward passes with a mistake planted in them: the numbers of each, what it is called, and where it sits."""

import pytest

from autograd_tiny import Value, softmax, total
from autograd_tiny.marking.judging.backward import NONE, Backward, base_of, matrices, times_off


def named(**values):
    for label, value in values.items():
        value.label = label
    return list(values.values())


def planted(root, called):
    """What is planted: (mistake, sentence, line) -> other local derivatives, by the places of nodes in the order."""
    walk = Backward(root, called)
    places = {node: k for k, node in enumerate(walk.order)}
    return {
        (p.mistake, p.what, p.line): {places[node]: pytest.approx([*map(float, s)]) for node, s in p.slopes.items()}
        for p in walk.planted
    }


def test_layers_without_names_are_told_by_their_place():
    w = Value(0.7, "w")
    h = (Value(0.3) * w).tanh()
    z = h * w
    found = planted(z.tanh(), "E")
    far, near = "the derivative of tanh in layer 2 from the output", "the derivative of tanh in layer 1 from the output"
    into, out = 0.3 * 0.7, h.data
    assert found["activation derivative missing", f"{near} is missing", ""] == {3: [1.0]}
    assert found["activation derivative missing", f"{far} is missing", ""] == {1: [1.0]}
    at_output = f"{far} is taken at its output in place of its input"
    at_input = f"{far} is taken at its input in place of its output"
    assert found["wrong point", at_output, ""] == {1: [1.0 - Value(out).tanh().data ** 2]}
    assert found["wrong point", at_input, ""] == {1: [1.0 - into**2]}
    missing = "the input of tanh in layer 2 from the output is taken for its output"
    assert found["activation missing", missing, ""] == {2: [0.7, into]}
    assert found["mistaken rule", f"in {far}, the square is forgotten", ""] == {1: [1.0 - out]}


def test_layers_with_names_are_told_by_their_line():
    z = Value(0.3, "x") * 2.0
    a = z.tanh()
    n = a * 3.0
    b = n.tanh()
    named(z=z, a=a, n=n, b=b)
    told = {(what, line) for mistake, what, line in planted(b, "E") if mistake == "activation derivative missing"}
    missing = "the derivative of tanh is missing"
    assert told == {(missing, "∂E/∂n = ∂E/∂b * (1 - b ** 2)"), (missing, "∂E/∂z = ∂E/∂a * (1 - a ** 2)")}


def test_a_layer_is_told_by_the_line_of_its_first_node():
    outputs = []
    for k in (1, 2, 3):
        z = Value(0.1 * k, f"x{k}") * 2.0
        a = z.tanh()
        named(**{f"z{k}": z, f"a{k}": a})
        outputs.append(a)
    found = planted(outputs[0] * outputs[1] * outputs[2], "E")
    lines = {line for mistake, _, line in found if mistake in ("activation derivative missing", "wrong point")}
    assert lines == {"∂E/∂z1 = ∂E/∂a1 * (1 - a1 ** 2)"}


@pytest.mark.parametrize("first_has_names", [True, False])
def test_a_layer_of_several_has_a_place_where_its_first_node_has_no_name(first_has_names):
    inputs = [Value(0.1 * k, "x") * 2.0 for k in (1, 2)]
    hidden = [z.tanh() for z in inputs]
    labelled = 0 if first_has_names else 1
    named(z=inputs[labelled], a=hidden[labelled])
    found = planted((hidden[0] * hidden[1]).tanh(), "E")
    told = {what: line for mistake, what, line in found if mistake == "activation derivative missing"}
    far, line = ("", "∂E/∂z = ∂E/∂a * (1 - a ** 2)") if first_has_names else (" in layer 2 from the output", "")
    assert told == {
        "the derivative of tanh in layer 1 from the output is missing": "",
        f"the derivative of tanh{far} is missing": line,
    }


def test_what_is_no_activation_has_only_mistaken_rules():
    x = Value(0.4, "x")
    found = planted((x.exp() * x).log(), "E")
    assert {mistake for mistake, _, _ in found} == {"mistaken rule"}


def test_a_rule_is_mistaken_of_what_was_computed_before_it_is_of_given_numbers():
    w, x = Value(0.5, "w"), Value(2.0, "x")
    squares = [w**2, (w * x) ** 2]
    walk = Backward(squares[0] + squares[1], "E")
    found = [p.slopes for p in walk.planted if p.what.endswith("the exponent is not brought down")]
    assert found == [{squares[1]: [1.0]}, {squares[0]: [0.5]}]


def test_softmax_without_what_stands_beside_its_diagonal():
    p, q = softmax(Value(0.1, "u"), Value(0.4, "v"))
    found = planted(p * 2.0 + q, "E")
    diagonal = p.data * (1.0 - p.data)
    slopes = found["softmax diagonal only", "only the diagonal of the derivatives of softmax is used", ""]
    assert slopes == {0: [diagonal, 0.0], 2: [0.0, diagonal]}
    slopes = found["activation derivative missing", "the derivatives of softmax are missing", ""]
    assert slopes == {0: [1.0, 0.0], 2: [0.0, 1.0]}


def test_terms_of_a_difference():
    c = Value(1.5, "c")
    d, e = named(d=c * c, e=c * 3.0)
    (f,) = named(f=d - e)
    large = "as a sum over the samples is in place of their mean"
    small = "as a mean over the samples is in place of their sum"
    told = {
        ("term left out", "is left out"): 0.0,
        ("sign", "has the wrong sign"): -1.0,
        ("factor", "is 2 times too large"): 2.0,
        ("factor", "is 2 times too small"): 0.5,
        ("factor", f"is 3 times too large, {large}"): 3.0,
        ("factor", f"is 3 times too small, {small}"): 1.0 / 3.0,
    }
    of_f = {(mistake, what): slopes for (mistake, what, _), slopes in planted(f, "f").items() if what.startswith("of f")}
    assert of_f == {
        **{(mistake, f"of f the term d {what}"): {2: [x, -1.0]} for (mistake, what), x in told.items()},
        **{(mistake, f"of f the term e {what}"): {2: [1.0, -x]} for (mistake, what), x in told.items()},
    }


def test_sums_as_far_from_the_root_are_told_by_the_one_that_the_pass_meets_first():
    x = Value(1.5, "x")
    f, g = x * 2.0 + x.exp(), x * 3.0 + x.tanh()
    named(f=f, g=g, d=f.operands[0], e=g.operands[1])
    found = {what for _, what, _ in planted(f * g, "E") if "term" in what}
    assert found == {"of g the term number 1 is left out", "of g the term e is left out"}


@pytest.mark.parametrize(("terms", "left_out"), [(6, 6), (7, 0)])
def test_of_a_sum_over_samples_no_term_is_left_out(terms, left_out):
    x = Value(1.5, "x")
    found = planted(total(*[x * float(k) for k in range(terms)]), "E")
    assert sum(mistake == "term left out" for mistake, _, _ in found) == left_out


def test_terms_without_names_are_told_by_their_place():
    x = Value(1.5, "x")
    found = {what for _, what, _ in planted(x * 2.0 + x.exp(), "E") if "term" in what}
    assert found == {"of a sum the term number 1 is left out", "of a sum the term number 2 is left out"}


def test_what_the_samples_and_a_penalty_add_to_a_weight():
    w = Value(0.5, "w")
    root = w * 2.0 + w * 3.0 + w**2
    walk = Backward(root, "E")
    each, rest = walk.shares(w, walk.right)
    assert (each, rest) == ([2.0, 3.0], 1.0)
    assert (walk.samples, walk.factors) == (2, [2.0, 0.5])
    assert walk.shares(root, walk.right) == ([], 0)
    assert Backward(Value(1.0) * 2.0, "E").samples == 0


def test_a_pass_may_begin_anywhere_and_be_given_derivatives():
    x = Value(3.0, "x")
    y = x * x
    root = y * 2.0
    walk = Backward(root, "E")
    assert walk.swept(NONE, {}, seed=10.0)[x] == 10.0 * walk.right[x] == 120.0
    assert walk.swept(NONE, {y: 0.5})[x] == 3.0
    assert walk.swept({y: (1.0, 0.0)}, {})[x] == 2.0


def test_how_much_may_have_cancelled():
    x = Value(3.0, "x")
    walk = Backward(x * 5.0 - x * 2.0, "E")
    assert (walk.right[x], walk.sizes[x]) == (3.0, 7.0)


@pytest.mark.parametrize(
    ("factor", "samples", "told"),
    [
        (2.0, 1, "2 times too large"),
        (0.5, 0, "2 times too small"),
        (5.0, 5, "5 times too large, as a sum over the samples is in place of their mean"),
        (0.2, 5, "5 times too small, as a mean over the samples is in place of their sum"),
        (5.0, 4, "5 times too large"),
        (2.0, 2, "2 times too large, as a sum over the samples is in place of their mean"),
        (1.0 / 3.0, 2, "3 times too small"),
        (1.00000001, 1, "1 times too large"),
    ],
)
def test_how_a_factor_is_told(factor, samples, told):
    assert times_off(factor, samples) == told


def test_names_of_arrays_and_places_in_them():
    labels = ["W[0][1]", "W[1, 0]", "V2[10][3]", "b[2]", "w", "", "W[0][1]"]
    nodes = [Value(float(k), label) for k, label in enumerate(labels)]
    assert [base_of(node) for node in nodes] == ["W", "W", "V2", "b", "w", "", "W"]
    (computed,) = named(**{"U[0][0]": nodes[0] * 2.0})
    found = matrices(dict.fromkeys([*nodes[:6], computed]))
    assert found == {"W": {(0, 1): nodes[0], (1, 0): nodes[1]}, "V2": {(10, 3): nodes[2]}}
