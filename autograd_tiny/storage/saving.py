"""Parameters and recorded graphs as JSON files.

A file holds exact floats and the names of rows, never code: rows of one's own are given by whoever loads.  All of a
file is checked before anything is changed by it, and a graph is computed again while it is read, so that damage does
not go unseen.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from copy import copy
from pathlib import Path
from types import MappingProxyType
from typing import Any

from autograd_tiny.calculus.changes import check_unchanged, follows
from autograd_tiny.engine.graph import Call, Node, operands_first
from autograd_tiny.engine.refusals import call_text, finite_float
from autograd_tiny.engine.row import Family, MultiPrimitive, Primitive
from autograd_tiny.engine.table import TABLE
from autograd_tiny.engine.value import Constant, Value
from autograd_tiny.nn import Module
from autograd_tiny.storage.files import read_text, write_file
from autograd_tiny.storage.jsons import read_json
from autograd_tiny.symbols.expansion import row_name
from autograd_tiny.symbols.expression import Expression
from autograd_tiny.text.words import listed, quoted

Roots = Node | Sequence[Node] | Mapping[str, Node]
Operation = Primitive | Family | MultiPrimitive
Kind = type[Value] | type[Expression]

VERSION = 1
PARAMETERS, GRAPH = "autograd_tiny parameters", "autograd_tiny graph"
READERS: Mapping[str, str] = MappingProxyType({PARAMETERS: "load_parameters", GRAPH: "load_graph"})
KINDS: Mapping[str, Kind] = MappingProxyType({"Value": Value, "Expression": Expression})
MOST_DERIVATIVES, DERIVATIVES_PER_CHARACTER = 1_000_000, 10
"""How many derivatives by operands of sibling entries a file may ask for: in any case, and more by its size."""


def save_parameters(model: Module, path: str | os.PathLike[str]) -> Path:
    """Write the parameters of a model to a JSON file, by name, every digit kept.  Returns the path.

    The file appears whole or not at all.  The structure of the model is not written: `load_parameters` fills a model
    that was built in the same way.

    Raises:
        ValueError: the model has no parameters, or one that is not finite.
        OSError: the file cannot be written.

    >>> from autograd_tiny import nn
    >>> from tempfile import TemporaryDirectory
    >>> model, other = nn.MLP([2, 1], ["relu"]), nn.MLP([2, 1], ["relu"])
    >>> with TemporaryDirectory() as directory:
    ...     path = save_parameters(model, directory + "/model.json")
    ...     load_parameters(other, path)
    >>> other.state_dict() == model.state_dict()
    True
    """
    _check_model(model, "save_parameters")
    state = {name: finite_float(x, name) for name, x in model.state_dict().items()}
    if not state:
        raise ValueError(
            f"this {type(model).__name__} has no parameters to save: they are Values, and a frozen model has none"
        )
    return write_file(path, _document({"format": PARAMETERS, "version": VERSION, "parameters": state}))


def load_parameters(model: Module, path: str | os.PathLike[str]) -> None:
    """Give a model the parameters that `save_parameters` wrote.

    Raises:
        ValueError: the file is damaged or of another kind, or its names or numbers do not fit the model, which then is
            as it was before.
        OSError: the file cannot be read.
    """
    _check_model(model, "load_parameters")
    with _reading(path):
        state = _content(read_text(path), PARAMETERS, {"parameters"})["parameters"]
        if not isinstance(state, dict):
            raise ValueError(f"parameters must be an object with a number for each name, got {quoted(state)}")
        model.load_state_dict({name: _number(x, name) for name, x in state.items()})


def save_graph(roots: Roots, path: str | os.PathLike[str]) -> Path:
    """Write a recorded graph to a JSON file: operations, labels, data and gradients.  Returns the path.

    The file appears whole or not at all.  Local derivatives are not written, since the rows give them again.

    Args:
        roots: a Value or an Expression, or several in a list or in a mapping by name; what they share is written once.
        path: where to write.

    Raises:
        ValueError: data was changed after it was used, so that the rows give other numbers.
        OSError: the file cannot be written.

    >>> from tempfile import TemporaryDirectory
    >>> w, x = Value(-3.0, "w"), Value(2.0, "x")
    >>> y = (w * x).tanh()
    >>> y.backward()
    >>> with TemporaryDirectory() as directory:
    ...     path = save_graph({"y": y, "w": w}, directory + "/graph.json")
    ...     loaded = load_graph(path)
    >>> loaded["y"].data == y.data, loaded["w"].grad == w.grad
    (True, True)
    """
    flat = _each(roots)
    kind = next((name for name, kind in KINDS.items() if flat and all(isinstance(root, kind) for root in flat)), None)
    if kind is None or (isinstance(roots, Mapping) and not all(isinstance(name, str) for name in roots)):
        raise TypeError(
            f"save_graph writes a Value or Expression, or several of a kind in a list or by name, got {quoted(roots)}"
        )
    if kind == "Value":
        check_unchanged(*flat, done="a file")
    writer = _Writer()
    for node in operands_first(flat, writer.numbers.__contains__):
        writer.write(node)
    fields = {
        "kind": kind,
        "own": writer.own,
        "roots": _with_each(roots, writer.numbers.__getitem__),
        "nodes": writer.entries,
    }
    return write_file(path, _document({"format": GRAPH, "version": VERSION, **fields}))


def load_graph(path: str | os.PathLike[str], *, primitives: Iterable[Operation] = (), any_size: bool = False) -> Any:
    """The graph that `save_graph` wrote: one node, or a list or a mapping of nodes, as was given there.

    Each node is computed again from the data that its operands have in the file.  The result may differ from the node's
    own data by rounding, since the mathematical libraries of two machines do: by as much as four roundings of the
    result and of each operand make.  The data of the file is kept.

    Args:
        path: the file.
        primitives: the operations of your own that the graph uses.
        any_size: take a graph that is much larger than its file: the derivatives of n outputs by n operands, as of a
            softmax, are n * n numbers.  Without it a file may ask for a million of them, and for ten more per
            character.

    Raises:
        ValueError: the file is damaged or of another kind, it asks for too much, it uses an operation that is not
            given, or a node does not follow from its operands.
        OSError: the file cannot be read.
    """
    given = {operation.name: operation for operation in primitives}
    with _reading(path):
        text = read_text(path)
        content = _content(text, GRAPH, {"kind", "own", "roots", "nodes"})
        if content["kind"] not in list(KINDS):
            raise ValueError(f"kind must be one of {', '.join(KINDS)}, got {quoted(content['kind'])}")
        entries = _list(content["nodes"], "nodes")
        most = MOST_DERIVATIVES + DERIVATIVES_PER_CHARACTER * len(text)
        reader = _Reader(
            KINDS[content["kind"]], _operations(content["own"], given), entries, None if any_size else most
        )
        for number, entry in enumerate(entries):
            with _inside(f"nodes[{number}]"):
                reader.read(entry)
        return _with_each(content["roots"], reader.node)


def _check_model(model: object, function: str) -> None:
    if not isinstance(model, Module):
        raise TypeError(f"{function} takes a model first, then a path, got {quoted(model)}")


def _each(roots: Any) -> list[Any]:
    if isinstance(roots, Mapping):
        return list(roots.values())
    return list(roots) if isinstance(roots, Sequence) else [roots]


def _with_each(roots: Any, change: Callable[[Any], Any]) -> Any:
    if isinstance(roots, Mapping):
        return {name: change(root) for name, root in roots.items()}
    return [change(root) for root in roots] if isinstance(roots, Sequence) else change(roots)


# Writing.


class _Writer:
    """Turns nodes into plain data, one entry each; what is empty or 0 is left out."""

    def __init__(self) -> None:
        self.entries: list[dict[str, Any]] = []
        self.numbers: dict[Node, int] = {}
        self._operations: dict[str, Operation] = {}
        self._calls: dict[Call, int] = {}

    @property
    def own(self) -> list[str]:
        """The operations that are not the table's."""
        return [name for name, operation in self._operations.items() if TABLE.get(name) is not operation]

    def write(self, node: Any) -> None:
        """Add a node whose operands have been written."""
        self.numbers[node] = len(self.entries)
        entry = {} if node.op is None else self._operation(node)
        if node.label:
            entry["label"] = node.label
        if isinstance(node, Value):
            entry["constant" if isinstance(node, Constant) else "data"] = _plain(node.data)
            if str(node.grad) != "0.0":
                entry["grad"] = _plain(node.grad)
        elif node.constant_value is not None:
            entry["constant"] = _plain(node.constant_value)
        self.entries.append(entry)

    def _operation(self, node: Any) -> dict[str, Any]:
        entry: dict[str, Any] = {"op": self._name(node.op)}
        if node.op.parameter is not None:
            entry["parameter"] = node.op.parameter if isinstance(node.op.parameter, int) else _plain(node.op.parameter)
        number = self.numbers[node]
        if node.call and (first := self._calls.setdefault(node.call, number)) != number:
            return entry | {"sibling": first}
        return entry | {"operands": [self.numbers[x] for x in node.operands]}

    def _name(self, row: Primitive) -> str:
        name, operation = row_name(row), row.family or row
        if self._operations.setdefault(name, operation) is not operation:
            raise ValueError(f"two operations of this graph are called {name!r}; give one of them another name")
        return name


