"""The formula of a quantity as it is taught: one step of the computation, of what has a label."""

from __future__ import annotations

from autograd_tiny.engine.graph import all_nodes
from autograd_tiny.marking.derivations import Derivations, rewritten
from autograd_tiny.marking.forms.quantities import Quantity
from autograd_tiny.symbols.expression import READABLE, Expression, term


def one_step(quantity: Quantity, derivations: Derivations) -> Expression | None:
    """A quantity as a formula of others that have labels; None for what is given."""
    root = derivations.step(quantity)
    while root is not None:
        variables = {x: derivations.quantities[x] for x in all_nodes(root) if x in derivations.quantities}
        inner = {x: q for x, q in variables.items() if not derivations.is_labelled(q)}
        opened = {x: step for x, q in inner.items() if (step := derivations.step(q)) is not None}
        if not opened:
            break
        root = rewritten(root, opened)[root]
    return root


def shown(quantity: Quantity, derivations: Derivations) -> str:
    """A quantity and its formula, as people write it."""
    root = one_step(quantity, derivations)
    return str(quantity) if root is None else f"{quantity} = {term(root, READABLE, {}).text}"
