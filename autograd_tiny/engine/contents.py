"""What holds Values: one walk through lists, tuples, dicts, arrays and modules, and one way to build them again.

Whoever looks for Values in something asks here, so that all find the same ones: the parameters of a module, its frozen
copy, the arguments of ``grad``, the labels of variables.  NumPy is never imported: who holds an array has imported it.
"""

from __future__ import annotations

import gc
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from copy import copy
from functools import partial
from itertools import product
from types import (
    CellType,
    FunctionType,
    GeneratorType,
    GetSetDescriptorType,
    MappingProxyType,
    MemberDescriptorType,
    MethodType,
    ModuleType,
)
from typing import Any

from autograd_tiny.engine.graph import Node
from autograd_tiny.engine.value import Constant, Value

_PLAIN = (str, bytes, bytearray, int, float, complex, type(None), type, ModuleType, Node)
_NO_CONTAINERS = frozenset((float, int, bool, str, type(None)))
_VIEWS: tuple[type[Iterable[Any]], ...] = type({}.keys()), type({}.values()), type({}.items())
_COLLECTIONS: tuple[type[Iterable[Any]], ...] = (set, frozenset, deque, *_VIEWS)
# What a class statement makes, and holds no parameter.
_MADE_BY_CLASSES = (FunctionType, classmethod, staticmethod, property, type, MemberDescriptorType, GetSetDescriptorType)


class Holder:
    """Something whose attributes are looked into, as a module of a network."""

    def named_parameters(self) -> dict[str, Value]:
        """The Values in it that are learned, by where they are."""
        raise NotImplementedError

    def stand_in(self, values: Iterable[Any]) -> None:
        """Take Values for parameters though they were computed."""
        raise NotImplementedError


class Indexed:
    """Something whose items are found by index and never replaced, as an Array of Values: iterating gives the items.

    Attributes:
        node: the record of the whole, where there is one.
    """

    __slots__ = ()
    node: Any

    def __iter__(self) -> Iterator[Any]:
        raise NotImplementedError

    def with_items(self, items: Sequence[Any]) -> Any:
        """The same with other items."""
        raise NotImplementedError


def is_array(thing: object) -> bool:
    """Whether it is a NumPy array."""
    numpy = sys.modules.get("numpy")
    return numpy is not None and isinstance(thing, numpy.ndarray)


def index_names(shape: Sequence[int]) -> list[str]:
    """``[0, 2]`` and so on, for each entry of an array, the last index fastest."""
    return [f"[{', '.join(map(str, index))}]" for index in product(*map(range, shape))]


def parts(thing: Any) -> list[tuple[str, Any]] | None:
    """What a container holds, each with what leads to it, ``.bias``, ``[2]`` or ``['b']``; None for what is none.

    >>> parts({"b": 1.0}), parts((1.0, 2.0)), parts(1.0)
    ([("['b']", 1.0)], [('[0]', 1.0), ('[1]', 2.0)], None)
    """
    inside = items(thing)
    return None if inside is None else list(zip(_places(thing, ""), inside))


def _places(container: Any, place: str) -> list[str]:
    """The place of each thing in a container that is at ``place`` itself."""
    if isinstance(container, (list, tuple, Indexed)):
        return [f"{place}[{i}]" for i, _ in enumerate(container)]
    if isinstance(container, dict):
        return [f"{place}[{key!r}]" for key in container]
    if isinstance(container, Holder):
        return [f"{place}.{name}" for name in attributes(container)]
    return [place + index for index in index_names(container.shape)]


def items(thing: Any) -> list[Any] | None:
    """What a container holds, in the order of `parts`; None for what is none."""
    if thing.__class__ in _NO_CONTAINERS or isinstance(thing, Node):
        return None
    if isinstance(thing, (list, tuple, Indexed)):
        return list(thing)
    if isinstance(thing, dict):
        return list(thing.values())
    if isinstance(thing, Holder):
        return list(attributes(thing).values())
    return list(thing.flat) if is_array(thing) and thing.dtype == object else None


def attributes(thing: Any) -> dict[str, Any]:
    """The attributes of an object by name: those of its class, then its own, which hide them."""
    of_class: dict[str, Any] = {}
    for kind in reversed(type(thing).__mro__):
        of_class |= _ordinary(vars(kind))
    own = own_attributes(thing)
    return {name: x for name, x in of_class.items() if name not in own and not isinstance(x, _MADE_BY_CLASSES)} | own


