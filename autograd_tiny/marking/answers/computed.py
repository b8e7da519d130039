"""Claims by name, numbers from code among them: floats, nested lists and arrays, compared to within a tolerance.

Where no digits were printed, a tolerance says how near is right: by default 1e-6 of the largest number in the same
array, as far as numbers in double precision agree that were worked out in another order, and by differences too.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Mapping
from itertools import chain
from typing import Any

from autograd_tiny.engine.contents import Indexed, is_array
from autograd_tiny.engine.refusals import data_of
from autograd_tiny.engine.value import Value
from autograd_tiny.marking.claims import Claim, claims_of, read_entries, sides
from autograd_tiny.marking.derivations import NamedGraph
from autograd_tiny.marking.entries import fitted
from autograd_tiny.marking.forms.arrays import entries_among, whole_shape
from autograd_tiny.marking.forms.blanks import read_answer
from autograd_tiny.marking.forms.cells import is_array_text
from autograd_tiny.marking.forms.computed import Computed, Shape, Whole, computed
from autograd_tiny.marking.forms.printed import Printed
from autograd_tiny.marking.forms.quantities import Quantity, data, derivative, read_quantity
from autograd_tiny.marking.forms.spoken import Words, understood
from autograd_tiny.marking.training.times import timed
from autograd_tiny.text.numbers import as_number, loses_as_float
from autograd_tiny.text.words import did_you_mean, listed

TOLERANCE = 1e-6
_ROUNDING = 64
"""So many times its precision a type of numbers may be off after some hundred operations: in single precision 8e-6."""


class Answers:
    """Reads claims about one graph by name, numbers from code among them.

    Args:
        graph: the graph.
        tolerance: how far off a number from code may be, in units of the largest one of its array.
    """

    def __init__(self, graph: NamedGraph, tolerance: float = TOLERANCE) -> None:
        if as_number(tolerance) is None or not 0.0 < tolerance < 1.0:
            raise ValueError(f"a tolerance is a share of the largest number, above 0 and below 1, got {tolerance!r}")
        self.tolerance, self.root = tolerance, graph.root
        self.leaves = {label: node.op is None for label, node in graph.labels.items()}
        self.entries = entries_among(self.leaves)

    def read(self, claims: Mapping[str, Any], read_text: Callable[[str], Printed] = read_answer) -> list[Claim]:
        """The claims: strings as printed numbers, ``None`` as blanks, everything else as numbers from code.

        Args:
            claims: the answers by what they are said to be.
            read_text: reads a string.

        Raises:
            ValueError, TypeError: naming the key, for what is no number, an array that the graph does not have.
        """
        found: list[Claim] = []
        for key, answer in claims.items():
            if isinstance(answer, str) and is_array_text(answer):
                found += [
                    fitted(claim, self.entries, self.leaves)
                    for claim in read_entries(f"{key} = {answer}", line=len(found))
                ]
            elif answer is None or isinstance(answer, str):
                found += [self._by_label(claim) for claim in claims_of(key, sides(answer or ""), read_text=read_text)]
            else:
                found += self._from_code(key, answer)
        return found

    def _by_label(self, claim: Claim) -> Claim:
        """A claim about nodes, by their labels; what is more than that is understood where all of the page is known."""
        quantity = claim.quantity
        return claim if quantity.kind == "text" else claim._replace(quantity=understood(quantity, Words(self.leaves)))

    def _from_code(self, key: str, answer: Any) -> list[Claim]:
        quantity = self._meant(key)
        shape, numbers = _taken_apart(answer, key)
        largest = max(map(abs, filter(math.isfinite, numbers)), default=0.0)
        rounding = _ROUNDING * _precision(answer)
        tolerance = max(self.tolerance, rounding)
        name = timed(quantity.nodes[-1])
        if name.base not in self.entries and len(numbers) == 1 and (not shape or name.base in self.leaves):
            return [self._claim(quantity, computed(numbers[0], tolerance, largest, None, rounding))]
        places, wanted = self._places_of(key, name.base)
        whole = Whole(str(quantity), shape, wanted, tuple(numbers))
        entries = [
            quantity._replace(nodes=(*quantity.nodes[:-1], str(name._replace(base=places[place]))))
            for place in sorted(places)
        ]
        in_order = numbers if whole.fits else [math.nan] * len(entries)
        return [
            self._claim(entry, computed(x, tolerance, largest, whole, rounding))
            for entry, x in zip(entries, in_order, strict=True)
        ]

    def _claim(self, quantity: Quantity, printed: Computed) -> Claim:
        """A claim; an output without a label is called so."""
        nameless = quantity.nodes[0] == self.root and self.root not in self.leaves
        return Claim(
            quantity, printed, said=str(quantity._replace(nodes=("output", *quantity.nodes[1:]))) if nameless else ""
        )

    def _meant(self, key: str) -> Quantity:
        """What a number from code is said to be: of a leaf, whose own number is given, the derivative of the output."""
        known = {*self.leaves, *self.entries}
        quantity = understood(read_quantity(key), Words(known))
        if quantity.kind != "data":
            return quantity
        (name,) = quantity.nodes
        if name not in known and name[:1] == "d" and name[1:] in known:
            return derivative(self.root, name[1:])
        inside = self.entries.get(name, {}).values() or [name]
        return derivative(self.root, name) if all(self.leaves.get(label) for label in inside) else data(name)

    def _places_of(self, key: str, base: str) -> tuple[dict[tuple[int, ...], str], Shape]:
        """The labels of an array's entries by their places, and its shape; what is one number has a place, too."""
        if base in self.leaves and base not in self.entries:
            return {(): base}, ()
        if base not in self.entries:
            hint = did_you_mean(base, self.entries) or (f"there are {listed(self.entries, 9)}" if self.entries else "")
            how = "label its entries: array(data, 'W'), Z.label = 'Z', or values(data, 'W')"
            raise ValueError(f"{key}: the graph has no array {base!r}; {hint or how}")
        try:
            return self.entries[base], whole_shape(base, self.entries)
        except ValueError as error:
            raise ValueError(f"{key}: {error}") from None


