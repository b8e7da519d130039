"""Points of the domain at which formulas are compared: the inputs that they depend on, drawn around the page's."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from random import Random

from autograd_tiny.marking.derivations import Derivations
from autograd_tiny.marking.forms.quantities import Quantity
from autograd_tiny.text.numbers import short_number
from autograd_tiny.text.words import listed

SPREADS = (0.1, 0.4, 1.5)
"""How far points lie from the page's inputs, as a share of each, and of a half where it is smaller."""
CLOSE = (1e-4,)
"""The same for points at which formulas are on the same branch of a choice as at the page's inputs."""
MOST_TOLD = 6


class Inputs:
    """The inputs that formulas depend on.

    Args:
        derivations: how quantities follow from each other.
        quantities: those in the formulas.

    Attributes:
        leaves: the page's number of each input.
    """

    def __init__(self, derivations: Derivations, quantities: Iterable[Quantity]) -> None:
        self.derivations, self.graph = derivations, derivations.graph
        names = list(dict.fromkeys(name for quantity in quantities for name in quantity.names))
        given = {label: node for label, node in self.graph.labels.items() if node.op is None and self._is_given(label)}
        self.leaves = {
            label: node.data for label, node in given.items() if any(self._depends(name, label) for name in names)
        }

    def _is_given(self, label: str) -> bool:
        return self.derivations.step(Quantity("data", (label,))) is None and "(" not in label

    def _depends(self, name: str, leaf: str) -> bool:
        program = self.derivations.program
        return (
            name not in self.graph.nodes
            or (program is not None and name in program.updates)
            or self.graph.depends(name, leaf)
        )

    def drawn(self, labels: Sequence[str], each: int, spreads: Sequence[float] = SPREADS) -> Iterator[dict[str, float]]:
        """Points at which these inputs are others, so many for each spread; the same whenever they are asked for."""
        random = Random(0)
        for spread in spreads if labels else ():
            digits = max(1, 1 - math.floor(math.log10(spread)))  # no more than it takes, so that a point can be told
            for _ in range(each):
                yield {
                    x: float(f"{random.gauss(self.leaves[x], spread * max(abs(self.leaves[x]), 0.5)):.{digits}e}")
                    for x in labels
                }


def told(given: Mapping[str, float]) -> str:
    """Where a point is."""
    if not given:
        return "at the page's inputs"
    return f"at {listed([f'{name} = {short_number(x)}' for name, x in given.items()], MOST_TOLD)}"
