"""Formulas from which parts vanish when they are opened: steps, signs, comparisons, choices, derivatives that are 0."""

from random import Random

import pytest
from random_graphs import Program, Step, random_program

from autograd_tiny import Value, mark
from autograd_tiny.engine.graph import all_nodes
from autograd_tiny.engine.refusals import data_of
from autograd_tiny.formulas import read_formula
from autograd_tiny.marking.claims import read_claim
from autograd_tiny.marking.derivations import NamedGraph
from autograd_tiny.marking.forms.quantities import Quantity, updated
from autograd_tiny.marking.judging.numbers import Numbers
from autograd_tiny.marking.marks import FAITHFUL
from autograd_tiny.marking.training.setting import setting

FLAT = ("step", "sign", "less", "greater", "equal", "where", "mul", "maximum", "relu")
"""Rows with a derivative of 0 somewhere, and the product that puts it before other terms."""


def flat_program(rng):
    """A random program, with steps after it that multiply and choose by what has derivative 0."""
    program = random_program(rng, most_steps=5)
    for _ in range(rng.randint(1, 5)):
        n = len(program.leaves) + len(program.steps)
        name = rng.choice(FLAT)
        arity = {"step": 1, "sign": 1, "relu": 1, "where": 3}.get(name, 2)
        program = Program(program.leaves, (*program.steps, Step(name, None, (n - 1, *(rng.randrange(n) for _ in range(arity - 1))))))
    return program


def marked_all_wrong(rng):
    program = flat_program(rng)
    nodes = program.run([Value(x, f"x{k}") for k, x in enumerate(program.leaves)])
    for k, node in enumerate(nodes):
        if not node.label and rng.random() < 0.6:
            node.label = f"n{k}"
    root = nodes[-1]
    root.label = root.label or "out"
    graph = NamedGraph(root)
    labels = list(graph.labels)
    quantities = [Quantity("data", (name,)) for name in labels]
    quantities += [Quantity("derivative", (rng.choice(labels), by)) for by in labels for _ in range(2)]
    quantities += [Quantity("path", tuple(rng.choices(labels, k=3))) for _ in range(3)]
    trained = [name for name in labels if graph.nodes[name].op is None and graph.depends(root.label, name)]
    quantities += [updated(name) for name in trained]
    rng.shuffle(quantities)
    engine = Numbers(setting(NamedGraph(root), [read_claim(f"{q} = 0") for q in quantities], 0.1).derivations)
    numbers = [data_of(engine.of(q)) for q in quantities]
    wrong = [x + rng.choice([1.7, -0.31, 0.052]) if rng.random() < 0.5 else x for x in numbers]
    return numbers, mark(root, [f"{q} = {x:.{rng.randint(1, 7)}f}" for q, x in zip(quantities, wrong)], learning_rate=0.1)


@pytest.mark.parametrize("seed", range(4))
def test_random_graphs_with_wrong_claims_never_crash(seed):
    for n in range(12):
        numbers, report = marked_all_wrong(Random(f"{seed} {n}"))
        assert [m.value for m in report.marks] == numbers
        for m in report.marks:
            if abs(m.claim.printed.number - m.value) < 0.5 * m.claim.printed.unit:
                assert m.verdict == "right"
        assert str(report)
        assert report.to_json()


@pytest.mark.parametrize(
    ("formula", "inputs", "claim"),
    [
        ("E = log(w) * step(w); L = 2 * E", {"w": 0.5}, "L/w = 3.123"),
        ("E = log(w) * sign(w); L = 2 * E", {"w": 0.5}, "L/w = 3.123"),
        ("E = log(w) * greater(w, 0.1); L = 2 * E", {"w": 0.5}, "L/w = 3.123"),
        ("E = where(w > 0, log(w), w); L = 2 * E * step(E)", {"w": 1.5}, "L/w = 3.123"),
        ("c = step(w); E = c * w; F = E * sign(c) * less(w, 9); L = F * F", {"w": 0.5}, "L/w = 3.123"),
        ("E = w * step(v); L = 2 * E", {"w": 0.5, "v": 2}, "L/v = 3.123"),
        ("s = step(w); t = s * s; L = t * t", {"w": 0.5}, "L/w = 3.123"),
        ("E = 1 / (step(w) + step(-w)); L = E**2 / E", {"w": 0.5}, "L/w = 3.123"),
    ],
)
def test_a_wrong_derivative_through_what_is_flat(formula, inputs, claim):
    root = read_formula(formula).record(inputs).output
    report = mark(root, [claim])
    assert report.marks[0].verdict not in FAITHFUL
    root.backward()
    slope = {node.label: node.grad for node in all_nodes(root)}[claim[2]]
    assert report.marks[0].value == pytest.approx(slope, abs=1e-12)
    assert mark(root, [f"L/{claim[2]} = {slope:.4f}"]).ok
