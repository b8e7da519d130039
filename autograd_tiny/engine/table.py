"""The table: one row says everything about one operation.

A row holds the value of an operation on floats, its local derivatives, how it is written, where it is defined.  Whatever
the project does with an operation, it reads here: recording, differentiating, drawing, explaining, compiling.

A derivative rule is ordinary arithmetic, ``rule(out, *operands)``, with one result per operand.  It is run on floats for
the local derivative of a recorded node, on Values for a gradient that can be differentiated again, on Expressions for a
formula.  So a rule never branches on its operands: a branch is a row of its own (``step``, ``where``, ``less``, ...).
Only ``forward``, which always sees floats, may branch.  A constant tuple in place of a rule means a linear operation.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from types import CodeType, FunctionType, MappingProxyType
from typing import Any, NamedTuple

from autograd_tiny.engine.refusals import FormulaRefusedError, ValueRefusedError
from autograd_tiny.text.numbers import latex_digits, short_number
from autograd_tiny.text.words import quoted

# How tightly a written form binds; a slot such as {0:product} puts parentheses around anything that binds less tightly.
RELATION, SUM, SIGN, PRODUCT, POWER, ATOM = range(6)
LEVELS = {"relation": RELATION, "sum": SUM, "sign": SIGN, "product": PRODUCT, "power": POWER, "atom": ATOM}


class Notation(NamedTuple):
    """A written form and how tightly it binds.

    A template has slots ``{0:level}`` for single operands, or ``{args}`` for all of them; a function makes the text from
    the written operands, where a template cannot.
    """

    template: str | Callable[[Sequence[Any]], str]
    level: int = ATOM

    def write(self, operands: Sequence[Any]) -> str:
        """The written form; an operand knows its own brackets, ``format(operand, "product")``."""
        if not isinstance(self.template, str):
            return self.template(operands)
        return self.template.format(*operands, args=", ".join(map(format, operands)))


class Domain(NamedTuple):
    """Where an operand may lie: the condition in words, the same as a test, and sample points inside."""

    condition: str
    contains: Callable[[float], bool]
    points: tuple[float, ...]


REALS = Domain("", lambda x: True, (-2.3, -0.6, 0.4, 1.7))
POSITIVE = Domain("{} > 0", lambda x: x > 0.0, (0.3, 0.9, 1.7, 4.2))
BASE = Domain("{} > 0, or at 0 an exponent > 0, or below 0 a whole exponent", lambda x: x > 0.0, (0.3, 0.9, 1.7, 4.2))
LOG_BASE = Domain("{} != 0, unless operand 1 is 0", lambda x: x != 0.0, (0.3, 0.9, 1.7, 4.2))
NONNEGATIVE = Domain("{} >= 0", lambda x: x >= 0.0, (0.3, 0.9, 1.7, 4.2))
NONZERO = Domain("{} != 0", lambda x: x != 0.0, (-2.3, -0.6, 0.4, 1.7))
ABOVE_MINUS_ONE = Domain("{} > -1", lambda x: x > -1.0, (-0.8, -0.2, 0.4, 1.7))
UNIT_INTERVAL = Domain("-1 <= {} <= 1", lambda x: -1.0 <= x <= 1.0, (-0.8, -0.3, 0.2, 0.7))

Rule = Callable[..., Sequence[Any]] | tuple[float, ...]


class _Row:
    """What rows have in common: they are not changed once they are made, since a recorder keeps what it was built from."""

    def __setattr__(self, name: str, value: object) -> None:
        if vars(self).get(name) is not None:
            raise AttributeError(f"{self!r} is in use with the {name} it has; make a new {type(self).__name__} for another {name}")
        super().__setattr__(name, value)


class Primitive(_Row):
    """One operation: its value, its local derivatives, how it is written.  Calling it computes or records it.

    Args:
        name: the function's name in Python and in formulas.
        forward: the value, from floats to a float.
        rule: ``rule(out, *operands)`` gives one local derivative per operand; a tuple of floats where they are constant.
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

    Calling a primitive on floats gives a float; with a Value or an Expression among the operands it records a node.

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
    ) -> None:
        self.name, self.forward, self.rule, self.doc = name, forward, rule, doc
        self.__doc__ = doc
        self.commutative = commutative
        self.symbol = symbol or name
        self.text = text or Notation(name + "({args})")
        self.latex = latex or text or Notation(r"\mathrm{{" + name.replace("_", r"\_") + r"}}\left({args}\right)")
        self.domain, self.kink, self.expansion, self.arrange = domain, kink, expansion, arrange
        self.stable = stable or expansion
        self.arity = _arity(rule)
        if self.arity is not None and isinstance(forward, FunctionType) and not _fits(forward, self.arity):
            raise TypeError(f"the rule of {name} is called as rule(out, *operands), with the operands of the value after out")
        self.family: Family | MultiPrimitive | None = None
        self.parameter: float | None = None

    def __repr__(self) -> str:
        return f"<primitive {self.name}>"

    def __call__(self, *arguments: Any) -> Any:
        operands = self.arrange(*arguments) if self.arrange else arguments
        if self.arity is not None and len(operands) != self.arity:
            raise TypeError(f"{self.name} takes {counted(self.arity, 'operand')}, got {len(operands)}")
        if recorder := recorder_of(operands):
            return recorder.record(self, operands)
        return self.evaluate(operands)

    def evaluate(self, operands: Sequence[Any]) -> float:
        """The value at floats.  A failure names the operation and its operands."""
        try:
            return float(self.forward(*operands))
        except (ArithmeticError, ValueError, TypeError) as error:
            raise refusal(self, operands, error) from None

    def derivatives(self, out: Any, operands: Sequence[Any], outputs: Callable[[], Sequence[Any]] | None = None) -> Sequence[Any]:
        """One local derivative per operand, in the arithmetic of ``out`` and ``operands``.

        ``outputs`` gives all the results of an operation that has several; without it they are computed afresh.
        """
        return self.rule if isinstance(self.rule, tuple) else self.rule(out, *operands)

    def float_rule(self) -> Callable[..., Sequence[float]]:
        """The rule as it is run on floats; see `_on_floats`."""
        if isinstance(self.rule, tuple):
            constant = self.rule
            return lambda out, *operands: constant
        return _on_floats(self.rule)

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

    >>> power[3](2.0), power(2.0, 3)
    (8.0, 8.0)
    """

    def __init__(self, name: str, row: Callable[[float], Primitive], *, doc: str = "", default: float | None = None) -> None:
        self.name, self.doc, self.default = name, doc, default
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
        self.name, self.forward, self.rule, self.doc, self.domain = name, forward, rule, doc, domain
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

    def __call__(self, *arguments: Any) -> tuple[Any, ...]:
        operands = self.arrange(*arguments) if self.arrange else arguments
        if recorder := recorder_of(operands):
            return tuple(recorder.record_outputs(self, tuple(operands)))
        return self.evaluate(operands)

    def evaluate(self, operands: Sequence[Any]) -> tuple[float, ...]:
        """The values at floats.  A failure names the operation and its operands."""
        try:
            outputs = self.forward(*operands)
        except (ArithmeticError, ValueError, TypeError) as error:
            raise refusal(self, operands, error) from None
        self.check_form(operands, outputs)
        return outputs

    def check_form(self, operands: Sequence[Any], outputs: Any, derivatives: Sequence[Any] = ()) -> None:
        """Refuse another number of outputs than there are rows, or of derivatives than there are operands."""
        count = self.count(operands)
        if not isinstance(outputs, (tuple, list)) or len(outputs) != count:
            expected = f"{counted(count, 'output')}, " + ("one per operand" if self.outputs is None else "as outputs= says")
            raise TypeError(f"{self.name} must give a tuple with {expected}, but gives {outputs!r}; for n outputs set outputs=n")
        for given in derivatives:
            if not isinstance(given, (tuple, list)) or len(given) != len(operands):
                raise TypeError(_form_fault(self, operands, given))

    def float_rule(self) -> Callable[..., Sequence[float]]:
        """The rule as it is run on floats; see `_on_floats`."""
        return _on_floats(self.rule)

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
            latex=Notation(rf"\mathrm{{{{{whole.name}}}}}_{{{{{index}}}}}\left({{args}}\right)"),
            domain=whole.domain,
            expansion=_pick(whole.expansion, index),
            stable=_pick(whole.stable, index),
            arrange=whole.arrange,
        )
        self.family: MultiPrimitive = whole
        self.parameter: int = index

    def derivatives(self, out: Any, operands: Sequence[Any], outputs: Callable[[], Sequence[Any]] | None = None) -> Sequence[Any]:
        results = outputs() if outputs else self.family(*operands)
        return self.family.rule(results, self.parameter, *operands)


def _output(whole: MultiPrimitive, outputs: tuple[float, ...], index: int) -> float:
    if not 0 <= index < len(outputs):
        raise ValueError(f"the outputs of this {whole.name} are numbered from 0 to {len(outputs) - 1}")
    return outputs[index]


def _pick(function: Callable[..., Sequence[Any]] | None, index: int) -> Callable[..., Any] | None:
    return function and (lambda *operands: function(*operands)[index])


def recorder_of(operands: Sequence[Any]) -> Any:
    """The kind of scalar (Value, Expression, ...) that is to record an operation on these operands; None for floats."""
    for x in operands:
        if hasattr(type(x), "record"):
            return type(x)
    return None


def data_of(x: Any) -> Any:
    """The number in ``x``: its data if it is a recorded Value, itself if it is a number."""
    return getattr(x, "data", x)


def label_of(x: Any) -> str:
    """The label of a recorded Value; none for a number."""
    label: str = getattr(x, "label", "")
    return label


def is_number(x: object) -> bool:
    """Whether ``x`` is a plain real number, of Python, NumPy or any other kind: no array, and nothing that records."""
    if isinstance(x, (float, int)):
        return True
    return hasattr(x, "__float__") and not hasattr(x, "__len__") and not hasattr(type(x), "record")


def finite_number(x: Any, name: str) -> float:
    """The number ``x``, called ``name`` in errors, as a float; refuses what is not finite or would lose digits."""
    try:
        data = float(x)
    except OverflowError:
        raise OverflowError(f"{name} is larger than any float: {quoted(x)}") from None
    if hasattr(x, "__index__") and data != int(x):
        raise ValueError(f"{name} is a float, and no float equals {x}; the nearest is {data!r}")
    if not math.isfinite(data):
        raise ValueError(f"{name} must be finite, got {data!r}; look at where this number was computed")
    return data


def constant(x: Any, where: str) -> float:
    """A static parameter as a finite number, refused with a clear message where it is none."""
    if isinstance(x, bool) or not is_number(x):
        kind = TypeError if recorder_of((x,)) is None else ValueRefusedError if hasattr(x, "data") else FormulaRefusedError
        raise kind(f"{where}: the constant must be a plain number, got {x!r}")
    return finite_number(x, f"the constant of {where}")


def refusal(operation: Primitive | MultiPrimitive, operands: Sequence[Any], error: Exception) -> Exception:
    """The error of the same type, telling which operation failed, on which operands, and what it needs."""
    head = call_text(operation, operands)
    labels, data = [label_of(x) for x in operands], [data_of(x) for x in operands]
    if not operands:
        return type(error)(f"{head}: needs at least one operand")
    try:
        out = operation.forward(*data)
    except TypeError:
        return TypeError(f"{head}: {error}; the operands must be numbers, Values or Expressions")
    except (ArithmeticError, ValueError):
        domains = [operation.domain_of(i) for i in range(len(operands))]
        names = [label or ("its operand" if len(data) == 1 else f"operand {i}") for i, label in enumerate(labels, 1)]
        broken = [d.condition.format(name) for d, name, x in zip(domains, names, data) if not d.contains(x)]
        if broken:
            return type(error)(f"{head}: needs {' and '.join(broken)}{_remedy(operation, labels, data)}")
        if isinstance(error, OverflowError):
            return type(error)(f"{head}: the result is larger than any float")
        return type(error)(f"{head}: {error}")
    if isinstance(operation, Primitive) and isinstance(out, (int, float)) and (fault := _rule_fault(operation, out, data)):
        return TypeError(fault)
    if isinstance(error, TypeError):
        return TypeError(f"the rule of {operation.name} fails: {error}")
    reason = error.args[-1] if error.args else type(error).__name__  # what the system says has a number in front
    return type(error)(f"{head} is {out!r}, but its derivative there is not finite ({reason})")


def _remedy(operation: Primitive | MultiPrimitive, labels: Sequence[str], data: Sequence[float]) -> str:
    """What to do about an operand outside of its domain: a choice that is recorded computes both of its branches."""
    for i, (label, x) in enumerate(zip(labels, data)):
        domain, name = operation.domain_of(i), label or "x"
        if not domain.contains(x) and domain.condition.startswith("{} ") and "," not in domain.condition:
            safe = f"where({domain.condition.format(name).replace('>=', '>')}, {name}, 1)"  # at the edge a derivative may be infinite
            safe = f"{operation.name}({safe})" if len(data) == 1 else f"{safe} in its place"
            return f"; choose with `if`, or make the operand safe first: {safe}"
    return ""


def _rule_fault(operation: Primitive, out: float, data: Sequence[float]) -> str:
    """What is wrong with the form of what a rule gives; nothing if that is not the matter."""
    try:
        given = operation.float_rule()(out, *data)
    except (ArithmeticError, ValueError):
        return ""
    except TypeError as error:
        return f"the rule of {operation.name} fails: {error}"
    return "" if isinstance(given, (tuple, list)) and len(given) == len(data) else _form_fault(operation, data, given)


def _form_fault(operation: Primitive | MultiPrimitive, operands: Sequence[Any], given: Any) -> str:
    count = counted(len(operands), "derivative")
    return f"the rule of {operation.name} must give a tuple with {count}, one per operand, but gives {given!r}"


def call_text(operation: Primitive | MultiPrimitive, operands: Sequence[Any]) -> str:
    """The operation with its operands' labels and data: ``mul(w = 2.0, 3.0)``."""
    shown = [f"{label_of(x)} = {data_of(x)!r}" if label_of(x) else repr(data_of(x)) for x in operands]
    if len(shown) > 6:
        shown[5:] = [f"... {len(shown) - 5} more"]
    return f"{operation.name}({', '.join(shown)})"


