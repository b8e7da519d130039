"""Numbers from code as claims: floats, nested lists and arrays, compared to within a tolerance.

Where no digits were printed, a tolerance says how near is right: by default 1e-6 of the largest number in the same array, as far
as numbers in double precision agree that were worked out in another order, and by differences too.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from autograd_tiny.arrays.containers import Container
from autograd_tiny.engine.contents import is_array
from autograd_tiny.engine.graph import all_nodes, joint
from autograd_tiny.engine.refusals import check_recorded, data_of
from autograd_tiny.engine.value import Value
from autograd_tiny.marking.claims import Claim, Quantity, data, derivative, read_quantity, without_d
from autograd_tiny.marking.forms.blanks import read_answer
from autograd_tiny.marking.forms.printed import Printed
from autograd_tiny.symbols.naming import names
from autograd_tiny.text.words import did_you_mean, listed

TOLERANCE = 1e-6
_PLACE = re.compile(r"(?P<base>.+?)(?P<index>(?:\[\d+(?:, ?\d+)*\])+)")
_ROUNDING = 64
"""So many times its precision a type of numbers may be off after some hundred operations: in single precision 8e-6."""


class Computed(Printed):
    """A number as a program worked it out; half its unit is the tolerance."""

    __slots__ = ()

    def rounds(self, value: float, slack: float = 0.0, noise: float | None = None) -> bool:
        """Whether ``value`` is this number to within the tolerance, and what else it may be off."""
        return abs(value - self.number) <= 0.5 * self.unit + slack + (noise or 0.0)

    def cuts(self, value: float, slack: float = 0.0, noise: float | None = None) -> bool:
        """Never: a program cuts no digits off."""
        return False

    def is_near_an_edge(self, value: float) -> bool:
        """Whether rounding errors might decide."""
        return abs(abs(value - self.number) - 0.5 * self.unit) < 1e-3 * self.unit

    def like(self, value: float) -> str:
        """``value`` with all its digits."""
        return repr(value)

    def beside(self, value: float) -> str:
        """``value`` with as many digits as it needs to differ."""
        return _shown(value)


def _shown(number: float) -> str:
    return f"{number:.7g}"


def computed(number: float, tolerance: float) -> Computed:
    """A number that is right if it is off by at most ``tolerance``.

    >>> computed(0.5, 1e-3).rounds(0.5009), computed(0.5, 1e-3).rounds(0.502)
    (True, False)
    """
    return Computed(_shown(number), number, 2.0 * tolerance)


class Answers:
    """Reads claims about one graph by name, numbers from code among them.

    Args:
        output: the root of the graph.
        others: nodes beside it.
        tolerance: how far off a number from code may be, in units of the largest one of its array.
    """

    def __init__(self, output: Value, others: Sequence[Value] = (), tolerance: float = TOLERANCE) -> None:
        if isinstance(tolerance, bool) or not 0.0 < tolerance < 1.0:
            raise ValueError(f"a tolerance is a share of the number, above 0 and below 1, got {tolerance!r}")
        self.tolerance = tolerance
        for node in (output, *others):
            check_recorded(node, "marked")
        self.root = names(output, *others)[output]
        self.leaves = {node.label: node.op is None for node in all_nodes(joint([output, *others])) if node.label}
        self.entries: dict[str, dict[tuple[int, ...], str]] = {}
        for label in self.leaves:
            if match := _PLACE.fullmatch(label):
                self.entries.setdefault(match["base"], {})[_index(match["index"])] = label

    def read(self, claims: Mapping[str, Any], read_text: Callable[[str], Printed] = read_answer) -> list[Claim]:
        """The claims: strings as printed numbers, ``None`` as blanks, everything else as numbers from code.

        Args:
            claims: the answers by what they are said to be.
            read_text: reads a string.

        Raises:
            ValueError, TypeError: naming the key, for what is no number, an array that the graph does not have, another shape.
        """
        found: list[Claim] = []
        for key, answer in claims.items():
            if answer is None or isinstance(answer, str):
                found.append(Claim(without_d(read_quantity(key), self.leaves), read_text(answer or "")))
            else:
                found += self._from_code(key, answer)
        return found

    def _from_code(self, key: str, answer: Any) -> list[Claim]:
        quantity = self._meant(key)
        if hasattr(answer, "__array__") and not is_array(answer) and "numpy" in sys.modules:
            answer = sys.modules["numpy"].asarray(answer)
        container = Container(answer, key)
        numbers = [data_of(x) for x in container.numbers]
        largest = max(map(abs, numbers), default=0.0) or self.tolerance  # where all is 0, hardly anything else is right
        tolerance = largest * max(self.tolerance, _ROUNDING * _precision(answer))
        places = [name.removeprefix(key) for name in container.names()]
        if places == [""]:
            return [self._claim(quantity, computed(numbers[0], tolerance))]
        labels = self._entries_of(key, quantity.nodes[-1], [_index(place) for place in places])
        entries = [quantity._replace(nodes=(*quantity.nodes[:-1], label)) for label in labels]
        return [self._claim(entry, computed(x, tolerance)) for entry, x in zip(entries, numbers)]

    def _claim(self, quantity: Quantity, printed: Computed) -> Claim:
        """A claim; an output without a label is called so."""
        nameless = quantity.nodes[0] == self.root and self.root not in self.leaves
        return Claim(quantity, printed, said=str(quantity._replace(nodes=("output", *quantity.nodes[1:]))) if nameless else "")

    def _meant(self, key: str) -> Quantity:
        """What a number from code is said to be: of a leaf, whose own number is given, the derivative of the output."""
        known = {*self.leaves, *self.entries}
        quantity = without_d(read_quantity(key), known)
        if quantity.kind != "data":
            return quantity
        (name,) = quantity.nodes
        if name not in known and name[:1] == "d" and name[1:] in known:
            return derivative(self.root, name[1:])
        inside = self.entries.get(name, {}).values() or [name]
        return derivative(self.root, name) if all(self.leaves.get(label) for label in inside) else data(name)

    def _entries_of(self, key: str, base: str, places: Sequence[tuple[int, ...]]) -> list[str]:
        """The labels of an array's entries, in the order of these places."""
        if base not in self.entries:
            hint = did_you_mean(base, self.entries) or (f"there are {listed(self.entries, 9)}" if self.entries else "")
            how = "label its entries, as values(array, 'W') does"
            raise ValueError(f"{key}: the graph has no array {base!r}; {hint or how}")
        entries = self.entries[base]
        if set(places) != set(entries):
            mine, theirs = _shape(places), _shape(list(entries))
            hint = "; is it transposed?" if mine == theirs[::-1] and mine != theirs else ""
            if mine == theirs:
                missing = next(place for place in places if place not in entries)
                hint = f", but not {base}{list(missing)}; what the output does not depend on is to be given as others="
            raise ValueError(f"{key} is {_by(mine)}, and {base} in the graph {_by(theirs)}{hint}")
        return [entries[place] for place in places]


def _index(place: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", place))


def _shape(places: Sequence[tuple[int, ...]]) -> tuple[int, ...]:
    return tuple(max(numbers) + 1 for numbers in zip(*places))


def _by(shape: Sequence[int]) -> str:
    return " × ".join(map(str, shape)) if len(shape) > 1 else f"{shape[0]} long" if shape else "one number"


def _precision(answer: Any) -> float:
    if not is_array(answer) or answer.dtype.kind != "f":
        return 0.0
    return float(sys.modules["numpy"].finfo(answer.dtype).eps)
