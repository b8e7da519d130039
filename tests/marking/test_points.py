"""Points at which formulas are compared: how far they lie, in how many digits, and how they are told."""

import pytest

from autograd_tiny.formulas import read_formula
from autograd_tiny.marking.claims import read_claims
from autograd_tiny.marking.derivations import Derivations, NamedGraph
from autograd_tiny.marking.diagnosis.points import Inputs, told
from autograd_tiny.marking.forms.quantities import data, read_quantity
from autograd_tiny.marking.training.setting import setting, training_of
from autograd_tiny.optim import SGD


@pytest.mark.parametrize(("spread", "digits"), [(20.0, 2), (1.5, 2), (0.4, 3), (0.1, 3), (1e-4, 6)])
def test_points_lie_around_the_pages_in_no_more_digits_than_that_takes(spread, digits):
    """A share of each input, and of a half where it is smaller."""
    graph = NamedGraph(read_formula("z = a*v; y = z + c").record({"a": 100.0, "v": 0.0, "c": 7.0}).output)
    inputs = Inputs(Derivations(graph), [data("z")])
    assert inputs.leaves == {"a": 100.0, "v": 0.0}
    drawn = list(inputs.drawn(["a", "v"], 40, (spread,)))
    assert drawn == list(inputs.drawn(["a", "v"], 40, (spread,)))
    for name, middle, size in (("a", 100.0, 100.0), ("v", 0.0, 0.5)):
        apart = [abs(point[name] - middle) / (spread * size) for point in drawn]
        assert 0.4 < sum(apart) / len(apart) < 1.2  # of a normal distribution 0.8
    written = [
        f"{x:.12e}".partition("e")[0].rstrip("0.").replace(".", "").lstrip("-")
        for point in drawn
        for x in point.values()
    ]
    assert max(map(len, written)) == digits


LINE = {"w": 0.4, "x": 1.3, "b": -0.2, "t": 0.9}


def trained(samples):
    """A line after a step of gradient descent."""
    recorded = read_formula("y = w*x + b; E = (y - t)**2").record(LINE)
    training = training_of(SGD([recorded.nodes[name] for name in "wb"], 0.1), samples, "mean" if samples else "", None)
    return setting(NamedGraph(recorded.output), read_claims(["E' = 0"]), training)[2]


@pytest.mark.parametrize(
    ("quantities", "leaves"),
    [("y", "wxb"), ("b", "b"), ("t", "t"), ("b y", "wxb"), ("E/w", "wxbt"), ("w'", "wxbt"), ("y'", "x"), ("y' w'", "wxbt")],
)
def test_the_inputs_that_formulas_depend_on(quantities, leaves):
    """What an update gives depends on all, and is no input itself."""
    assert Inputs(trained([]), map(read_quantity, quantities.split())).leaves == {name: LINE[name] for name in leaves}


def test_what_samples_give_is_no_input_of_a_batch():
    derivations = trained([{"x": 1.0, "t": 0.5}, {"x": 2.0, "t": 0.7}])
    assert Inputs(derivations, [data("E")]).leaves == {"w": 0.4, "b": -0.2}


def test_of_many_inputs_six_are_told():
    assert told({}) == "at the page's inputs"
    assert told({"x": 0.5, "v": -2.0}) == "at x = 0.5 and v = -2"
    six = {f"x{i}": 1.0 for i in range(6)}
    assert told(six).count(" = ") == 6
    assert told(six | {"w": 1.0}).endswith("x5 = 1 and 1 more")
