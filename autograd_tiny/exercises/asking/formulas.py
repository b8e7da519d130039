"""The formula of a quantity as it is taught: one step of the computation, of what has a label."""

from __future__ import annotations

from autograd_tiny.marking.derivations import Derivations
from autograd_tiny.marking.forms.quantities import Quantity
from autograd_tiny.symbols.expression import READABLE, term


def shown(quantity: Quantity, derivations: Derivations) -> str:
    """A quantity and its formula, as people write it."""
    root = derivations.in_labels(quantity)
    return str(quantity) if root is None else f"{quantity} = {term(root, READABLE, {}).text}"
