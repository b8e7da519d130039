"""A program as text that can be read, in any language: the forward lines, then the lines of the derivatives.

What a language is, a `Language` says: a small table of how rows, numbers, names and lines are written in it.
"""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from autograd_tiny.engine.row import ATOM, RELATION, SUM, Family, MultiPrimitive, Notation, Primitive
from autograd_tiny.engine.table import TABLE, add, div, dot, mul, neg, sub
from autograd_tiny.lowering.program import Program, opened
from autograd_tiny.lowering.sources.names import Names, identifier
from autograd_tiny.symbols.expression import TEXT, Term, python_number

BRACKETS = TEXT.brackets
WIDTH = 100
LONGEST_PART = 60  # of a line without a name of its own
MOST_TERMS = 40  # of a dot that is written out

ARITHMETIC: Mapping[Primitive, Notation] = {row: row.text for row in (add, sub, neg, mul, div)}
"""What every language writes alike."""


class Language(NamedTuple):
    """How a program is written.

    Attributes:
        name: of the language, for errors.
        notations: of rows that are operators.
        has_power: whether a constant power of this row is an operator too, as the row's own text has it.
        functions: by the name of a row, family or operation with several outputs, the function that computes it; one
            for a member of a family takes no constant.
        reserved: names that no variable may have.
        line: what stands before and after the formula of a variable, whose name fills the braces.
        comment: what a comment begins with.
        number: a constant.
        identifier: a label as a name.
        call: a function at operands, of which a row may take any number.
        several: the line that gives a variable all outputs of a function at operands.
    """

    name: str
    notations: Mapping[Primitive, Notation]
    has_power: Callable[[Primitive], bool]
    functions: Mapping[str, str]
    reserved: frozenset[str]
    line: tuple[str, str]
    comment: str
    number: Callable[[float], str] = repr
    identifier: Callable[[str], str] = identifier
    call: Callable[[str, Sequence[str], bool], str] = lambda function, operands, any_number: (
        f"{function}({', '.join(operands)})"
    )
    several: tuple[str, str] = ("{name} = {function}(", ")")

    def notation(self, row: Primitive, n_operands: int) -> Notation | None:
        """How a row is written by operators, if it can be."""
        if row is dot and n_operands <= 2 * MOST_TERMS:
            return Notation(_written_dot, SUM)
        return row.text if row.family is TABLE["power"] and self.has_power(row) else self.notations.get(row)

    def function(self, row: Primitive) -> str | None:
        """The function that computes a row; None for a row of the user's own."""
        return self.functions.get(row.name) or self.functions[_whole(row).name] if is_of_the_table(row) else None


def _whole(row: Primitive) -> Primitive | Family | MultiPrimitive:
    return row.family or row


def is_of_the_table(row: Primitive) -> bool:
    """Whether a row is one of ours; others are known by their expansion alone."""
    return TABLE.get(_whole(row).name) is _whole(row)


def in_rows_of_the_table(program: Program, language: str) -> Program:
    """The program with every row of the user's own opened.

    Raises:
        TypeError: such a row has no expansion.
    """

    def expansion(row: Primitive, operands: Sequence[int]) -> Callable[..., Any] | None:
        if is_of_the_table(row):
            return None
        if row.stable is None:
            raise TypeError(
                f"{row.name} cannot be written in {language}: give the Primitive an expansion= in rows of the table"
            )
        return row.stable

    if all(is_of_the_table(row) for row, _ in program.instructions):
        return program
    flat = opened(program, program.outputs, expansion)
    return Program(
        flat.inputs, flat.constants, flat.instructions, flat.outputs, program.n_values, flat.names, flat.derivative_of
    )


def _written_dot(operands: Sequence[Any]) -> str:
    """The sum in the order in which `dot` adds: the bias first."""
    n = len(operands) // 2
    products = [f"{w:product} * {x:power}" for w, x in zip(operands[:n], operands[n : 2 * n])]
    return " + ".join([*[f"{bias:sum}" for bias in operands[2 * n :]], *products])


class Part(NamedTuple):
    """A formula.

    Attributes:
        term: as it is written.
        reads: the numbers of the named values in it.
        functions: that it calls.
    """

    term: Term
    reads: frozenset[int]
    functions: frozenset[str]


