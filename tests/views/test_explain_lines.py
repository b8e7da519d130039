"""What is printed is true: every line of a chain rule, read as arithmetic, gives the engine's number, over random graphs."""

import re
from random import Random

import pytest
from random_graphs import magnitudes, random_program, recorded

from autograd_tiny import derivation, explain
from autograd_tiny.engine.graph import adjoints, topological_order
from autograd_tiny.formulas import read_formula
from autograd_tiny.symbols.latex import SUPERSCRIPTS
from autograd_tiny.symbols.naming import names
from autograd_tiny.views.explain import LONGEST_PATH, MOST_PATHS
from autograd_tiny.views.named import seen_through
from autograd_tiny.views.paths import paths

RAISED = {raised: chr(digit) for digit, raised in SUPERSCRIPTS.items()}
SYMBOL = re.compile(r"∂(\w+)/∂(\w+)(?:⁽(.)⁾)?")


def named_graph(seed):
    """A random graph in which some operations have a name, its leaves, and the graph of these that explanations show."""
    rng = Random(seed)
    leaves, root = recorded(random_program(rng))
    for i, node in enumerate([*leaves, *[node for node in topological_order(root) if rng.random() < 0.5 or node is root]]):
        node.label = f"v{i}"
    seen = seen_through([root], None, {})
    return root, [leaf for leaf in leaves if leaf in seen], seen


def as_formula(text):
    """What an explanation prints as a formula of Python's grammar: a space between two factors is a product."""
    text = re.sub("[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+", lambda match: f"**({match[0].translate(RAISED)})", text.replace("·", "*"))
    return re.sub(r"(?<=[\w)\]]) (?=[\w(])", "*", text)


def equations(lines):
    """Each equation printed: its left side, and its right sides, in however many lines they stand."""
    found = []
    for line in lines:
        left, _, right = line.partition("= ")
        if line.strip().startswith(("+ ", "- ", "· ")):
            found[-1][1][-1] += f" {line.strip()}"
        elif left.strip():
            found.append((left.strip(), right.split(" = ")))
        else:
            found[-1][1].extend(right.split(" = "))
    return found


def value_of(text, symbols, nodes):
    """The number of a right side, with a number for each derivative in it and for each name."""
    text = SYMBOL.sub(lambda match: f"({symbols(match[1], match[2], match[3])!r})", text)
    formula = read_formula(as_formula(text))
    return formula.record({name: nodes[name].data for name in formula.inputs}).output.data


def local(twins, of, by, use):
    """The derivative of one value by another where it uses that: by all of its uses, or by one."""
    user = twins[of]
    places = [i for i, x in enumerate(user.operands) if x is twins[by]]
    assert places, f"∂{of}/∂{by} is no local derivative"
    return sum(user.local_derivatives[i] for i in ([places[int(use.translate(RAISED)) - 1]] if use else places))


@pytest.mark.parametrize("start", [0, *(pytest.param(n, marks=pytest.mark.slow) for n in (100, 200, 300))])
def test_every_line_of_an_explanation_is_true(start):
    ways = 0
    for seed in range(start, start + 100):
        root, leaves, seen = named_graph(seed)
        total = adjoints(seen[root])
        twins = {name: twin for twin, name in names(seen[root]).items()}
        for leaf, size in zip(leaves, magnitudes(root, leaves)):
            found = paths(seen[root], seen[leaf])
            whole = len(found) <= MOST_PATHS and all(len(path.nodes) <= LONGEST_PATH + 1 for path in found)

            def symbol(of, by, use, whole=whole, root=root, leaf=leaf, twins=twins, total=total):
                return local(twins, of, by, use) if whole or by == leaf.label else total[twins[by]]

            text = explain(root, wrt=leaf, digits=17).text.partition("\nwith ")[0]
            ((left, rights),) = equations(text.splitlines())
            assert left == f"∂{root.label}/∂{leaf.label}"
            for right in rights:
                assert left not in re.split("[ ·]+", right), (seed, text)
                assert abs(value_of(right, symbol, twins) - total.get(seen[leaf], 0.0)) <= 1e-11 * (1.0 + size), (seed, text)
            ways += len(rights)
    assert ways > 500  # not just their results


@pytest.mark.parametrize("start", [0, pytest.param(50, marks=pytest.mark.slow)])
def test_every_line_of_a_derivation_is_true(start):
    for seed in range(start, start + 50):
        root, leaves, seen = named_graph(seed)
        if not set(leaves) & set(topological_order(root)[0].operands):
            continue
        total = adjoints(seen[root])
        twins = {name: twin for twin, name in names(seen[root]).items()}
        sizes = dict(zip(seen.values(), magnitudes(root, list(seen))))
        forward, backward = derivation(root, digits=17).text.removeprefix("Forward\n\n").split("\n\nBackward\n\n")
        for left, rights in equations(forward.splitlines()):
            for right in rights:
                assert value_of(right, None, twins) == pytest.approx(twins[left].data, rel=1e-9, abs=1e-9), (seed, left)

        def symbol(of, by, use, root=root, twins=twins, total=total):
            return total[twins[by]] if of == root.label and not use else local(twins, of, by, use)

        for left, rights in equations(backward.splitlines()):
            by = twins[left.rpartition("∂")[2]]
            for right in rights:
                assert left not in re.split("[ ·]+", right), (seed, left, right)
                assert abs(value_of(right, symbol, twins) - total[by]) <= 1e-11 * (1.0 + sizes[by]), (seed, left, right)
