"""Names for the nodes of a graph, all different: a label where there is one, an invented name where there is none."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from autograd_tiny.engine.graph import Node, NodeT, all_nodes
from autograd_tiny.text.names import distinct, invented


class Naming:
    """A name for every node, all different: its label where it has one, else a name that is made when it is asked for.

    Where several nodes have the same label, the second is called ``x#2`` and so on.  An invented name is ``t1``,
    ``t2``, ..., with another letter where a label looks like one of these.

    Args:
        nodes: all nodes that may be named.
    """

    def __init__(self, nodes: Iterable[Node]) -> None:
        nodes = list(nodes)
        self.known: dict[Node, str] = {
            node: name for node, name in zip(nodes, distinct(node.label for node in nodes)) if name
        }
        self._fresh = invented(self.known.values())

    def of(self, node: Node) -> str:
        """The name of a node."""
        if node not in self.known:
            self.known[node] = next(self._fresh)
        return self.known[node]


def names(*roots: NodeT) -> dict[NodeT, str]:
    """A name for every node that ``roots`` depend on, as `Naming` gives it.

    Operations are counted before leaves, since leaves without a label are mostly numbers that need no name.
    """
    nodes: list[Any] = all_nodes(*roots)
    naming = Naming(nodes)
    for node in sorted(nodes, key=lambda node: node.op is None):
        naming.of(node)
    return {node: naming.of(node) for node in nodes}