def _arity(rule: Rule) -> int | None:
    """How many operands a rule is for; None for any number."""
    if isinstance(rule, tuple):
        return len(rule)
    code = _function(rule).__code__
    takes_any_number = code.co_flags & 0x04
    return None if takes_any_number else code.co_argcount - 1


def _fits(forward: FunctionType, arity: int) -> bool:
    """Whether a function can be called with so many arguments."""
    code, optional = forward.__code__, len(forward.__defaults__ or ())
    return bool(code.co_flags & 0x04) or code.co_argcount - optional <= arity <= code.co_argcount


def _function(rule: Callable[..., Any]) -> FunctionType:
    if not isinstance(rule, FunctionType):
        raise TypeError(f"a derivative rule is a Python function (def or lambda) or a tuple of numbers, got {rule!r}")
    return rule


def _on_floats(rule: Callable[..., Any]) -> Callable[..., Any]:
    """A rule of this table with the names of rows bound to their float functions: the same code, and floats pay no dispatch.

    Only this module's rules are bound in advance, since no name in here ever changes.  Any other rule is called as it is: it
    sees its globals as they are at that time, and the rows in it compute on floats.
    """
    function = _function(rule)
    known = function.__globals__
    if known is not globals():
        return function

    def names_in(code: CodeType) -> set[str]:
        inner = [names_in(c) for c in code.co_consts if isinstance(c, CodeType)]
        return set(code.co_names).union(*inner)

    rows = (Primitive, MultiPrimitive)
    names = {n: known[n].forward if isinstance(known[n], rows) else known[n] for n in names_in(function.__code__) if n in known}
    on_floats = FunctionType(function.__code__, names, function.__name__, function.__defaults__, function.__closure__)
    on_floats.__kwdefaults__ = function.__kwdefaults__
    return on_floats


