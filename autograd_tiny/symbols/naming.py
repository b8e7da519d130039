"""Names for the nodes of a graph, all different: a label where there is one, an invented name where there is none."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from autograd_tiny.engine.graph import Node, NodeT, all_nodes
from autograd_tiny.text.names import distinct, invented
from autograd_tiny.text.words import quoted


class Naming:
    """A name for every node, all different: its label where it has one, else a name that is made when it is asked for.

    Where several nodes have the same label, the second is called ``x#2`` and so on.  An invented name is ``t1``,
    ``t2``, ..., with another letter where a label looks like one of these.

    Args:
        nodes: all nodes that may be named.
    """

    def __init__(self, nodes: Iterable[Node]) -> None:
        nodes = list(nodes)
        self.known: dict[Node, str] = {node: name for node, name in zip(nodes, distinct(labels_of(nodes))) if name}
        self._fresh = invented(self.known.values())

    def of(self, node: Node) -> str:
        """The name of a node."""
        if node not in self.known:
            self.known[node] = next(self._fresh)
        return self.known[node]


def labels_of(nodes: Iterable[Node]) -> list[str]:
    """The label of each node, empty where it has none.

    Raises:
        TypeError: a label was set to what is no string.
    """
    labels = [node.label for node in nodes]
    if wrong := [label for label in labels if not isinstance(label, str)]:
        raise TypeError(f"a label is a string, got {quoted(wrong[0])}; set another, as x.label = 'x', or '' for none")
    return labels


def names(*roots: NodeT) -> dict[NodeT, str]:
    """A name for every node that ``roots`` depend on, as `Naming` gives it.

    Operations are counted before leaves, since leaves without a label are mostly numbers that need no name.
    """
    nodes: list[Any] = all_nodes(*roots)
    naming = Naming(nodes)
    for node in sorted(nodes, key=lambda node: node.op is None):
        naming.of(node)
    return {node: naming.of(node) for node in nodes}