def own_attributes(thing: Any) -> dict[str, Any]:
    """The attributes of an object itself by name, also those in slots; none with a name as ``__this__``."""
    slots: list[str] = []
    for kind in type(thing).__mro__:
        given = vars(kind).get("__slots__", ())
        slots += [given] if isinstance(given, str) else given
    in_slots = {name: getattr(thing, name) for name in slots if hasattr(thing, name)}
    return _ordinary(in_slots | getattr(thing, "__dict__", {}))


def _ordinary(attributes: Mapping[str, Any]) -> dict[str, Any]:
    return {name: item for name, item in attributes.items() if not name.startswith("__")}


def with_parts(thing: Any, items: Sequence[Any]) -> Any:
    """A container of the same kind that holds other things, in the order of `parts`.

    >>> with_parts({"b": 1.0}, ["x"]), with_parts((1.0, 2.0), "xy")
    ({'b': 'x'}, ('x', 'y'))
    """
    if isinstance(thing, tuple):
        return getattr(type(thing), "_make", type(thing))(items)
    if isinstance(thing, Indexed):
        return thing.with_items(items)
    return _fill(_frame(thing), items)


def _frame(thing: Any) -> Any:
    """A container of the same kind, to be filled: a copy, so that what it has beside its items is kept."""
    return [] if thing.__class__ is list else thing.astype(object) if is_array(thing) else copy(thing)


def _fill(frame: Any, items: Sequence[Any]) -> Any:
    if isinstance(frame, list):
        frame[:] = items
    elif isinstance(frame, dict):
        for key, item in zip(list(frame), items):
            frame[key] = item
    elif is_array(frame):
        for index, item in zip(product(*map(range, frame.shape)), items):
            frame[index] = item
    else:
        for (name, old), item in zip(attributes(frame).items(), items):
            if item is not old:
                object.__setattr__(frame, name, item)
    return frame


def walk(thing: Any, place: str = "") -> Iterator[tuple[str, Any]]:
    """All in a container that is no container itself, with its place, in order; the keys of a dict, if not all strings.

    A container that is met again, also one that contains itself, is entered once.

    >>> x = [1.0, (2.0,)]
    >>> x.append(x)
    >>> list(walk(x, "x"))
    [('x[0]', 1.0), ('x[1][0]', 2.0)]
    """
    for at, container, found in _runs(thing, place):
        yield from zip([at] if container is None else _places(container, at), found)


def contents(thing: Any) -> tuple[list[Node], list[Any]]:
    """What `walk` gives, without the places, and much quicker: the nodes, and what may hold nodes in hiding."""
    nodes: list[Node] = []
    others: list[Any] = []
    for _, _, found in _runs(thing, ""):
        if all(issubclass(kind, Node) for kind in set(map(type, found))):
            nodes += found
        else:
            nodes += [x for x in found if isinstance(x, Node)]
            others += [x for x in found if not isinstance(x, Node) and x.__class__ not in _NO_CONTAINERS]
    return nodes, others


def _runs(thing: Any, place: str) -> Iterator[tuple[str, Any, list[Any]]]:
    """What `walk` gives, in lists: after its place, what a container holds that holds no other; or one thing alone."""
    seen: dict[int, Any] = {}
    waiting = [(place, thing)]
    while waiting:
        place, thing = waiting.pop()
        inside = items(thing)
        if inside is None:
            yield place, None, [thing]
        elif id(thing) not in seen:
            seen[id(thing)] = thing
            if isinstance(thing, dict) and not all(isinstance(key, str) for key in thing):
                waiting.append((f"the keys of {place}", thing.keys()))
            if place and _holds_no_container(inside):
                yield place, thing, inside
            else:
                places = [at if place else at.removeprefix(".") for at in _places(thing, place)]
                waiting += reversed(list(zip(places, inside)))


def _holds_no_container(inside: list[Any]) -> bool:
    return all(kind in _NO_CONTAINERS or issubclass(kind, Node) for kind in set(map(type, inside)))


def rebuilt(thing: Any, replace: Callable[[list[Any]], list[Any]], memo: dict[int, Any] | None = None) -> Any:
    """A copy of a container with other things in place of those that `walk` gives, without keys.

    What is one container here is one there, also one that contains itself.  An array is one of floats where all of it
    are.

    Args:
        thing: the container.
        replace: from some of its things, in a list, to those that take their places.
        memo: filled with the copy of each container, by the id of the container.
    """
    memo = {} if memo is None else memo
    inside = items(thing)
    if inside is None:
        return replace([thing])[0]
    if id(thing) in memo:
        return memo[id(thing)]
    # Not remembered: its rows are made when they are asked for, and their ids used again.
    if isinstance(thing, Indexed):
        return with_parts(thing, _replaced(inside, replace, memo))
    if not isinstance(thing, tuple):
        memo[id(thing)] = _frame(thing)
    new = _replaced(inside, replace, memo)
    result = with_parts(thing, new) if isinstance(thing, tuple) else _fill(memo[id(thing)], new)
    if is_array(result) and all(item.__class__ is float for item in result.flat):
        result = result.astype(float)
    memo[id(thing)] = result
    return result