def counted(n: int, noun: str) -> str:
    """How many of something, ``1 operand``, ``2 operands``."""
    return f"{n} {noun}" + "s" * (n != 1)


# Values on floats, where Python's math module has no function that serves.


def _divide(x: float, y: float) -> float:
    return x / y


def _power(x: float, k: float) -> float:
    return 1.0 / x if x == 0.0 and k < 0.0 else math.pow(x, k)  # 0 ** -1 is a ZeroDivisionError, as everywhere in Python


def _power_times_log(p: float, x: float) -> float:
    if x < 0.0:
        return math.nan
    return p if p == 0.0 and x == 0.0 else p * math.log(x)


def _sign(x: float) -> float:
    return 1.0 if x > 0.0 else -1.0 if x < 0.0 else 0.0 if x == 0.0 else x


def _step(x: float) -> float:
    return 1.0 if x > 0.0 else 0.0 if x <= 0.0 else x


def _sigmoid(x: float) -> float:
    if x >= 0.0:
        return 1.0 / (1.0 + math.exp(-x))
    e = math.exp(x)
    return e / (1.0 + e)


def _relu(x: float) -> float:
    return 0.0 if x <= 0.0 else x


def _softplus(x: float) -> float:
    return max(x, 0.0) + math.log1p(math.exp(-abs(x)))