NONE: frozenset[str] = frozenset()


class Statement(NamedTuple):
    """A value that is given a name, or all outputs of an operation that has several.

    Attributes:
        number: of the value; a negative one for several outputs together.
        name: of the variable.
        part: the formula; of several outputs, the operands.
        is_forward: whether it belongs to the results, and not to the derivatives alone.
        several: of several outputs, the function, how many there are, and how many operands.
    """

    number: int
    name: str
    part: Part
    is_forward: bool
    several: tuple[str, int, int] | None = None

    def lines(self, indent: str, line: tuple[str, str], several: tuple[str, str]) -> list[str]:
        """As written, by what stands before and after the formula of one value, and of several (`Language`)."""
        known: dict[str, Any] = {"name": self.name}
        if self.several:
            known.update(zip(("function", "n", "operands"), self.several))
        start, end = [text.format(**known) for text in (several if self.several else line)]
        return wrapped(indent + start, self.part.term.text, end)


class Writer:
    """Writes the instructions of one program in one language.

    Args:
        program: what is written.
        language: how.
        taken: names that the text around it uses.

    Attributes:
        functions: the names of the functions that are called.
        own: what the names stand for of rows that are not in the table.
        names: of all values, by number; those of constants are the constants.
        after: by number, what follows the name of a value where it is read; nothing unless it is set.
    """

    def __init__(self, program: Program, language: Language, taken: Iterable[str] = ()) -> None:
        self.program, self.language = program, language
        self.functions: set[str] = set()
        self.own: dict[str, Callable[..., Any]] = {}
        self.after: dict[int, str] = {}
        self._together: dict[Any, tuple[int, str]] = {}  # number and name of what holds all outputs of one softmax
        called = {row for row, operands in program.instructions if not language.notation(row, len(operands))}
        self._callees = {row: function for row in called if (function := language.function(row))}
        self.functions.update(self._callees.values())
        self._names = Names({*language.reserved, *taken, *self.functions}, language.identifier)
        for row, _ in program.instructions:
            if row in called and row not in self._callees:
                self._callees[row] = self._own_callee(row)
        self.names = program.value_names()
        n_inputs = len(program.inputs)
        self._names.keep([*self.names[:n_inputs], *self.names[program.n_leaves :]])
        self.names[:n_inputs] = map(self._names.new, self.names[:n_inputs])
        self.names[program.n_leaves :] = map(self._names.new, self.names[program.n_leaves :])

    def _own_callee(self, row: Primitive) -> str:
        """The name under which the text calls a row of the user's own."""
        forward = row.family.forward if isinstance(row.family, MultiPrimitive) else row.forward
        for name, known in self.own.items():
            if known is forward:
                return name
        name = self._names.new(_whole(row).name)
        self.own[name] = forward
        return name

    def used(self, outputs: Sequence[int]) -> set[int]:
        """The numbers of the values that ``outputs`` depend on."""
        needed = set(outputs)
        for number in range(len(self.names) - 1, self.program.n_leaves - 1, -1):
            if number in needed:
                needed.update(self.program.instructions[number - self.program.n_leaves].operands)
        return needed

    def body(self, outputs: Sequence[int], indent: str, *, brief: bool = False) -> tuple[list[str], list[str]]:
        """The lines that compute ``outputs``, and each output as written after them; in ``brief`` only needed lines."""
        statements, parts = self.statements(outputs, brief=brief)
        lines = [] if brief else [f"{indent}{self.language.comment}forward"]
        is_forward = not brief
        for statement in statements:
            if is_forward and not statement.is_forward:
                is_forward = False
                lines.append(f"{indent}{self.language.comment}backward: d_x is the derivative by x")
            lines += statement.lines(indent, self.language.line, self.language.several)
        return lines, [part.term.text for part in parts]

    def statements(
        self, outputs: Sequence[int], *, brief: bool = False, apart: Collection[str] = ()
    ) -> tuple[list[Statement], list[Part]]:
        """What is written one after the other to compute ``outputs``, and each output as a formula of that.

        Args:
            outputs: numbers of values.
            brief: give names only to what is used more than once, or is long.
            apart: functions whose results have a name in any case.
        """
        program, needed = self.program, self.used(outputs)
        uses = Counter(
            x for i, (_, xs) in enumerate(program.instructions) if i + program.n_leaves in needed for x in xs
        )
        first_backward = max(program.outputs[: program.n_values]) + 1
        parts = {i: self._named(i) for i in range(len(program.inputs))}
        parts |= {
            i: Part(self._constant(c), frozenset(), frozenset())
            for i, c in enumerate(program.constants, len(program.inputs))
        }
        found: dict[int, Statement] = {}
        for number, (row, operands) in enumerate(program.instructions, program.n_leaves):
            if number not in needed:
                continue
            is_forward = not brief and number < first_backward
            part = self._part(row, operands, parts, found, is_forward)
            has_name = (
                is_forward or number in program.derivative_of or number in program.names or number in program.outputs
            )
            if (
                (has_name and not brief)
                or uses[number] > 1
                or len(part.term.text) > LONGEST_PART
                or self._callees.get(row) in apart
            ):
                found[number] = Statement(number, self.names[number], part, is_forward)
                part = self._named(number)
            parts[number] = part
        return [*found.values()], [parts[x] for x in outputs]

    def _named(self, number: int) -> Part:
        """A value as what reads it has it."""
        return Part(Term(self.names[number] + self.after.get(number, ""), ATOM, BRACKETS), frozenset([number]), NONE)

    def _part(
        self,
        row: Primitive,
        operands: tuple[int, ...],
        parts: Mapping[int, Part],
        found: dict[int, Statement],
        is_forward: bool,
    ) -> Part:
        """One instruction; the outputs of a softmax are computed by a statement of their own, unless that is there."""
        given = [parts[x] for x in operands]
        terms = [x.term for x in given]
        reads, functions = [
            frozenset().union(*sets) for sets in ([x.reads for x in given], [x.functions for x in given])
        ]
        if notation := self.language.notation(row, len(operands)):
            return Part(Term(notation.write(terms), notation.level, BRACKETS), reads, functions)
        callee, texts = self._callees[row], list(map(format, terms))
        functions |= {callee}
        if not isinstance(row.family, MultiPrimitive):
            takes_constant = row.family and is_of_the_table(row) and row.name not in self.language.functions
            constants = [self.language.number(float(row.parameter or 0.0))] if takes_constant else []
            text = self.language.call(callee, [*texts, *constants], row.arity is None)
            return Part(Term(text, ATOM, BRACKETS), reads, functions)
        key = row.family, operands
        number, name = self._together.setdefault(key, (-1 - len(self._together), ""))
        if not name:
            name = self._names.new(row.family.name)
            self._together[key] = number, name
        if number not in found:
            whole = Part(Term(", ".join(texts), ATOM, BRACKETS), reads, functions)
            call = callee, row.family.count(operands), len(operands)
            found[number] = Statement(number, name, whole, is_forward, call)
        text = f"{name}{self.after.get(number, '')}[{row.parameter}]"
        return Part(Term(text, ATOM, BRACKETS), frozenset([number]), NONE)

    def _constant(self, x: float) -> Term:
        text, level = python_number(x, self.language.number)
        return Term(text, level, BRACKETS)


def wrapped(start: str, text: str, end: str) -> list[str]:
    """A line, broken after blanks and further indented where it is too long."""
    if len(start) + len(text) + len(end) <= WIDTH:
        return [start + text + end]
    indent = " " * (len(start) - len(start.lstrip()))
    if not start.endswith(("(", "[", "{")):
        start, end = start + "(", ")" + end
    inner = textwrap.wrap(text, WIDTH, initial_indent=indent + " " * 4, subsequent_indent=indent + " " * 4, **UNBROKEN)
    return [start, *inner, indent + end]


UNBROKEN: dict[str, Any] = {"break_long_words": False, "break_on_hyphens": False}


def condition(comparison: str) -> Notation:
    """A comparison as 1 or 0, as C and JavaScript write it."""
    return Notation(f"{{0:sum}} {comparison} {{1:sum}} ? 1.0 : 0.0", RELATION)


CHOICE = Notation("{0:sum} != 0.0 ? {1:sum} : {2:sum}", RELATION)
"""A choice, as C and JavaScript write it; a condition that is nan is not 0."""