def _taken_apart(answer: Any, key: str) -> tuple[Shape, list[float]]:
    """The shape of an array or of nested lists, and their numbers, the last index fastest."""
    if hasattr(answer, "__array__") and not isinstance(answer, Indexed) and "numpy" in sys.modules:
        answer = sys.modules["numpy"].asarray(answer)
    if loses_as_float(answer):
        raise TypeError(f"{key}: a number from code is a real number, got an array of {answer.dtype}")
    if is_array(answer):
        return answer.shape, [_number(x, key) for x in answer.ravel().tolist()]
    if not isinstance(answer, (list, tuple, Indexed)):
        return (), [_number(answer, key)]
    parts = [_taken_apart(part, key) for part in answer]
    shapes = dict.fromkeys(shape for shape, _ in parts)
    if len(shapes) != 1:
        what = f"this {type(answer).__name__} has rows of {len(shapes)} shapes" if parts else "this one is empty"
        raise ValueError(f"{key}: an array has rows of one length; {what}")
    return (len(parts), *next(iter(shapes))), list(chain.from_iterable(numbers for _, numbers in parts))


def _number(x: Any, key: str) -> float:
    number = data_of(x) if isinstance(x, Value) else as_number(x)
    if number is None:
        raise TypeError(f"{key}: a number from code is a float, a list of floats or an array of them, got {x!r}")
    return float(number)


def _precision(answer: Any) -> float:
    """What is between 1 and the next number of the type; what is not of NumPy is in double precision."""
    dtype = getattr(answer, "dtype", None)
    if getattr(dtype, "kind", "") != "f" or "numpy" not in sys.modules:
        return sys.float_info.epsilon
    return float(sys.modules["numpy"].finfo(dtype).eps)