def _silu(x: float) -> float:
    if x >= 0.0:
        return x / (1.0 + math.exp(-x))
    root = math.exp(0.5 * x)  # exp(x) is subnormal long before x exp(x) is
    return x * root * (root / (1.0 + root * root))


def _gelu(x: float) -> float:
    return 0.5 * x * math.erfc(-x * SQRT_HALF)


def _where(condition: float, x: float, y: float) -> float:
    return x if condition else y


def _less(x: float, y: float) -> float:
    return 1.0 if x < y else 0.0


def _greater(x: float, y: float) -> float:
    return 1.0 if x > y else 0.0


def _equal(x: float, y: float) -> float:
    return 1.0 if x == y else 0.0


def _minimum(*xs: float) -> float:
    return min(xs) if _comparable(xs) else math.nan


def _maximum(*xs: float) -> float:
    return max(xs) if _comparable(xs) else math.nan


def _comparable(xs: Sequence[float]) -> bool:
    """Whether none of ``xs`` is nan; the sum of all tells at once, unless infinities cancel in it."""
    whole = sum(xs)
    return whole == whole or not any(map(math.isnan, xs))


def _total(*xs: float) -> float:
    return math.fsum(xs)


def _mean(*xs: float) -> float:
    return math.fsum(xs) / len(xs)


def _dot(*operands: float) -> float:
    n = len(operands) // 2
    products = map(operator.mul, operands[:n], operands[n:])
    return sum(products, operands[-1]) if len(operands) % 2 else sum(products)