def _plain(x: float) -> float | str:
    """A number for JSON, which has neither infinity nor NaN."""
    return float(x) if math.isfinite(x) else repr(float(x))


def _document(fields: Mapping[str, Any]) -> str:
    """JSON with a line for each field, and for each entry of the last one."""
    from json import JSONEncoder

    encode = JSONEncoder(allow_nan=False).encode
    *heads, (last, entries) = fields.items()
    if isinstance(entries, Mapping):
        opening, closing, lines = "{", "}", [f"{encode(name)}: {encode(x)}" for name, x in entries.items()]
    else:
        opening, closing, lines = "[", "]", [encode(x) for x in entries]
    head = "".join([f"{encode(name)}: {encode(x)},\n" for name, x in heads])
    body = ",\n".join(lines)
    return f"{{\n{head}{encode(last)}: {opening}\n{body}\n{closing}\n}}\n"


# Reading.


@contextmanager
def _inside(place: str) -> Iterator[None]:
    """Whatever is found to be wrong is a ValueError that names the place."""
    try:
        yield
    except (ArithmeticError, LookupError, TypeError, ValueError) as error:
        raise ValueError(f"{place}: {error}") from None


def _reading(path: str | os.PathLike[str]) -> AbstractContextManager[None]:
    return _inside(f"cannot read {os.fspath(path)}")