def _replaced(inside: list[Any], replace: Callable[[list[Any]], list[Any]], memo: dict[int, Any]) -> list[Any]:
    return replace(inside) if _holds_no_container(inside) else [rebuilt(item, replace, memo) for item in inside]


def hidden(leaves: Iterable[tuple[str, Any]]) -> Iterator[tuple[str, Node]]:
    """The nodes inside of what `walk` gives and does not look into: sets, keys of dicts, functions, other objects.

    Objects of the standard library are taken for empty, apart from collections.
    """
    seen: dict[int, Any] = {}
    for place, leaf in leaves:
        waiting = [] if isinstance(leaf, _PLAIN) else _closed_contents(leaf)
        while waiting:
            thing = waiting.pop()
            if isinstance(thing, Node):
                yield place, thing
            elif not isinstance(thing, _PLAIN) and id(thing) not in seen:
                seen[id(thing)] = thing
                inside = items(thing)
                waiting += _closed_contents(thing) if inside is None else inside
                if isinstance(thing, dict):
                    waiting += thing


def _closed_contents(thing: Any) -> list[Any]:
    if isinstance(thing, MappingProxyType):
        return [*thing, *thing.values()]
    if isinstance(thing, _COLLECTIONS):
        return [*thing]
    if is_array(thing):
        return thing.ravel().tolist() if thing.dtype.hasobject else []
    if isinstance(thing, FunctionType):
        given = [*(thing.__defaults__ or ()), *(thing.__kwdefaults__ or {}).values()]
        return given + [cell.cell_contents for cell in thing.__closure__ or () if cell != CellType()]
    if isinstance(thing, partial):
        return [thing.func, *thing.args, *thing.keywords.values()]
    if isinstance(thing, MethodType):
        return [thing.__self__, thing.__func__]
    # Up to Python 3.10 the frame alone knows what it holds.
    if isinstance(thing, GeneratorType) and (frame := thing.gi_frame):
        around = [id(x) for x in (frame, frame.f_globals, frame.f_builtins, frame.f_back, frame.f_code)]
        return [x for x in gc.get_referents(thing, frame) if id(x) not in around]
    # map, zip, a generator: they say nothing themselves, but the garbage collector knows.
    if isinstance(thing, Iterator):
        return gc.get_referents(thing)
    package = type(thing).__module__.partition(".")[0]
    if package in sys.stdlib_module_names and package not in ("collections", "types"):
        return []
    return list(own_attributes(thing).values())


def is_parameter(x: object) -> bool:
    """Whether it is a Value that can be learned: a leaf, and no number written in a formula."""
    return isinstance(x, Value) and x.op is None and not isinstance(x, Constant)


def label_locals() -> dict[str, Value]:
    """Label every unlabelled Value that the caller's variables name, also in lists, tuples, dicts, arrays and modules.

    A Value in several places is called by a variable of its own before a place in another.  Returns the labels given,
    with their Values.

    >>> w, x = Value(2.0), [Value(1.0), Value(3.0)]
    >>> sorted(label_locals())
    ['w', 'x[0]', 'x[1]']
    """
    given = {name: thing for thing, name in named_by(sys._getframe(1).f_locals).items() if not thing.label}
    for name, thing in given.items():
        thing.label = name
    return given


def named_by(variables: Mapping[str, Any]) -> dict[Value, str]:
    """The Values that variables hold, also inside lists, tuples, dicts, arrays and modules, with their names.

    A Value in several places is called by a variable of its own before a place in another.
    """
    public = {name: thing for name, thing in variables.items() if not name.startswith("_")}
    direct = [(name, thing) for name, thing in public.items() if isinstance(thing, Node)]
    inside = (found for name, thing in public.items() if not isinstance(thing, Node) for found in walk(thing, name))
    found: dict[Value, str] = {}
    for name, thing in (*direct, *inside):
        if isinstance(thing, Value) and not isinstance(thing, Constant):
            found.setdefault(thing, name)
    return found