def _logsumexp(*xs: float) -> float:
    largest = _maximum(*xs)
    if not math.isfinite(largest):
        return largest
    # The largest term is exp(0) = 1; log1p of the others keeps their digits where they are small.
    return largest + math.log1p(math.fsum([-1.0, *[math.exp(x - largest) for x in xs]]))


def _softmax(*xs: float) -> tuple[float, ...]:
    largest = max(xs)
    weights = [math.exp(x - largest) for x in xs]
    whole = math.fsum(weights)
    return tuple([w / whole for w in weights])


# How the arguments of a call become operands.


def _one_or_many(*arguments: Any) -> Sequence[Any]:
    """``total(a, b, c)`` and ``total([a, b, c])``, as Python's own ``max`` takes them."""
    if len(arguments) == 1 and isinstance(arguments[0], Iterable):
        return tuple(arguments[0])
    return arguments


def _weights_inputs_bias(weights: Iterable[Any], inputs: Iterable[Any], bias: Any = None) -> Sequence[Any]:
    for given in (weights, inputs):
        if not isinstance(given, Iterable):
            raise TypeError(f"dot takes two lists, dot([w1, w2], [x1, x2]), got {given!r}; of two numbers, write w * x")
    weights, inputs = tuple(weights), tuple(inputs)
    if len(weights) != len(inputs):
        raise ValueError(f"dot needs as many weights as inputs, got {counted(len(weights), 'weight')} and {counted(len(inputs), 'input')}")
    return (*weights, *inputs) if bias is None else (*weights, *inputs, bias)


# Rules that do not fit their row.


def _shared_among_ties(out: Any, *xs: Any) -> Sequence[Any]:
    ties = [equal(x, out) for x in xs]
    count = total(*ties)
    shared = where(count, count, out)  # no operand equals nan; then the derivatives are nan, too
    return [tie / shared for tie in ties]


def _dot_rule(out: Any, *operands: Any) -> Sequence[Any]:
    n = len(operands) // 2
    return *operands[n : 2 * n], *operands[:n], *[1.0] * (len(operands) % 2)


def _softmax_rule(outputs: Sequence[Any], index: int) -> Sequence[Any]:
    p = outputs[index]
    return [p * (1.0 - p) if j == index else -p * q for j, q in enumerate(outputs)]


def _softmax_expansion(*xs: Any) -> Sequence[Any]:
    weights = [exp(x) for x in xs]
    whole = _sum(weights)
    return [w / whole for w in weights]


def _sigmoid_stable(x: Any) -> Any:
    e = exp(-absolute(x))
    return where(less(x, 0.0), e, 1.0) / (1.0 + e)


def _softmax_stable(*xs: Any) -> Sequence[Any]:
    largest = maximum(*xs)
    return _softmax_expansion(*[x - largest for x in xs])


def _logsumexp_stable(*xs: Any) -> Any:
    largest = maximum(*xs)
    ties = [equal(x, largest) for x in xs]
    others = _sum([where(tie, 0.0, exp(x - largest)) for tie, x in zip(ties, xs)])
    return largest + log1p(others + (_sum(ties) - 1.0))


def _dot_expansion(*operands: Any) -> Any:
    n = len(operands) // 2
    return _sum([w * x for w, x in zip(operands[:n], operands[n:])] + list(operands[2 * n :]))


def _dot_text(operands: Sequence[Any]) -> str:
    n = len(operands) // 2
    weights, inputs, bias = operands[:n], operands[n : 2 * n], operands[2 * n :]
    return f"dot([{', '.join(map(format, weights))}], [{', '.join(map(format, inputs))}]{''.join(f', {b}' for b in bias)})"


def _sum_latex(operands: Sequence[Any]) -> str:
    return " + ".join([f"{x:product}" for x in operands])


def _dot_latex(operands: Sequence[Any]) -> str:
    n = len(operands) // 2
    products = [rf"{w:product} \cdot {x:product}" for w, x in zip(operands[:n], operands[n:])]
    return " + ".join(products + [f"{b:product}" for b in operands[2 * n :]])


def _sum(terms: Sequence[Any]) -> Any:
    whole = terms[0]
    for term in terms[1:]:
        whole = whole + term
    return whole


SQRT_HALF = math.sqrt(0.5)
TWO_OVER_SQRT_PI = 2.0 / math.sqrt(math.pi)
ONE_OVER_SQRT_TWO_PI = 1.0 / math.sqrt(2.0 * math.pi)