def _content(text: str, kind: str, fields: set[str]) -> dict[str, Any]:
    """What a file holds, if it is of this kind and has exactly these fields."""
    from json import JSONDecodeError

    try:
        content: Any = read_json(text, object_pairs_hook=_object)
    except JSONDecodeError as error:
        raise ValueError(f"it is cut off or not JSON: {error}") from None
    found = content.get("format") if isinstance(content, dict) else None
    if found != kind:
        reader = READERS.get(found) if isinstance(found, str) else None
        raise ValueError(f"its format is {quoted(found)}, " + (f"which {reader} reads" if reader else f"not {kind!r}"))
    if content.get("version") != VERSION:
        raise ValueError(
            f"its format has version {quoted(content.get('version'))}; this autograd_tiny reads version {VERSION}"
        )
    _check_fields(content, {"format", "version"} | fields)
    return content  # type: ignore[no-any-return]


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, x in pairs:
        if name in found:
            raise ValueError(f"{quoted(name)} occurs twice in one object")
        found[name] = x
    return found


def _operations(own: Any, given: Mapping[str, Operation]) -> dict[str, Operation]:
    """All operations that a file may use, by name: the table's, and those of one's own."""
    names = _list(own, "own")
    if missing := [name for name in names if name not in list(given)]:
        used = listed(map(quoted, missing), 5)
        raise ValueError(f"it uses {used} from outside the table; load_graph(path, primitives=[...]) takes that")
    return {**TABLE, **{name: given[name] for name in names}}


