"""Hints in three grades: which rule, the formula, the number."""

from __future__ import annotations

from itertools import pairwise

from autograd_tiny.engine.row import Primitive
from autograd_tiny.exercises.asking.asked import direct
from autograd_tiny.exercises.asking.formulas import shown
from autograd_tiny.marking.derivations import Derivations
from autograd_tiny.marking.forms.quantities import Quantity
from autograd_tiny.marking.training.times import timed
from autograd_tiny.text.words import counted, listed

GRADES = ("rule", "formula", "number")
MOST_LISTED = 6


def rule(quantity: Quantity, derivations: Derivations) -> str:
    """Which rule gives a quantity, in a sentence."""
    if quantity.kind == "path":
        return "Multiply the derivatives along the path."
    if quantity.kind == "derivative":
        return _of_derivative(quantity, derivations)
    name = quantity.nodes[0]
    if derivations.program is not None and name in derivations.program.updates:
        return _of_update(name, derivations)
    made_of = listed(direct(derivations.graph, name), MOST_LISTED)
    return f"Put numbers into the formula of {name}: it is made of {made_of}." if made_of else "It is given."


def _of_update(name: str, derivations: Derivations) -> str:
    if timed(name).beside:
        return f"{name} is one of the numbers that the optimizer works with."
    before = str(timed(name)._replace(time=timed(name).time - 1))
    return f"An update moves {before} against its derivative."


def _of_derivative(quantity: Quantity, derivations: Derivations) -> str:
    graph, (of, by) = derivations.graph, quantity.nodes
    if of == by:
        return "The derivative of a number by itself."
    if not graph.depends(of, by):
        return f"Does {of} depend on {by} at all?"
    below = [x for x in direct(graph, of) if graph.depends(x, by)]
    if below == [by]:
        return f"A local derivative: {_operation(graph.nodes[of].op)}{of} by {by}, with everything else held fixed."
    known = dict.fromkeys((*graph.labels, of))  # the output may have no label
    users = [name for name in known if name != by and graph.depends(of, name) and by in direct(graph, name)]
    if len(users) > 1:
        paths = f"so the chain rule has {counted(len(users), 'path')}: add over them."
        return f"{by} is used by {listed(users, MOST_LISTED)}, {paths}"
    return f"The chain rule: through {users[0]}, whose derivative is multiplied by the local one."


def _operation(op: Primitive | None) -> str:
    if op is None or op.arity != 1:
        return "that of "
    return f"the rule of {op.family.name if op.family else op.name} gives that of "


def formula(quantity: Quantity, derivations: Derivations) -> str:
    """The formula of a quantity, and of the local derivatives in it."""
    root = shown(quantity, derivations)
    if quantity.kind == "data":
        return root
    steps = [root]
    known = {quantity}
    graph = derivations.graph
    for of, by in pairwise(quantity.nodes):
        for user in graph.users_towards(by, of) if graph.depends(of, by) and of != by else ():
            inner = Quantity("derivative", (user, by))
            if inner not in known and str(inner) in root and user in graph.labels:
                known.add(inner)
                steps.append(shown(inner, derivations))
    return "; ".join(steps)
