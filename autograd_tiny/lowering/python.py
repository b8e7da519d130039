"""A program as Python source that can be read: the forward lines, then the lines of the derivatives."""

from __future__ import annotations

import builtins
import keyword
import math
import re
import textwrap
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from autograd_tiny.engine.row import ATOM, SUM, Family, MultiPrimitive, Notation, Primitive
from autograd_tiny.engine.table import TABLE, add, div, dot, equal, greater, less, mul, neg, sub, where
from autograd_tiny.lowering.program import Program
from autograd_tiny.symbols.expression import TEXT, Term, python_number

FUNCTION = "value_and_grad"
BRACKETS = TEXT.brackets
WIDTH = 100
LONGEST_PART = 60  # of a line without a name of its own
MOST_TERMS = 40  # of a dot that is written out

# How a row is written where its notation is Python, or can be; all others are called as functions.
OPERATORS = {row: row.text for row in (add, sub, neg, mul, div)} | {
    less: Notation("float({0:sum} < {1:sum})"),
    greater: Notation("float({0:sum} > {1:sum})"),
    equal: Notation("float({0:sum} == {1:sum})"),
    where: Notation("({1} if {0} else {2})"),
}


class Source:
    """Python source of a program, and what it takes from elsewhere.

    Attributes:
        text: a module with one function, ``value_and_grad``, of the program's inputs.  It holds no label as it was given: every
            name is made an identifier first.
        functions: what the names stand for that the function uses and does not define.
    """

    def __init__(self, program: Program) -> None:
        self.functions: dict[str, Any] = {}
        self._imports: dict[str, str] = {}
        self._names = Names({*keyword.kwlist, *keyword.softkwlist, *vars(builtins), FUNCTION})
        self._callees = {row: self._callee(row) for row, operands in program.instructions if not _notation(row, len(operands))}
        names = program.value_names()
        n_inputs = len(program.inputs)
        self._names.keep([*names[:n_inputs], *names[program.n_leaves :]])
        names[:n_inputs] = map(self._names.new, names[:n_inputs])
        names[program.n_leaves :] = map(self._names.new, names[program.n_leaves :])
        self.text = self._module(program, names)

    def function(self) -> Callable[..., Any]:
        """The function that the source defines."""
        namespace = dict(self.functions)
        exec(compile(self.text, "<compiled by autograd_tiny>", "exec"), namespace)
        made: Callable[..., Any] = namespace[FUNCTION]
        return made

    def _callee(self, row: Primitive) -> str:
        """The name under which the text calls a row: the function on floats, which pays no dispatch."""
        whole = row.family if isinstance(row.family, MultiPrimitive) else row
        for name, known in self.functions.items():
            if known is whole.forward:
                return name
        name = self._names.new(whole.name)
        self.functions[name] = whole.forward
        if getattr(math, name, None) is whole.forward:
            self._imports[name] = f"from math import {name}"
        elif TABLE.get(whole.name) is whole:
            self._imports[name] = f"{name} = TABLE[{whole.name!r}].forward"
        elif isinstance(row.family, Family) and TABLE.get(row.family.name) is row.family:
            self._imports[name] = f"{name} = TABLE[{row.family.name!r}][{row.parameter!r}].forward"
        else:
            self._imports[name] = f"# {name} is the forward function of a Primitive that is not in the table"
        return name

    def _module(self, program: Program, names: Sequence[str]) -> str:
        lines = self._lines(program, names)
        inputs = list(names[: len(program.inputs)])
        header = sorted(self._imports.values(), key=lambda line: (not line.startswith("from"), line))
        if any("TABLE" in line for line in header):
            header.insert(sum(line.startswith("from") for line in header), "from autograd_tiny import TABLE")
        return "\n".join([*header, *[""] * 2 * bool(header), *_wrapped(f"def {FUNCTION}(", ", ".join(inputs), "):"), *lines, ""])

    def _lines(self, program: Program, names: Sequence[str]) -> list[str]:
        uses = Counter(x for _, operands in program.instructions for x in operands)
        first_backward = max(program.outputs[: program.n_values]) + 1
        terms = [Term(name, ATOM, BRACKETS) for name in names[: len(program.inputs)]]
        terms += [Term(*python_number(c, repr), BRACKETS) for c in program.constants]
        together: dict[Any, str] = {}  # the variable that holds all outputs of one softmax
        lines = ["    # forward"]
        for number, (row, operands) in enumerate(program.instructions, program.n_leaves):
            if number == first_backward:
                lines.append("    # backward: d_x is the derivative by x")
            given = [terms[x] for x in operands]
            if isinstance(row.family, MultiPrimitive):
                key = row.family, operands
                if key not in together:
                    together[key] = self._names.new(row.family.name)
                    lines += _wrapped(f"    {together[key]} = {self._callees[row]}(", ", ".join(map(format, given)), ")")
                term = Term(f"{together[key]}[{row.parameter}]", ATOM, BRACKETS)
            else:
                notation = _notation(row, len(operands)) or Notation(f"{self._callees[row]}({{args}})")
                term = Term(notation.write(given), notation.level, BRACKETS)
            has_name = number < first_backward or number in program.derivative_of or number in program.names or uses[number] > 1
            if has_name or number in program.outputs or len(term.text) > LONGEST_PART:
                lines += _assigned(names[number], term.text)
                term = Term(names[number], ATOM, BRACKETS)
            terms.append(term)
        results, derivatives = _parts([terms[x].text for x in program.outputs], program.n_values)
        return lines + _wrapped("    return ", f"{results}{derivatives and ', '}{derivatives}", "")


