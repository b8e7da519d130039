"""Which part of a model a node belongs to, by the labels of its parameters: the clusters and summaries of pictures."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import takewhile
from typing import NamedTuple

from autograd_tiny.engine.row import Primitive
from autograd_tiny.engine.value import Constant, Value
from autograd_tiny.views.drawing.dot_text import PartOfModel

_PART = r"[^\W\d]\w*(?:\[[^\[\]]*\])*"
_DOTTED = re.compile(rf"(?:{_PART}\.)+{_PART}")
_DEEPEST = 4
MOST_GROUPS = 60
"""More boxes than this are no summary."""


def split_label(label: str) -> tuple[PartOfModel, str]:
    """The part of a model that a label names, from the outside in, and the name within it.

    >>> split_label("layers[0].weights[1][2]"), split_label("x[3]")
    ((('layers[0]',), 'weights[1][2]'), ((), 'x[3]'))
    """
    if "." not in label or not _DOTTED.fullmatch(label):
        return (), label
    *path, name = re.findall(_PART, label)
    return tuple(path[:_DEEPEST]), ".".join([*path[_DEEPEST:], name])


def parts_of_model(nodes: Iterable[Value]) -> dict[Value, PartOfModel]:
    """For each of ``nodes``, given operands before users, the part of the model it belongs to; () where there is none.

    A label such as ``layers[0].biases[1]`` says it.  An operation without such a label belongs where the parameters
    belong that it uses.  So does one step more, as an activation is: an operation on nothing but nodes of the model, at
    least one of which uses parameters.
    """
    parts: dict[Value, PartOfModel] = {}
    uses_parameters: set[Value] = set()
    for node in nodes:
        part = split_label(node.label)[0] if node.label else ()
        if node.op is not None and not part:
            operands = node.operands
            if parameters := [x for x in operands if parts[x] and x.op is None]:
                uses_parameters.add(node)
                part = _shared(parts, parameters)
            elif not uses_parameters.isdisjoint(operands):
                part = _shared(parts, operands)
        parts[node] = part
    return parts


def _shared(parts: dict[Value, PartOfModel], nodes: Sequence[Value]) -> PartOfModel:
    paths = {parts[x] for x in nodes}
    first = paths.pop()
    same = takewhile(lambda names: len(set(names)) == 1, zip(first, *paths))
    return tuple(names[0] for names in same) if paths else first


class Group(NamedTuple):
    """Nodes that a summary puts together: a part of the model, leaves of like names, or one kind of operation."""

    kind: str
    name: str


class Summary(NamedTuple):
    """A graph with its nodes put together in groups.

    Attributes:
        members: for each group, how many nodes there are of each operation, by its symbol; leaves count as "leaf".
        links: how many edges lead from one group to another.
    """

    members: dict[Group, Counter[str]]
    links: Counter[tuple[Group, Group]]


def summary(nodes: Sequence[Value]) -> Summary:
    """The nodes of a graph, given operands before users, root last, in a few groups; the root is one of its own.

    Groups are the parts of the model, other leaves by their names without numbers, other operations by kind.  Where
    this gives more than 60, only the largest parts of the model, and leaves together; or else no parts.

    Raises:
        ValueError: there are more than 60 kinds of operations.
    """
    parts = parts_of_model(nodes)
    for depth in (_DEEPEST, 1, 0):
        groups = {x: _group(x, parts[x][:depth], depth > 1) for x in nodes if x.__class__ is not Constant}
        groups[nodes[-1]] = Group("root", "")
        if len(set(groups.values())) <= MOST_GROUPS:
            return _counted(groups)
    raise ValueError(
        f"a graph of {len(nodes)} nodes with more than {MOST_GROUPS} kinds of operations is too large; "
        "draw a part of it"
    )


def _group(node: Value, part: PartOfModel, leaves_by_name: bool) -> Group:
    if part:
        return _part(part)
    if node.op is None:
        return Group("leaves", re.sub(r"\d+", "…", node.label) if leaves_by_name else "")
    return _operation(node.op)


@lru_cache(maxsize=4096)
def _part(part: PartOfModel) -> Group:
    return Group("part", ".".join(part))


@lru_cache(maxsize=4096)
def _operation(row: Primitive) -> Group:
    return Group("operation", kind_of(row))


def _counted(groups: dict[Value, Group]) -> Summary:
    members: dict[Group, Counter[str]] = {}
    for (group, row), count in Counter((group, node.op) for node, group in groups.items()).items():
        members.setdefault(group, Counter())["leaf" if row is None else kind_of(row)] += count
    links = Counter((groups[x], group) for node, group in groups.items() for x in node.operands if x in groups)
    return Summary(members, Counter({link: count for link, count in links.items() if link[0] != link[1]}))


def kind_of(row: Primitive) -> str:
    """A row's symbol, or the name of the family it is of."""
    return row.symbol if row.family is None else row.family.name