# Arithmetic.
add = Primitive("add", operator.add, (1.0, 1.0), symbol="+", text=Notation("{0:sum} + {1:product}", SUM), doc="x + y", commutative=True)
sub = Primitive("sub", operator.sub, (1.0, -1.0), symbol="-", text=Notation("{0:sum} - {1:product}", SUM), doc="x - y")
neg = Primitive(
    "neg", operator.neg, (-1.0,), symbol="-", text=Notation("-{0:power}", SIGN),
    latex=Notation("-{0:product}", SIGN), doc="-x",
)
mul = Primitive(
    "mul", operator.mul, lambda out, x, y: (y, x), symbol="×", doc="x times y", commutative=True,
    text=Notation("{0:product} * {1:power}", PRODUCT), latex=Notation(r"{0:product} \cdot {1:product}", PRODUCT),
)
div = Primitive(
    "div", _divide, lambda out, x, y: (1.0 / y, -out / y), symbol="/", doc="x divided by y", domain=(REALS, NONZERO),
    text=Notation("{0:product} / {1:power}", PRODUCT), latex=Notation(r"\frac{{{0}}}{{{1}}}", PRODUCT),
)


def plain_number(x: float) -> str:
    """A number as Python reads it back, a whole one without a point."""
    return repr(float(x)).removesuffix(".0")


def _in_template(text: str) -> str:
    return text.replace("{", "{{").replace("}", "}}")


def _power_row(k: float) -> Primitive:
    shown, written = plain_number(k), _in_template(latex_digits(plain_number(k)))
    rules: dict[float, Rule] = {0.0: (0.0,), 1.0: (1.0,), 2.0: lambda out, x: (2.0 * x,)}
    return Primitive(
        f"power[{shown}]", lambda x: _power(x, k), rules.get(k, lambda out, x: (k * x ** (k - 1.0),)),
        symbol=f"^{short_number(k)}", doc=f"x to the constant power {shown}",
        text=Notation(f"{{0:atom}} ** {shown}", POWER), latex=Notation(f"{{0:atom}}^{{{{{written}}}}}", POWER),
        domain=(REALS if k >= 0 else NONZERO) if k.is_integer() else NONNEGATIVE if k >= 0 else POSITIVE,
    )


class _Power(Family):
    def __call__(self, x: Any, parameter: Any = None) -> Any:
        return pow_(x, parameter) if recorder_of((parameter,)) else super().__call__(x, parameter)


power = _Power("power", _power_row, doc="x to a constant power: power(x, 3); with a Value as exponent it is `pow`")
pow_ = Primitive(
    "pow", _power, lambda out, x, y: (y * x ** (y - 1.0), pow_log(out, x)), symbol="^", domain=(BASE, REALS),
    text=Notation("{0:atom} ** {1:power}", POWER), latex=Notation("{0:atom}^{{{1}}}", POWER),
    doc="x to the power y: for x > 0; for x = 0 where y > 0; for x < 0 where y is whole, with nan as derivative by y",
)
pow_log: Primitive = Primitive(
    "pow_log", _power_times_log, lambda out, p, x: (pow_log(where(x, 1.0, 0.0), x), p / where(x, x, 1.0)), domain=(REALS, LOG_BASE),
    text=Notation("{0:product} * log({1})", PRODUCT), latex=Notation(r"{0:product} \cdot \ln\left({1}\right)", PRODUCT),
    symbol="× log", doc="p log(x), the derivative of a power p of x by its exponent: 0 where both are 0, nan where x < 0",
    expansion=lambda p, x: p * log(where(absolute(p) + absolute(x), x, 1.0)),
)

# Exponentials and logarithms.
exp: Primitive = Primitive("exp", math.exp, lambda out, x: (out,), latex=Notation("e^{{{0}}}", POWER), doc="e to the power x")
expm1 = Primitive(
    "expm1", math.expm1, lambda out, x: (exp(x),), latex=Notation("e^{{{0}}} - 1", SUM), doc="exp(x) - 1, exact near 0",
)
log: Primitive = Primitive(
    "log", math.log, lambda out, x: (1.0 / x,), domain=POSITIVE,
    latex=Notation(r"\ln\left({0}\right)"), doc="natural logarithm",
)
log1p = Primitive(
    "log1p", math.log1p, lambda out, x: (1.0 / (1.0 + x),), domain=ABOVE_MINUS_ONE,
    latex=Notation(r"\ln\left(1 + {0:product}\right)"), doc="log(1 + x), exact near 0",
)
sqrt = Primitive(
    "sqrt", math.sqrt, lambda out, x: (0.5 / out,), domain=NONNEGATIVE, latex=Notation(r"\sqrt{{{0}}}"), doc="square root",
)