class Names:
    """Identifiers made of labels, all different."""

    def __init__(self, taken: Iterable[str]) -> None:
        self._taken = set(taken)
        self._counts: Counter[str] = Counter()
        self._kept: set[str] = set()

    def keep(self, labels: Iterable[str]) -> None:
        """Leave the identifiers among ``labels`` to these labels themselves; others, as ``w#2``, must not take their place.

        >>> names = Names([])
        >>> names.keep(["w", "w#2", "w_2"])
        >>> [names.new(label) for label in ("w", "w#2", "w_2")]
        ['w', 'w_2_2', 'w_2']
        """
        self._kept.update(label for label in labels if label == _identifier(label))

    def new(self, label: str) -> str:
        """An identifier as much like ``label`` as Python allows, and like no other.

        >>> names = Names(["for"])
        >>> [names.new(label) for label in ("w", "w", "layers[0].biases[2]", "for", "2x", "; import os", "")]
        ['w', 'w_2', 'layers_0_biases_2', 'for_2', 'v_2x', 'import_os', 'v']
        """
        name = text = _identifier(label)
        while name in self._taken or (name in self._kept and name != label):
            self._counts[text] += 1
            name = f"{text}_{self._counts[text] + 1}"
        self._taken.add(name)
        return name


def _identifier(label: str) -> str:
    # Python reads names in this normal form: two labels that differ only before it would be one variable.
    text = re.sub(r"\W+", "_", unicodedata.normalize("NFKC", label)).strip("_")[:80]
    return text if text.isidentifier() else re.sub(r"\W+", "_", f"v_{text}", flags=re.ASCII).rstrip("_")


def _is_whole_power(row: Primitive) -> bool:
    return row.family is TABLE["power"] and row.parameter is not None and row.parameter.is_integer()


def _notation(row: Primitive, n_operands: int) -> Notation | None:
    """How a row is written by Python's operators, if it can be."""
    if row is dot and n_operands <= 2 * MOST_TERMS:
        return Notation(_written_dot, SUM)
    return row.text if _is_whole_power(row) else OPERATORS.get(row)


def _written_dot(operands: Sequence[Any]) -> str:
    """The sum in the order in which `dot` adds: the bias first."""
    n = len(operands) // 2
    products = [f"{w:product} * {x:power}" for w, x in zip(operands[:n], operands[n : 2 * n])]
    return " + ".join([*[f"{bias:sum}" for bias in operands[2 * n :]], *products])


def _assigned(name: str, text: str) -> list[str]:
    if len(name) + len(text) + 7 <= WIDTH:
        return [f"    {name} = {text}"]
    return _wrapped(f"    {name} = (", text, ")")


def _wrapped(start: str, text: str, end: str) -> list[str]:
    """A line, broken after blanks and further indented where it is too long."""
    if len(start) + len(text) + len(end) <= WIDTH:
        return [start + text + end]
    indent = " " * (len(start) - len(start.lstrip()))
    if not start.endswith("("):
        start, end = start + "(", ")" + end
    inner = textwrap.wrap(text, WIDTH, initial_indent=indent + " " * 4, subsequent_indent=indent + " " * 4, **UNBROKEN)
    return [start, *inner, indent + end]


UNBROKEN: dict[str, Any] = {"break_long_words": False, "break_on_hyphens": False}


def _parts(outputs: Sequence[str], n_values: int) -> tuple[str, str]:
    """The results and their derivatives as they are returned: ``y`` and ``(d_a, d_b)``, tuples of these for several results."""
    results, derivatives = outputs[:n_values], outputs[n_values:]
    n = len(derivatives) // n_values
    rows = [_tuple(derivatives[i * n : i * n + n]) for i in range(n_values)] if n else []
    if n_values == 1:
        return results[0], "".join(rows)
    return _tuple(results), _tuple(rows) if rows else ""


def _tuple(parts: Sequence[str]) -> str:
    return f"({', '.join(parts)}{',' * (len(parts) == 1)})"
