"""What an exercise asks for: quantities, whole arrays, or "forward", "gradients", "local derivatives", "updates"."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from itertools import product

from autograd_tiny.engine.value import Constant
from autograd_tiny.marking.derivations import NamedGraph
from autograd_tiny.marking.forms.quantities import Quantity, data, derivative, read_quantity, updated
from autograd_tiny.marking.forms.spoken import Words, understood
from autograd_tiny.marking.training.times import timed
from autograd_tiny.text.words import did_you_mean

MOST_BLANKS = 500


def asked_for(ask: str | Iterable[str], graph: NamedGraph, trained: Sequence[str]) -> list[Quantity]:
    """The quantities that an exercise asks for, in its order, each once.

    Args:
        ask: one of `KEYWORDS`, a quantity as claims have it on their left, the name of an array, or several of these.
        graph: what it speaks of.
        trained: the labels of what is trained.

    Raises:
        TypeError: something asked for is no text.
        ValueError: nothing is asked for, or too much, or the same twice.
    """
    wanted = [ask] if isinstance(ask, str) else list(ask)
    found: dict[Quantity, str] = {}
    for text in wanted:
        is_keyword = isinstance(text, str) and text in KEYWORDS
        for quantity in KEYWORDS[text](graph, trained) if is_keyword else _entries(text, graph):
            if quantity in found and not is_keyword and found[quantity] not in KEYWORDS:
                same = f" ({found[quantity]!r} and {text!r})" if found[quantity] != text else ""
                raise ValueError(f"{quantity} is asked for twice{same}; ask for each number once")
            found.setdefault(quantity, text)
    if not found:
        raise ValueError(
            f"there is nothing to ask: {ask!r} has no number in this graph; ask for {', '.join(KEYWORDS)} or for labels"
        )
    if len(found) > MOST_BLANKS:
        raise ValueError(f"{len(found)} blanks are too many, at most {MOST_BLANKS}; ask for some of them")
    return list(found)


def _forward(graph: NamedGraph, trained: Collection[str]) -> Iterator[Quantity]:
    """Every value with a label that is computed."""
    return (data(name) for name, node in graph.labels.items() if node.op is not None)


def _gradients(graph: NamedGraph, trained: Collection[str]) -> Iterator[Quantity]:
    """The derivative of the output by everything with a label, nearest to it first.

    Of leaves only by those that are trained, if that is known.
    """
    root = graph.root
    for name, node in reversed(graph.labels.items()):
        if name != root and graph.depends(root, name) and (node.op is not None or not trained or name in trained):
            yield derivative(root, name)


def _local_derivatives(graph: NamedGraph, trained: Collection[str]) -> Iterator[Quantity]:
    """The derivative of everything with a label that is computed, by each labelled value that it is directly made of.

    One that also depends on the same value by way of another has no local derivative that claims can speak of, and is
    left out.
    """
    for name, node in reversed(graph.labels.items()):
        below = direct(graph, name) if node.op is not None else []
        yield from (derivative(name, x) for x in below if not any(y != x and graph.depends(y, x) for y in below))


def direct(graph: NamedGraph, name: str) -> list[str]:
    """The labelled values that a node is made of, with nothing labelled between."""
    found: dict[str, None] = {}
    waiting = list(reversed(graph.nodes[name].operands))
    while waiting:
        node = waiting.pop()
        if graph.name.get(node) in graph.labels:
            found[graph.name[node]] = None
        elif not isinstance(node, Constant):
            waiting += reversed(node.operands)
    return list(found)


def _updates(graph: NamedGraph, trained: Collection[str]) -> Iterator[Quantity]:
    """Everything that is trained, after one update."""
    if not trained:
        raise ValueError(
            "updates: say how it is trained, learning_rate=0.1 or training={'optimizer': 'adam', 'learning_rate': 0.1}"
        )
    return (updated(name) for name in trained)


KEYWORDS: dict[str, Callable[[NamedGraph, Collection[str]], Iterator[Quantity]]] = {
    "forward": _forward,
    "local derivatives": _local_derivatives,
    "gradients": _gradients,
    "updates": _updates,
}
"""What may be asked for in one word, and what it asks for."""


def _entries(text: str, graph: NamedGraph) -> list[Quantity]:
    """A quantity; where it speaks of arrays, that of each of their entries."""
    known = {timed(label.partition("[")[0]).base for label in graph.labels}
    if isinstance(text, str) and text not in known and (hint := did_you_mean(text.strip().lower(), KEYWORDS)):
        raise ValueError(f"no node is called {text!r}; {hint}")
    quantity = understood(read_quantity(text), Words(graph.labels))
    every = [_labels_of(name, graph) for name in quantity.nodes]
    return [quantity._replace(nodes=nodes) for nodes in product(*every)]


def _labels_of(name: str, graph: NamedGraph) -> list[str]:
    whole = timed(name)
    if whole.base in graph.labels:
        return [name]
    entry = re.compile(re.escape(whole.base) + r"(\[\d+\])+")
    return [str(whole._replace(base=label)) for label in graph.labels if entry.fullmatch(label)] or [name]
