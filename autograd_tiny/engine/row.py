"""What a row of the table is: one operation, a family of them, or one with several outputs.

A row holds the value of an operation on floats, its local derivatives, how it is written, where it is defined; see
`engine.table`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from types import FunctionType
from typing import Any, NamedTuple

from autograd_tiny.engine.refusals import (
    FormulaRefusedError,
    ValueRefusedError,
    finite_number,
    in_floats,
    is_number,
    made_float,
    made_floats,
    one_each,
    refusal,
)
from autograd_tiny.text.words import counted

# How tightly a written form binds; a slot such as {0:product} puts parentheses around anything that binds less tightly.
RELATION, SUM, SIGN, PRODUCT, POWER, ATOM = range(6)
LEVELS = {"relation": RELATION, "sum": SUM, "sign": SIGN, "product": PRODUCT, "power": POWER, "atom": ATOM}


class Notation(NamedTuple):
    """A written form and how tightly it binds.

    A template has slots ``{0:level}`` for single operands, or ``{args}`` for all of them; a function makes the text
    from the written operands, where a template cannot.
    """

    template: str | Callable[[Sequence[Any]], str]
    level: int = ATOM

    def write(self, operands: Sequence[Any]) -> str:
        """The written form; an operand knows its own brackets, ``format(operand, "product")``."""
        if not isinstance(self.template, str):
            return self.template(operands)
        return self.template.format(*operands, args=", ".join(map(format, operands)))


def named(name: str) -> Notation:
    """The usual notation of a function, ``name(x, y)``, in LaTeX."""
    return Notation(name + r"\left({args}\right)")


def upright(name: str) -> str:
    """The name of a function in a template of LaTeX: upright letters, its underscores as they are."""
    return r"\mathrm{{" + name.replace("_", r"\_") + "}}"


def as_it_is(text: str) -> str:
    """Text in a template that is no slot, whatever braces it has."""
    return text.replace("{", "{{").replace("}", "}}")


class Domain(NamedTuple):
    """Where an operand may lie: the condition in words, the same as a test, and sample points inside."""

    condition: str
    contains: Callable[[float], bool]
    points: tuple[float, ...]


REALS = Domain("", lambda x: True, (-2.3, -0.6, 0.4, 1.7))

Rule = Callable[..., Sequence[Any]] | tuple[float, ...]


class MistakenRule(NamedTuple):
    """A wrong derivative that people write for an operation.

    Attributes:
        what: what is wrong about it, as a clause without its full stop.
        rule: ``rule(out, *operands)``, as of the `Primitive`; of an operation with several outputs
            ``rule(outputs, index, *operands)``.
        seen: where it was seen.
    """

    what: str
    rule: Callable[..., Sequence[Any]]
    seen: str

    def derivatives(
        self, row: Primitive, out: Any, operands: Sequence[Any], outputs: Callable[[], Sequence[Any]] | None = None
    ) -> Sequence[Any]:
        """One wrong local derivative per operand; the arguments after the row are those of `Primitive.derivatives`."""
        if isinstance(row, Output):
            return self.rule(outputs() if outputs else row.family(*operands), row.parameter, *operands)
        return self.rule(out, *operands)


class _Row:
    """What rows have in common: they stay as they were made, since a recorder keeps what it was built from."""

    def __setattr__(self, name: str, value: object) -> None:
        if vars(self).get(name) is not None:
            remedy = f"make a new {type(self).__name__} for another {name}"
            raise AttributeError(f"{self!r} is in use with the {name} it has; {remedy}")
        super().__setattr__(name, value)


class Primitive(_Row):
    """One operation: its value, its local derivatives, how it is written.  Calling it computes or records it.

    Args:
        name: the function's name in Python and in formulas.
        forward: the value, from floats to a float.
        rule: ``rule(out, *operands)`` gives one local derivative per operand; a tuple of floats where they are
            constant.
        doc: one line for people.
        symbol: what a picture shows; the name if not given.
        text: the written form; ``name(x, y)`` if not given.
        latex: the same in LaTeX; as ``text`` if not given.
        domain: of every operand, or one per operand.
        kink: the derivative that was chosen where none exists.
        expansion: the same operation in simpler rows, for pictures, formulas and compilation.
        stable: an expansion that neither overflows nor loses digits, for compilation, where ``expansion`` does.
        arrange: turns the arguments of a call into operands, where these differ.
        commutative: whether the order of the operands does not matter.
        mistaken: the wrong derivatives that people write for it, for `marking` to look for.

    Calling a primitive on floats gives a float; with a Value or an Expression among the operands it records a node.

    >>> from autograd_tiny import exp
    >>> exp(0.0)
    1.0
    >>> square_plus = Primitive("square_plus", lambda x: x * x + 1, lambda out, x: (2.0 * x,), doc="x² + 1")
    >>> square_plus(3.0)
    10.0
    """

    def __init__(
        self,
        name: str,
        forward: Callable[..., float],
        rule: Rule,
        *,
        doc: str = "",
        symbol: str = "",
        text: Notation | None = None,
        latex: Notation | None = None,
        domain: Domain | tuple[Domain, ...] = REALS,
        kink: str = "",
        expansion: Callable[..., Any] | None = None,
        stable: Callable[..., Any] | None = None,
        arrange: Callable[..., Sequence[Any]] | None = None,
        commutative: bool = False,
        mistaken: Sequence[MistakenRule] = (),
    ) -> None:
        self.name, self.forward, self.rule, self.doc = name, forward, rule, doc
        self.mistaken = tuple(mistaken)
        self.__doc__ = doc
        self.commutative = commutative
        self.symbol = symbol or name
        self.text = text or Notation(name + "({args})")
        self.latex = latex or text or named(upright(name))
        self.domain, self.kink, self.expansion, self.arrange = domain, kink, expansion, arrange
        self.stable = stable or expansion
        self.arity = _arity(rule)
        if self.arity is not None and isinstance(forward, FunctionType) and not _fits(forward, self.arity):
            form = "rule(out, *operands), with the operands of the value after out"
            raise TypeError(f"the rule of {name} is called as {form}")
        self.family: Family | MultiPrimitive | None = None
        self.parameter: float | None = None

    def __repr__(self) -> str:
        return f"<primitive {self.name}>"

    def __call__(self, *arguments: Any) -> Any:
        if self.arity != 1 and (whole := whole_among(arguments)):  # a single operand is asked below
            return whole.applied(self, arguments)
        operands = self.arrange(*arguments) if self.arrange else arguments
        if self.arity is not None and len(operands) != self.arity:
            raise TypeError(f"{self.name} takes {counted(self.arity, 'operand')}, got {len(operands)}")
        if recorder := recorder_of(operands):
            return recorder.record(self, operands)
        return self.evaluate(operands)

    def evaluate(self, operands: Sequence[Any]) -> float:
        """The value at floats.  A failure names the operation and its operands."""
        try:
            return made_float(self, self.forward(*in_floats(operands)))
        except (ArithmeticError, ValueError, TypeError) as error:
            raise refusal(self, operands, error) from None

    def derivatives(
        self, out: Any, operands: Sequence[Any], outputs: Callable[[], Sequence[Any]] | None = None
    ) -> Sequence[Any]:
        """One local derivative per operand, in the arithmetic of ``out`` and ``operands``.

        ``outputs`` gives all the results of an operation that has several; without it they are computed afresh.

        Raises:
            TypeError: the rule gives another number of derivatives.
        """
        return one_each(self, operands, self.rule if isinstance(self.rule, tuple) else self.rule(out, *operands))

    def domain_of(self, index: int) -> Domain:
        """The domain of one operand."""
        return self.domain if isinstance(self.domain, Domain) else self.domain[index]

    # Rows live in the table, not in the graphs that use them: copying a graph copies no row.
    def __copy__(self) -> Primitive:
        return self

    def __deepcopy__(self, memo: object) -> Primitive:
        return self


class Family:
    """Rows that differ in a constant: ``power[3]``, ``leaky_relu[0.2]``.

    The constant belongs to the row and is no operand: it adds no edge to a picture, and a rule may branch on it.
    Calling the family takes the constant last: ``leaky_relu(x, 0.2)``.

    Args:
        name: of the family.
        row: gives the row for a constant.
        doc: one line for people.
        default: the constant where a call has none.
        recorded: the row that a call records whose last argument is no constant, but recorded itself.

    >>> from autograd_tiny import power
    >>> power[3](2.0), power(2.0, 3)
    (8.0, 8.0)
    """

    def __init__(
        self,
        name: str,
        row: Callable[[float], Primitive],
        *,
        doc: str = "",
        default: float | None = None,
        recorded: Primitive | None = None,
    ) -> None:
        self.name, self.doc, self.default, self.recorded = name, doc, default, recorded
        self.__doc__ = doc

        def member(parameter: float) -> Primitive:
            built = row(parameter)
            built.family, built.parameter = self, parameter
            return built

        self._row = lru_cache(maxsize=4096)(member)

    def __repr__(self) -> str:
        return f"<family {self.name}>"

    def __getitem__(self, parameter: float) -> Primitive:
        return self._row(constant(parameter, self.name))

    def __call__(self, x: Any, parameter: Any = None) -> Any:
        if parameter is None:
            if self.default is None:
                raise TypeError(f"{self.name} takes an operand and a constant, got only the operand")
            parameter = self.default
        if self.recorded and recorder_of((parameter,)):
            return self.recorded(x, parameter)
        return self[parameter](x)

    def __deepcopy__(self, memo: object) -> Family:
        return self


class MultiPrimitive(_Row):
    """An operation with several outputs; each output is a row of its own, ``softmax[0]``, ``softmax[1]``, ...

    Args:
        forward: floats to a tuple of floats.
        rule: ``rule(outputs, index, *operands)`` gives the local derivatives of one output, one per operand.
        expansion: operands to all outputs, in simpler rows.
        stable: the same without overflow or lost digits, where ``expansion`` has them.
        outputs: how many outputs there are; as many as operands if not given.
        sums_to: what the outputs add up to, whatever the operands, if that is always the same.

    >>> from autograd_tiny import softmax
    >>> softmax(0.0, 0.0)
    (0.5, 0.5)
    """

    def __init__(
        self,
        name: str,
        forward: Callable[..., tuple[float, ...]],
        rule: Callable[..., Sequence[Any]],
        *,
        doc: str = "",
        domain: Domain = REALS,
        expansion: Callable[..., Sequence[Any]] | None = None,
        stable: Callable[..., Sequence[Any]] | None = None,
        arrange: Callable[..., Sequence[Any]] | None = None,
        outputs: int | None = None,
        sums_to: float | None = None,
    ) -> None:
        self.name, self.forward, self.doc, self.domain = name, forward, doc, domain
        self.rule: Callable[..., Sequence[Any]] = _named(rule)
        self.__doc__ = doc
        self.expansion, self.stable, self.arrange, self.outputs = expansion, stable or expansion, arrange, outputs
        self.sums_to = sums_to
        self._row = lru_cache(maxsize=4096)(lambda index: Output(self, index))

    def __repr__(self) -> str:
        return f"<primitive {self.name}>"

    def __getitem__(self, index: int) -> Output:
        return self._row(index)

    def rows(self, operands: Sequence[Any]) -> list[Output]:
        """One row per output."""
        return [self[i] for i in range(self.count(operands))]

    def count(self, operands: Sequence[Any]) -> int:
        """How many outputs there are."""
        return len(operands) if self.outputs is None else self.outputs

    def __call__(self, *arguments: Any) -> Any:
        if whole := whole_among(arguments):
            return whole.applied(self, arguments)
        operands = self.arrange(*arguments) if self.arrange else arguments
        if recorder := recorder_of(operands):
            return tuple(recorder.record_outputs(self, tuple(operands)))
        return self.evaluate(operands)

    def evaluate(self, operands: Sequence[Any]) -> tuple[float, ...]:
        """The values at floats.  A failure names the operation and its operands."""
        try:
            outputs: tuple[float, ...] = made_floats(self, self.forward(*in_floats(operands)), "an output")
        except (ArithmeticError, ValueError, TypeError) as error:
            raise refusal(self, operands, error) from None
        self.check_form(operands, outputs)
        return outputs

    def check_form(self, operands: Sequence[Any], outputs: Any, derivatives: Sequence[Any] = ()) -> None:
        """Refuse another number of outputs than there are rows, or of derivatives than there are operands."""
        count = self.count(operands)
        if not isinstance(outputs, (tuple, list)) or len(outputs) != count:
            why = "one per operand" if self.outputs is None else "as outputs= says"
            raise TypeError(
                f"{self.name} must give a tuple with {counted(count, 'output')}, {why}, but gives {outputs!r}; "
                "for n outputs set outputs=n"
            )
        for given in derivatives:
            one_each(self, operands, given)

    def domain_of(self, index: int) -> Domain:
        """The domain of one operand."""
        return self.domain

    def __deepcopy__(self, memo: object) -> MultiPrimitive:
        return self


class Output(Primitive):
    """One output of a `MultiPrimitive`, as an ordinary row."""

    def __init__(self, whole: MultiPrimitive, index: int) -> None:
        super().__init__(
            f"{whole.name}[{index}]",
            lambda *operands: _output(whole, whole.forward(*operands), index),
            lambda out, *operands: whole.rule(whole(*operands), index, *operands),
            doc=f"Output {index} of {whole.name}: {whole.doc}",
            text=Notation(f"{whole.name}({{args}})[{index}]"),
            latex=named(f"{upright(whole.name)}_{{{{{index}}}}}"),
            domain=whole.domain,
            expansion=whole.expansion and Picked(whole.expansion, index),
            stable=whole.stable and Picked(whole.stable, index),
            arrange=whole.arrange,
        )
        self.family: MultiPrimitive = whole
        self.parameter: int = index

    def derivatives(
        self, out: Any, operands: Sequence[Any], outputs: Callable[[], Sequence[Any]] | None = None
    ) -> Sequence[Any]:
        results = outputs() if outputs else self.family(*operands)
        return one_each(self, operands, self.family.rule(results, self.parameter, *operands))


def _output(whole: MultiPrimitive, outputs: tuple[float, ...], index: int) -> float:
    if not 0 <= index < len(outputs):
        raise ValueError(f"the outputs of this {whole.name} are numbered from 0 to {len(outputs) - 1}")
    return outputs[index]


class Picked:
    """One result of a function that gives several; who wants more of them calls ``function`` once."""

    def __init__(self, function: Callable[..., Sequence[Any]], index: int) -> None:
        self.function, self.index = function, index

    def __call__(self, *operands: Any) -> Any:
        return self.function(*operands)[self.index]


def recorder_of(operands: Sequence[Any]) -> Any:
    """The kind of scalar (Value, Expression, ...) that is to record an operation on these operands; None for floats."""
    for x in operands:
        if hasattr(type(x), "record"):
            return type(x)
    return None


def whole_among(arguments: Sequence[Any]) -> Any:
    """The kind of array among the arguments, which itself knows how an operation is applied to it; None without any."""
    for x in arguments:
        if hasattr(type(x), "applied"):
            return type(x)
    return None


def constant(x: Any, where: str) -> float:
    """A static parameter as a finite number, refused with a clear message where it is none."""
    if isinstance(x, bool) or not is_number(x):
        recorded = ValueRefusedError if hasattr(x, "data") else FormulaRefusedError
        kind = TypeError if recorder_of((x,)) is None else recorded
        raise kind(f"{where}: the constant must be a plain number, got {x!r}")
    return finite_number(x, f"the constant of {where}")


def _arity(rule: Rule) -> int | None:
    """How many operands a rule is for; None for any number."""
    if isinstance(rule, tuple):
        return len(rule)
    code = _named(rule).__code__
    takes_any_number = code.co_flags & 0x04
    return None if takes_any_number else code.co_argcount - 1


def _fits(forward: FunctionType, arity: int) -> bool:
    """Whether a function can be called with so many arguments."""
    code, optional = forward.__code__, len(forward.__defaults__ or ())
    return bool(code.co_flags & 0x04) or code.co_argcount - optional <= arity <= code.co_argcount


def _named(rule: Callable[..., Any]) -> FunctionType:
    if not isinstance(rule, FunctionType):
        raise TypeError(f"a derivative rule is a Python function (def or lambda) or a tuple of numbers, got {rule!r}")
    return rule


# How the arguments of a call become operands.


def one_or_many(*arguments: Any) -> Sequence[Any]:
    """``total(a, b, c)`` and ``total([a, b, c])``, as Python's own ``max`` takes them."""
    if len(arguments) == 1 and isinstance(arguments[0], Iterable):
        return tuple(arguments[0])
    return arguments


def weights_inputs_bias(weights: Iterable[Any], inputs: Iterable[Any], bias: Any = None) -> Sequence[Any]:
    """``dot(weights, inputs, bias)``: the weights, then the inputs, then the bias if there is one."""
    for given in (weights, inputs):
        if not isinstance(given, Iterable):
            raise TypeError(f"dot takes two lists, dot([w1, w2], [x1, x2]), got {given!r}; of two numbers, write w * x")
    weights, inputs = tuple(weights), tuple(inputs)
    if len(weights) != len(inputs):
        given = f"{counted(len(weights), 'weight')} and {counted(len(inputs), 'input')}"
        raise ValueError(f"dot needs as many weights as inputs, got {given}")
    return (*weights, *inputs) if bias is None else (*weights, *inputs, bias)
