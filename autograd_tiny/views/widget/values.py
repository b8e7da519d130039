"""The numbers of the leaves of a graph, by name: read, and moved."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, MutableMapping, Sequence

from autograd_tiny.engine.graph import mapped
from autograd_tiny.engine.refusals import finite_float
from autograd_tiny.engine.value import Value
from autograd_tiny.text.words import did_you_mean, listed


class Values(MutableMapping[str, float]):
    """The numbers of leaves by their names; one that is set is checked, and given to whoever holds them.

    Args:
        read: the numbers now.
        write: takes all of them, one changed.
    """

    def __init__(self, read: Callable[[], dict[str, float]], write: Callable[[dict[str, float]], None]) -> None:
        self._read, self._write = read, write

    def __getitem__(self, name: str) -> float:
        values = self._read()
        if name not in values:
            hint = did_you_mean(name, values) or f"there are {listed(values, 8)}"
            raise KeyError(f"no leaf is called {name!r}; {hint}")
        return values[name]

    def __setitem__(self, name: str, number: float) -> None:
        self[name]
        self._write(self._read() | {name: finite_float(number, name)})

    def __delitem__(self, name: str) -> None:
        raise TypeError(f"a leaf has a number always; set values[{name!r}] to another one")

    def __iter__(self) -> Iterator[str]:
        return iter(self._read())

    def __len__(self) -> int:
        return len(self._read())

    def __repr__(self) -> str:
        return repr(self._read())


def recomputed(roots: Sequence[Value], data: Mapping[Value, float]) -> dict[Value, Value]:
    """A graph again, computed from other numbers of its leaves: every node with its twin.

    Raises:
        ValueError, ArithmeticError: an operation refuses its operands.
    """

    def again(node: Value, operands: tuple[Value, ...]) -> Value:
        twin = node.with_operands(operands)
        if node.op is None:
            twin.data = data.get(node, node.data)
            return twin
        fresh = Value.record(node.op, operands)
        twin.data, twin.d_first = fresh.data, fresh.d_first
        if node.second is not None:
            twin.d_second = fresh.d_second
        return twin

    return mapped(roots, again)