class _Reader:
    """Makes nodes of the entries of a file, each checked first.

    Args:
        kind: of nodes.
        operations: by name.
        entries: all of them, as they will be read.
        most: how many derivatives by operands that are listed elsewhere the entries may have.
    """

    def __init__(
        self, kind: Kind, operations: Mapping[str, Operation], entries: Sequence[Any], most: int | None
    ) -> None:
        self.kind, self.operations, self.most = kind, operations, most
        self.nodes: list[Any] = []
        self._outputs: dict[
            tuple[int, int], Any
        ] = {}  # of operations with several, by the number of the entry and of the output
        self._first: dict[int, int] = {}  # the entry that lists the operands, by the number of a sibling
        self._wanted: dict[int, set[int]] = {}
        for number, entry in enumerate(entries):
            if isinstance(entry, dict) and type(sibling := entry.get("sibling")) is type(entry.get("parameter")) is int:
                self._first[number] = first = self._first.get(sibling, sibling)
                self._wanted.setdefault(first, set()).add(entry["parameter"])
        self._derivatives = 0

    def node(self, number: Any) -> Any:
        """The node with this number, if it has been read."""
        if type(number) is not int or not 0 <= number < len(self.nodes):
            raise ValueError(f"{quoted(number)} is not the number of a node before it")
        return self.nodes[number]

    def read(self, entry: Any) -> None:
        """Add the node of the next entry."""
        if not isinstance(entry, dict):
            raise ValueError(f"a node is an object, got {quoted(entry)}")
        node = self._value(entry) if self.kind is Value else self._expression(entry)
        node.label = entry.get("label", "")
        if not isinstance(node.label, str):
            raise ValueError(f"a label is a string, got {quoted(node.label)}")
        self.nodes.append(node)

    def _value(self, entry: Mapping[str, Any]) -> Any:
        name = "constant" if "constant" in entry and "op" not in entry else "data"
        data, grad = _number(entry.get(name), name), _number(entry.get("grad", 0.0), "grad")
        if "op" in entry:
            node = self._recorded(entry, {"data"}, {"grad"})
            if not follows(node, data):
                raise ValueError(
                    f"{call_text(node.op, node.operands)} is {node.data!r}, but its data in the file is {data!r}"
                )
        else:
            _check_fields(entry, {name}, {"label", "grad"})
            node = Constant(0.0) if name == "constant" else Value(0.0)
        node.data, node.grad = data, grad
        return node

    def _expression(self, entry: Mapping[str, Any]) -> Any:
        if "op" in entry:
            return self._recorded(entry, set(), set())
        if "constant" in entry:
            _check_fields(entry, {"constant"}, {"label"})
            return Expression.constant(_number(entry["constant"], "constant"))
        _check_fields(entry, {"label"})
        return Expression(entry["label"])

    def _recorded(self, entry: Mapping[str, Any], required: set[str], optional: set[str]) -> Any:
        """The operation of an entry applied to its operands, which lie before it.

        Outputs of one operation have one tuple of operands, and are computed together when the first is read.
        """
        name = entry["op"]
        operation = self.operations.get(name) if isinstance(name, str) else None
        if operation is None:
            raise ValueError(f"there is no operation {quoted(name)}")
        source = "sibling" if isinstance(operation, MultiPrimitive) and "sibling" in entry else "operands"
        parameter = set() if isinstance(operation, Primitive) else {"parameter"}
        _check_fields(entry, {"op", source} | parameter | required, {"label"} | optional)
        if source == "sibling":
            first = self.node(entry["sibling"])
            if first.op is None or first.op.family is not operation:
                raise ValueError(f"its sibling, node {entry['sibling']}, is no output of {name}")
            _row(operation, entry["parameter"], first.operands)
            return copy(self._outputs[self._first[len(self.nodes)], entry["parameter"]])
        operands = tuple([self.node(number) for number in _list(entry["operands"], "operands")])
        row = _row(operation, entry.get("parameter"), operands)
        if isinstance(operation, MultiPrimitive):
            number = len(self.nodes)
            indices = [
                entry["parameter"],
                *sorted(i for i in self._wanted.get(number, ()) if 0 <= i < operation.count(operands)),
            ]
            self._count(operation, len(operands), len(indices) - 1)
            for i, node in zip(indices, self.kind.record_outputs(operation, operands, indices)):
                self._outputs[number, i] = node
            return copy(self._outputs[number, indices[0]])
        return self.kind.record(row, operands)

    def _count(self, operation: MultiPrimitive, n_operands: int, n_siblings: int) -> None:
        """Refuse more derivatives than a file of its size may ask for."""
        if self.kind is Value:
            self._derivatives += n_operands * n_siblings
        if self.most is not None and self._derivatives > self.most:
            raise ValueError(
                f"{operation.name} of {n_operands:,} operands with {n_siblings + 1:,} outputs asks for more "
                f"derivatives than so small a file may, {self._derivatives:,} in all; "
                "if you know who wrote it, load_graph(path, any_size=True) takes it"
            )


def _row(operation: Operation, parameter: Any, operands: Sequence[Any]) -> Primitive:
    if not operands:
        raise ValueError("an operation has operands")
    if isinstance(operation, MultiPrimitive):
        n_outputs = operation.count(operands)
        if type(parameter) is not int or not 0 <= parameter < n_outputs:
            raise ValueError(
                f"the outputs of this {operation.name} are numbered from 0 to {n_outputs - 1}, got {quoted(parameter)}"
            )
        return operation[parameter]
    row = operation[_number(parameter, "parameter")] if isinstance(operation, Family) else operation
    if row.arity not in (None, len(operands)):
        raise ValueError(f"{row.name} has {row.arity} operands, got {len(operands)}")
    return row


def _check_fields(entry: Mapping[str, Any], required: set[str], optional: Iterable[str] = ()) -> None:
    if missing := required - entry.keys():
        raise ValueError(f"{', '.join(sorted(missing))} is missing")
    if unknown := entry.keys() - required - set(optional):
        raise ValueError(f"{', '.join(map(quoted, sorted(unknown)))} does not belong here")


def _list(x: Any, name: str) -> list[Any]:
    if not isinstance(x, list):
        raise ValueError(f"{name} must be a list, got {quoted(x)}")
    return x


def _number(x: Any, name: str) -> float:
    """A number of a file, where infinity and NaN are strings."""
    if x in ("inf", "-inf", "nan"):
        return float(x)
    if isinstance(x, bool) or not isinstance(x, (int, float)) or not math.isfinite(x):
        raise ValueError(f"{quoted(name)} must be a finite number, got {quoted(x)}")
    return finite_float(x)