# Trigonometric and hyperbolic functions.
sin: Primitive = Primitive(
    "sin", math.sin, lambda out, x: (cos(x),), latex=Notation(r"\sin\left({0}\right)"), doc="sine of x in radians",
)
cos: Primitive = Primitive(
    "cos", math.cos, lambda out, x: (-sin(x),), latex=Notation(r"\cos\left({0}\right)"), doc="cosine of x in radians",
)
tan = Primitive(
    "tan", math.tan, lambda out, x: (1.0 + out**2,),
    latex=Notation(r"\tan\left({0}\right)"), doc="tangent of x in radians",
)
asin = Primitive(
    "asin", math.asin, lambda out, x: (1.0 / sqrt((1.0 - x) * (1.0 + x)),), domain=UNIT_INTERVAL,
    latex=Notation(r"\arcsin\left({0}\right)"), doc="arc sine, in radians",
)
acos = Primitive(
    "acos", math.acos, lambda out, x: (-1.0 / sqrt((1.0 - x) * (1.0 + x)),), domain=UNIT_INTERVAL,
    latex=Notation(r"\arccos\left({0}\right)"), doc="arc cosine, in radians",
)
atan = Primitive(
    "atan", math.atan, lambda out, x: (1.0 / (1.0 + x * x),),
    latex=Notation(r"\arctan\left({0}\right)"), doc="arc tangent, in radians",
)
hypot: Primitive = Primitive(
    "hypot", math.hypot, lambda out, x, y: (x / out, y / out), latex=Notation(r"\sqrt{{{0:atom}^{{2}} + {1:atom}^{{2}}}}"),
    doc="length of the vector (x, y), without overflow on the way", commutative=True,
)
atan2 = Primitive(
    "atan2", math.atan2, lambda out, x, y: (y / hypot(x, y) / hypot(x, y), -x / hypot(x, y) / hypot(x, y)),
    latex=Notation(r"\mathrm{{atan2}}\left({args}\right)"), doc="angle of the point (y, x) in radians: its height comes first",
)
sinh: Primitive = Primitive(
    "sinh", math.sinh, lambda out, x: (cosh(x),), latex=Notation(r"\sinh\left({0}\right)"), doc="hyperbolic sine",
)
cosh: Primitive = Primitive(
    "cosh", math.cosh, lambda out, x: (sinh(x),), latex=Notation(r"\cosh\left({0}\right)"), doc="hyperbolic cosine",
)
tanh = Primitive(
    "tanh", math.tanh, lambda out, x: (1.0 - out**2,), latex=Notation(r"\tanh\left({0}\right)"), doc="hyperbolic tangent",
)

# The error function.
erf = Primitive(
    "erf", math.erf, lambda out, x: (TWO_OVER_SQRT_PI * exp(-(x * x)),), latex=Notation(r"\mathrm{{erf}}\left({0}\right)"),
    doc="error function",
)
erfc = Primitive(
    "erfc", math.erfc, lambda out, x: (-TWO_OVER_SQRT_PI * exp(-(x * x)),), latex=Notation(r"\mathrm{{erfc}}\left({0}\right)"),
    doc="1 - erf(x), exact in the upper tail",
)

# Branches.  Each is a row, so that a rule which needs one can be recorded, written down and compiled.
sign = Primitive(
    "sign", _sign, (0.0,), doc="-1, 0 or 1", kink="0 at x = 0", latex=Notation(r"\mathrm{{sign}}\left({0}\right)"),
)
step = Primitive(
    "step", _step, (0.0,), doc="1 where x > 0, else 0", kink="0 at x = 0", latex=Notation(r"\left[{0:sum} > 0\right]"),
)
less = Primitive(
    "less", _less, (0.0, 0.0), symbol="<", text=Notation("{0:sum} < {1:sum}", RELATION),
    doc="1 where x < y, else 0", kink="0 at x = y",
)
greater = Primitive(
    "greater", _greater, (0.0, 0.0), symbol=">", text=Notation("{0:sum} > {1:sum}", RELATION),
    doc="1 where x > y, else 0", kink="0 at x = y",
)
equal = Primitive(
    "equal", _equal, (0.0, 0.0), symbol="=", text=Notation("{0:sum} == {1:sum}", RELATION), latex=Notation("{0:sum} = {1:sum}", RELATION),
    doc="1 where x equals y, else 0", kink="0 at x = y", commutative=True,
)
where: Primitive = Primitive(
    "where", _where, lambda out, condition, x, y: (0.0, where(condition, 1.0, 0.0), where(condition, 0.0, 1.0)),
    latex=Notation(r"\begin{{cases}} {1} & {0} \\ {2} & \text{{otherwise}} \end{{cases}}", RELATION),
    doc="x where the condition is not zero, else y", kink="no derivative by the condition",
)
minimum = Primitive(
    "minimum", _minimum, _shared_among_ties, symbol="min", latex=Notation(r"\min\left({args}\right)"), arrange=_one_or_many,
    doc="the smallest operand", kink="shared equally among ties", commutative=True,
)
maximum = Primitive(
    "maximum", _maximum, _shared_among_ties, symbol="max", latex=Notation(r"\max\left({args}\right)"), arrange=_one_or_many,
    doc="the largest operand", kink="shared equally among ties", commutative=True,
)
absolute: Primitive = Primitive(
    "abs", abs, lambda out, x: (sign(x),), latex=Notation(r"\left|{0}\right|"), doc="absolute value", kink="0 at x = 0",
)

