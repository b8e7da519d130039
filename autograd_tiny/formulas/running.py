"""From the steps of a formula to what it records."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from math import prod
from typing import Any

from autograd_tiny.arrays import shapes
from autograd_tiny.arrays.operands import as_node
from autograd_tiny.arrays.recorded import Array, array, matrix_product
from autograd_tiny.engine import table as primitives
from autograd_tiny.engine.graph import Node
from autograd_tiny.engine.refusals import call_text
from autograd_tiny.engine.row import Family, MultiPrimitive
from autograd_tiny.engine.value import Value
from autograd_tiny.formulas.errors import COMMA, FormulaError, names_shown
from autograd_tiny.formulas.reader import Step
from autograd_tiny.formulas.vocabulary import CONSTANTS
from autograd_tiny.symbols.expression import Expression

_OF_A_LIST = re.compile(r"array\((\[\w*\])\)")  # what a remedy writes in Python; a list in a formula needs no such call
MOST_OPERANDS = 1_000_000  # in all: a list may be used again and again, and softmax of n operands has n * n derivatives


class Run:
    """One run of the steps of a formula on a stack, which holds floats, nodes, Arrays, and lists as tuples.

    Args:
        source: the text, for errors.
        inputs: a node or an Array for each input.
        kind: `Value` or `Expression`, of which nodes are made.
        gives_array: whether the last formula may give an Array, and not one number.

    Attributes:
        output: what the last formula gives.
        nodes: every input and every name that was assigned, with its node; those of an Array by their places,
            ``W[0][1]``.
        arrays: those of the names that are Arrays.
    """

    def __init__(self, source: str, inputs: Mapping[str, Any], kind: Any, *, gives_array: bool = False) -> None:
        self.source, self.kind, self.gives_array = source, kind, gives_array
        self.inputs = inputs
        self.known: dict[str, Any] = dict(inputs)
        self.nodes: dict[str, Any] = {}
        self.arrays: dict[str, Array] = {}
        self.stack: list[Any] = []
        self.operands = 0
        self.output: Any = None
        for name, thing in inputs.items():
            self.enter(name, thing)

    def all(self, steps: Iterable[Step]) -> None:
        """Run the steps.

        Raises:
            FormulaError: one of them cannot be run, or the last one gives no single number.
        """
        step = None
        try:
            for step in steps:
                getattr(self, step.kind)(step)
            if not self.gives_array:
                self.check_output()
        except (TypeError, ValueError, ArithmeticError, LookupError) as error:
            at = step.at if step else 0
            comma = isinstance(error, TypeError) and re.match(r"\w+\([^;\r\n]*?\d,\d", self.source[at:])
            text = str(error.args[0] if isinstance(error, LookupError) and error.args else error)
            text = _OF_A_LIST.sub(r"\1", text)
            raise FormulaError(f"{text}{COMMA if comma else ''}", self.source, at) from None

    # One method for each kind of step.

    def number(self, step: Step) -> None:
        """Push a float."""
        self.stack.append(step.argument)

    def load(self, step: Step) -> None:
        """Push what a name stands for."""
        self.stack.append(self.known[step.name] if step.name in self.known else CONSTANTS[step.name])

    def list(self, step: Step) -> None:
        """Replace as many things by a list of them."""
        items = self.popped(step.operands)
        # Before anything walks through rows.
        self.count(sum([len(x) if isinstance(x, (tuple, Array)) else 1 for x in items]))
        self.stack.append(items)

    def item(self, step: Step) -> None:
        """Replace a list or an Array by a part of it."""
        self.stack.append(self.item_of(self.stack.pop(), step.argument))

    def transpose(self, step: Step) -> None:
        """Replace an Array by its transpose."""
        self.stack.append(self.transpose_of(self.stack.pop()))

    def apply(self, step: Step) -> None:
        """Replace operands by the result of an operation."""
        self.stack.append(self.result(step, self.popped(step.operands)))

    def assign(self, step: Step) -> None:
        """Give what was computed its names."""
        for name, thing in zip(step.argument, self.parts(self.stack.pop(), step.argument)):
            self.known[name] = self.output = self.enter(name, self.labelled(thing, name))

    def popped(self, count: int) -> tuple[Any, ...]:
        """The last things of the stack, which they leave."""
        things = tuple(self.stack[-count:])
        del self.stack[-count:]
        return things

    # What the steps do.

    def item_of(self, thing: Any, keys: tuple[int | slice, ...]) -> Any:
        """A part of a list or an Array."""
        if isinstance(thing, tuple) and (len(keys) > 1 or isinstance(keys[0], slice) or isinstance(thing[0], tuple)):
            thing = self.as_array(thing)
        if isinstance(thing, Array):
            return self.counted(thing[keys if len(keys) > 1 else keys[0]])
        if not isinstance(thing, tuple):
            what = "only a list, an array, or an operation with several outputs, has items: softmax([a, b])[0]"
            raise self.no_array(thing, what)
        (index,) = keys
        if isinstance(index, slice) or index >= len(thing):
            raise ValueError(f"there is no item {index}: the {len(thing)} items are counted from 0")
        return thing[index]

    def transpose_of(self, thing: Any) -> Any:
        """The transpose of a list or an Array."""
        if not isinstance(thing, (tuple, Array)):
            raise self.no_array(thing, "only an array has a transpose, .T")
        return self.counted(self.as_array(thing).T)

    def result(self, step: Step, operands: tuple[Any, ...]) -> Any:
        """What an operation gives."""
        name, function = step.name, step.argument
        if step.axis is not None:
            (whole,) = operands
            if not isinstance(whole, (tuple, Array)):
                raise self.no_array(whole, f"{name} over an axis is of an array")
            whole = self.as_array(whole)
            self.count(prod(whole.shape))
            return finite(name, whole.mean(step.axis) if function is primitives.mean else whole.sum(step.axis))
        if function is matrix_product:
            for x in operands:
                if not isinstance(x, (tuple, Array)):
                    raise self.no_array(x, "@ is the product of two arrays; times a number is *")
        if function is matrix_product or self.is_of_arrays(function, operands):
            operands = tuple([self.as_array(x) if isinstance(x, tuple) else x for x in operands])
            self.count(_array_operand_count(function, operands))
        else:
            self.count(operand_count(name, function, operands))
        return finite(name, function(*operands))

    def no_array(self, thing: Any, what: str) -> TypeError:
        """What is said of a number where an array belongs: an input is one if it is given as one."""
        numbers = [name for name, x in self.inputs.items() if not isinstance(x, Array)]
        name = next((name for name in numbers if self.inputs[name] is thing), numbers[0] if numbers else "")
        if not name:
            return TypeError(what)
        if self.kind is Value:
            return TypeError(f"{what}; an input that is an array is given as a list, {name} = [[1, 2], [3, 4]]")
        return TypeError(f"{what}; say the shape of an input that is an array: shapes={{{name!r}: (2, 3)}}, {name}=2x3")

    def is_of_arrays(self, function: Any, operands: tuple[Any, ...]) -> bool:
        """Whether an operation works on whole arrays.  One of many operands takes a list, too: ``softmax([a, b])``."""
        lists = [x for x in operands if isinstance(x, tuple)]
        return any(isinstance(x, Array) for x in operands) or any(
            not takes_lists(function) or _is_nested(x) for x in lists
        )

    def as_array(self, thing: Any) -> Array:
        """A list as an Array; numbers in it are constants."""
        return thing if isinstance(thing, Array) else Array(as_node(thing, self.kind, "a list"))

    def parts(self, thing: Any, names: Sequence[str]) -> Sequence[Any]:
        """What was computed, in one part for each name that it is to be given."""
        if len(names) == 1:
            return (thing,)
        parts = tuple(thing) if isinstance(thing, (tuple, Array)) else (thing,)
        if len(parts) != len(names):
            raise ValueError(
                f"{names_shown(names)}: {len(names)} names for {len(parts)} number{'s' * (len(parts) != 1)}"
            )
        return parts

    def labelled(self, thing: Any, name: str) -> Any:
        """A thing with a name, if it has none of its own; a number becomes a leaf, a list an Array."""
        if isinstance(thing, float):
            thing = self.leaf(thing)
        elif isinstance(thing, tuple):
            thing = array([tuple(map(self.leaf, row)) if isinstance(row, tuple) else self.leaf(row) for row in thing])
        if not thing.label:
            thing.label = name
        return thing

    def leaf(self, thing: Any) -> Any:
        """A number as a node; what is none stays as it is."""
        if not isinstance(thing, float):
            return thing
        return Value(thing) if self.kind is Value else self.kind.constant(thing)

    def enter(self, name: str, thing: Any) -> Any:
        """Keep a thing by its name."""
        if name and isinstance(thing, Array):
            self.counted(thing)
            self.arrays[name] = thing
            self.nodes.update(zip([name + place for place in shapes.entry_places(thing.shape)], thing.node.entries))
        elif name:
            self.nodes[name] = thing
        return thing

    def count(self, more: int) -> None:
        """Refuse what would take more memory than a formula is worth."""
        self.operands += more
        if self.operands > MOST_OPERANDS:
            raise FormulaError(f"the formula is too large: more than {MOST_OPERANDS:,} operands in all")

    def counted(self, thing: Any) -> Any:
        """A thing that holds recorded scalars, counted: as many again each time that one array is named or turned."""
        self.count(prod(thing.shape) if isinstance(thing, Array) else 1)
        return thing

    def check_output(self) -> None:
        """Refuse an output that is no single number."""
        if isinstance(self.output, Array):
            what, place = f"a list of {len(self.output)}", "take an item, as in p[0]"
            if self.output.ndim == 2:
                what, place = f"a matrix, {shapes.written(self.output.shape)}", "sum it, or take an item, as in p[0][1]"
            raise ValueError(f"the last formula gives {what}; it must give one number: {place}")


class Trial(Run):
    """A run that finds what is wrong with a text whatever its inputs are: numbers, vectors or matrices.

    An input is an Expression here, and so is what depends on one where its shape does: it may stand for an array.
    """

    def item_of(self, thing: Any, keys: tuple[int | slice, ...]) -> Any:
        return self.anything() if self.is_open(thing) else super().item_of(thing, keys)

    def transpose_of(self, thing: Any) -> Any:
        return self.anything() if _depends_on_input(thing) else super().transpose_of(thing)

    def result(self, step: Step, operands: tuple[Any, ...]) -> Any:
        if any(map(_depends_on_input, operands)) and (
            step.axis is not None or self.may_differ(step.argument, operands)
        ):
            if not takes_lists(step.argument) and step.axis is None and step.argument is not matrix_product:
                # For its refusals.
                super().result(step, tuple([x if isinstance(x, float) else self.anything() for x in operands]))
            return self.anything()
        return super().result(step, operands)

    def may_differ(self, function: Any, operands: tuple[Any, ...]) -> bool:
        """Whether the shape of what comes out depends on those of the inputs in another way than entry by entry."""
        if takes_lists(function):
            lists = [isinstance(x, tuple) for x in operands]
            return any(map(self.is_open, operands)) and (len(operands) == 1 or any(lists) or function is primitives.dot)
        return function is matrix_product or any(isinstance(x, (tuple, Array)) for x in operands)

    def parts(self, thing: Any, names: Sequence[str]) -> Sequence[Any]:
        return (
            [self.anything() for _ in names] if len(names) > 1 and self.is_open(thing) else super().parts(thing, names)
        )

    def is_open(self, thing: Any) -> bool:
        """Whether a thing may be an array."""
        return isinstance(thing, Node) and _depends_on_input(thing)

    def anything(self) -> Expression:
        """What may be a number or an array."""
        return Expression("?")


def _depends_on_input(thing: Any) -> bool:
    if isinstance(thing, (tuple, Array)):
        return any(map(_depends_on_input, thing if isinstance(thing, tuple) else thing.node.entries))
    return isinstance(thing, Expression) and thing.constant_value is None


def takes_lists(function: Any) -> bool:
    """Whether an operation has many operands, and takes them as a list, too."""
    return bool(getattr(function, "arrange", None))


def _is_nested(thing: tuple[Any, ...]) -> bool:
    return any(isinstance(x, (tuple, Array)) for x in thing)


def _array_operand_count(function: Callable[..., Any], operands: Sequence[Any]) -> int:
    """How many operands an operation on whole arrays takes, all entries together; a misfit is refused elsewhere."""
    sizes = [x.shape if isinstance(x, Array) else () for x in operands]
    if function is matrix_product:
        return prod(sizes[0]) * (sizes[1][1] if len(sizes[1]) == 2 else 1)
    if isinstance(function, MultiPrimitive):
        return prod(sizes[0]) * (sizes[0] or (1,))[-1]
    return len(operands) * prod(shapes.broadcast(*sizes) or ())


def operand_count(name: str, function: Any, operands: Sequence[Any]) -> int:
    """How many operands an operation takes, all its outputs together.  Refuses operands of the wrong kind."""
    if takes_lists(function):
        try:
            operands = function.arrange(*operands)
        except TypeError:
            raise TypeError(f"{name} does not take these operands: {function.doc}") from None
    if any(isinstance(x, tuple) for x in operands):
        raise TypeError(f"{name}: a list stands where a number belongs")
    if isinstance(function, Family):
        if len(operands) > 2:
            raise TypeError(f"{name} takes an operand and a constant, got {len(operands)} operands")
        if function is not primitives.power and isinstance(operands[-1], Node) and len(operands) == 2:
            raise TypeError(f"{name}: the constant must be a plain number, as in {name}(x, 0.2)")
    return len(operands) * (len(operands) if isinstance(function, MultiPrimitive) else 1)


def finite(name: str, result: Any) -> Any:
    """The result of an operation; refused if it or a derivative overflows, which the engine's hot paths let pass."""
    for x in _scalars(result):
        if isinstance(x, float) and not math.isfinite(x):
            raise OverflowError(f"{name}: the result is larger than any float")
        if isinstance(x, Value):
            if not math.isfinite(x.data):
                raise OverflowError(f"{call_text(x.op, x.operands)}: the result is larger than any float")
            if not all(map(math.isfinite, x.local_derivatives)):
                raise OverflowError(
                    f"{call_text(x.op, x.operands)} is {x.data!r}, but its derivative there is not finite"
                )
    return result


def _scalars(result: Any) -> Iterator[Any]:
    if isinstance(result, Array):
        return iter(result.node.entries)
    return iter(result if isinstance(result, tuple) else (result,))