# Activations.
sigmoid = Primitive(
    "sigmoid", _sigmoid, lambda out, x: (out * (1.0 - out),), symbol="σ", latex=Notation(r"\sigma\left({0}\right)"),
    expansion=lambda x: 1.0 / (1.0 + exp(-x)), stable=_sigmoid_stable, doc="1 / (1 + exp(-x))",
)
relu = Primitive(
    "relu", _relu, lambda out, x: (step(x),), symbol="ReLU", latex=Notation(r"\mathrm{{ReLU}}\left({0}\right)"),
    expansion=lambda x: where(step(x), x, 0.0), doc="x where x > 0, else 0", kink="0 at x = 0",
)


def _leaky_relu_row(slope: float) -> Primitive:
    shown, written = plain_number(slope), _in_template(latex_digits(plain_number(slope)))
    return Primitive(
        f"leaky_relu[{shown}]", lambda x: x if x > 0.0 else slope * x, lambda out, x: (where(step(x), 1.0, slope),),
        symbol="leaky ReLU", doc=f"x where x > 0, else {shown} x", kink=f"{shown} at x = 0",
        text=Notation(f"leaky_relu({{args}}, {shown})"),
        latex=Notation(rf"\mathrm{{{{LeakyReLU}}}}_{{{{{written}}}}}\left({{0}}\right)"),
        expansion=lambda x: where(step(x), x, slope * x),
    )


leaky_relu = Family("leaky_relu", _leaky_relu_row, default=0.01, doc="x where x > 0, else slope * x: leaky_relu(x, 0.01)")
softplus = Primitive(
    "softplus", _softplus, lambda out, x: (sigmoid(x),), expansion=lambda x: log1p(exp(x)),
    stable=lambda x: relu(x) + log1p(exp(-absolute(x))), doc="log(1 + exp(x))",
)
silu = Primitive(
    "silu", _silu, lambda out, x: (sigmoid(x) + out * sigmoid(-x),), symbol="SiLU",
    expansion=lambda x: x * sigmoid(x), doc="x times sigmoid(x)",
)
gelu = Primitive(
    "gelu", _gelu, lambda out, x: (0.5 * erfc(-x * SQRT_HALF) + x * (ONE_OVER_SQRT_TWO_PI * exp(-0.5 * (x * x))),),
    symbol="GELU", expansion=lambda x: 0.5 * x * (1.0 + erf(x * SQRT_HALF)), stable=lambda x: 0.5 * x * erfc(-x * SQRT_HALF),
    doc="x times the probability that a standard normal variable lies below x",
)

# Any number of operands.
total = Primitive(
    "total", _total, lambda out, *xs: [1.0] * len(xs), symbol="Σ", latex=Notation(_sum_latex, SUM), arrange=_one_or_many,
    expansion=lambda *xs: _sum(xs), doc="the sum, rounded once", commutative=True,
)
mean = Primitive(
    "mean", _mean, lambda out, *xs: [1.0 / len(xs)] * len(xs), arrange=_one_or_many, expansion=lambda *xs: _sum(xs) / float(len(xs)),
    doc="the arithmetic mean", commutative=True,
)
dot = Primitive(
    "dot", _dot, _dot_rule, symbol="Σ w x", text=Notation(_dot_text), latex=Notation(_dot_latex, SUM), arrange=_weights_inputs_bias,
    expansion=_dot_expansion, doc="weighted sum w1 x1 + ... + wn xn, plus a bias if one is given: dot(weights, inputs, bias)",
)
logsumexp: Primitive = Primitive(
    "logsumexp", _logsumexp, lambda out, *xs: softmax(*xs), arrange=_one_or_many,
    expansion=lambda *xs: log(_sum([exp(x) for x in xs])), stable=_logsumexp_stable,
    doc="log(exp(x1) + ... + exp(xn)), without overflow", commutative=True,
)
softmax: MultiPrimitive = MultiPrimitive(
    "softmax", _softmax, lambda outputs, index, *xs: _softmax_rule(outputs, index), arrange=_one_or_many,
    expansion=_softmax_expansion, sums_to=1.0, stable=_softmax_stable,
    doc="exp(x1) / (exp(x1) + ... + exp(xn)) and so on: positive numbers that sum to 1",
)

TABLE: Mapping[str, Primitive | Family | MultiPrimitive] = MappingProxyType(
    {row.name: row for row in list(globals().values()) if isinstance(row, (Primitive, Family, MultiPrimitive))}
)
