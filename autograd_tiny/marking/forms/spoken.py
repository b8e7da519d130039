"""Formulas as pages write them, read in the words of the page: its labels, and the names that it gives.

A formula is text with quantities in it: ``0.7391(1 - 0.7391)``, ``-η · ∂E/∂w``, ``mean(E)``.  A quotient of two names
is a derivative here as everywhere in claims; what is to be divided stands in brackets, or has the sign ÷, or is
recognised by that (`divided`).  What remains, once each quantity has a name of its own, is read by the one reader of
formulas.  In formulas of whole arrays · and × are the matrix product, as in books, ⊙ is the product entry by entry.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType
from typing import NamedTuple

from autograd_tiny.engine.graph import gradient, mapped
from autograd_tiny.formulas import FormulaError, parsed, read_formula
from autograd_tiny.formulas.vocabulary import CONSTANTS, FUNCTIONS
from autograd_tiny.marking.forms.arrays import Arrays, is_of_arrays, of_whole, whole
from autograd_tiny.marking.forms.printed import SUPERSCRIPTS
from autograd_tiny.marking.forms.quantities import Quantity, data, derivative, joined, read_quantity, shifted
from autograd_tiny.marking.training.times import timed
from autograd_tiny.symbols.expression import Expression
from autograd_tiny.symbols.tidy import tidied
from autograd_tiny.text.words import did_you_mean

SUBSCRIPTS = str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")
SIGNS = dict.fromkeys("·×⋅∙", "*") | dict.fromkeys("−–", "-") | {"÷": "/", "^": "**", "{": "(", "}": ")", "√": "sqrt"}
"""Signs that are printed in formulas, and what they are written as for the reader of formulas."""
LEFT_OUT, OF_ARRAYS_LEFT_OUT = "*", "*+"
"""What stands for a sign of multiplication that is left out, and in formulas of arrays.

There the shapes tell which product it is.
"""
SIGNS_OF_ARRAYS = SIGNS | dict.fromkeys("·×⋅∙", "@") | dict.fromkeys("⊙∘", "*")
"""The signs of formulas of arrays; of a number and an array ``@`` is an ordinary product."""
OVER_SAMPLES = ("mean", "sum", "total")
"""What of one operand means: over all samples."""
KEPT = ("m", "v", "mhat", "vhat", "s", "G", "ahead")
"""What optimizers keep beside a parameter: before any update, nothing else tells ``m(w)`` from a call."""

_RAISED = "⁰¹²³⁴⁵⁶⁷⁸⁹"
_NAME = re.compile(rf"(?![{_RAISED}ᵀ])[^\W\d](?:(?![{_RAISED}ᵀ])\w|[\u0300-\u036f])*(?:\[\d+\])*")
_TOKEN = re.compile(
    r"""(?P<space> \s+ )
      | (?P<number> (?: \d+ (?: \.\d* )? | \.\d+ ) (?: [eE][+-]?\d+ )? )
      | (?P<raised> [⁺⁻]?[⁰¹²³⁴⁵⁶⁷⁸⁹]+ )
      | (?P<turned> \.T\b | ᵀ | \^T\b )
      | (?P<sign> \*\* | [<>=!]= | . )""",
    re.VERBOSE | re.ASCII,
)
_SUFFIX = re.compile(r"(?P<sample>\(\d+\))?(?P<primes>'*)")
_BESIDE = re.compile(r"(?P<inside>\([^\W\d][^()]*(?:\(\d+\))?\))(?P<primes>'+)")
_SLASH = re.compile(r"\s*/\s*∂?")


class Words(NamedTuple):
    """What a page calls things.

    Attributes:
        labels: of the nodes.
        names: that the page gives to formulas, as text.
        samples: how many samples every pass has; below 0 where each has the next one.
        arrays: the arrays among the labels, of which formulas may speak as a whole.
        root: the label of the output: ``dZ`` is its derivative by an array Z.
    """

    labels: Collection[str]
    names: Mapping[str, str] = MappingProxyType({})
    samples: int = 0
    arrays: Arrays = MappingProxyType({})
    root: str = ""


def understood(quantity: Quantity, words: Words) -> Quantity:
    """A quantity as it is meant on a page with these words.

    Raises:
        ValueError: a formula that cannot be read, names that go round in a circle.

    >>> words = Words({"E", "w", "x1"}, {"step": "-0.1 dE/dw"})
    >>> [str(understood(read_quantity(text), words)) for text in ("dE/dw", "2(E - x₁)", "step", "Δw", "∂(E*w)/∂w")]
    ['∂E/∂w', '2*(E - x1)', '-0.1 * ∂E/∂w', 'Δw', '(w * ∂E/∂w + E * ∂w/∂w)']
    """
    return _Reading(words, ()).quantity(quantity)


def divided(quantity: Quantity, said: str) -> Quantity | None:
    """A formula with quotients of numbers where names with a slash between are read as derivatives.

    None where there are no such names, and where what is ``said`` has the signs of derivatives.

    >>> words = Words({"w", "u"})
    >>> str(divided(understood(read_quantity("w/u²"), words), "w/u²"))
    'w/u**2'
    """
    if "∂" in said or re.search(r"\bd\w+\s*/\s*d\w", said):
        return None
    pieces: list[str | Quantity] = []
    for piece in _pieces(quantity):
        if isinstance(piece, Quantity) and piece.kind in ("derivative", "path"):
            pieces += [x for i, name in enumerate(piece.nodes) for x in ("/" * bool(i), data(name)) if x]
        else:
            pieces.append(piece)
    return _assembled(pieces) if pieces != _pieces(quantity) else None


def placed(quantity: Quantity) -> str:
    """The text of a formula, with the name of a place for each of its parts: ``q0_``, ``q1_``."""
    return quantity.text.format(*(f"q{i}_" for i in range(len(quantity.parts))))


def expression(quantity: Quantity, variable: Callable[[Quantity], Expression]) -> Expression:
    """A formula, with a variable for each of its parts.

    Args:
        quantity: a formula that is understood.
        variable: gives the variable.
    """
    root, placeholders = _read(quantity.text, len(quantity.parts))
    given = {place: variable(part) for place, part in zip(placeholders, quantity.parts) if place is not None}

    def twin(node: Expression, operands: tuple[Expression, ...]) -> Expression:
        return given.get(node, node) if node.op is None else Expression.record(node.op, operands)

    return mapped([root], twin)[root]


@lru_cache(maxsize=1024)
def _read(text: str, parts: int) -> tuple[Expression, tuple[Expression | None, ...]]:
    """A formula, and the variable in it for each part."""
    read = read_formula(text.format(*(f"q{i}_" for i in range(parts)))).express()
    return read.output, tuple([read.nodes.get(f"q{i}_") for i in range(parts)])


class _Reading:
    """Reads formulas in the words of a page.

    Args:
        words: of the page.
        busy: names whose meaning is being looked up.
    """

    def __init__(self, words: Words, busy: tuple[str, ...]) -> None:
        self.words, self.busy = words, busy

    def quantity(self, quantity: Quantity) -> Quantity:
        """What is meant."""
        if quantity.kind == "text":
            text = self._with_brackets(quantity.text)
            if text != quantity.text:
                return self.quantity(read_quantity(text))
            return self._plain(text) or self.read(text)
        if quantity.kind in ("data", "derivative", "path"):
            has_rows = any(self.is_row(name) for name in quantity.nodes)
            return self.read(str(quantity)) if has_rows else self.of_nodes(quantity.nodes)
        return quantity

    def _with_brackets(self, text: str) -> str:
        """A text in which entries are called as the nodes are: ``W[0, 1]`` as ``W[0][1]``."""

        def called(match: re.Match[str]) -> str:
            name = f"{match[1]}[{match[2]}][{match[3]}]"
            return name if name in self.words.labels else match[0]

        return re.sub(r"([^\W\d]\w*)\[(\d+), ?(\d+)\]", called, text)

    def is_row(self, name: str) -> bool:
        """Whether a name is that of a part of an array, which is no number."""
        base, bracket, _ = timed(name).base.partition("[")
        return bool(bracket) and base in self.words.arrays and not self.is_label(name)

    def _plain(self, text: str) -> Quantity | None:
        """The text as labels with signs of their own, if the nodes have such."""
        factors = [[label.strip().removeprefix("∂") for label in factor.split("/")] for factor in text.split("·")]
        known = [timed(label) for factor in factors for label in factor]
        product = len(factors) > 1 and any(len(factor) == 1 for factor in factors)
        if not product and all(
            name.base in self.words.labels and (not name.beside or name.beside in KEPT) for name in known
        ):
            return joined(text, factors)
        return None

    def read(self, text: str) -> Quantity:
        """A formula."""
        quantity = _assembled(_Scanner(self, text).pieces())
        of_arrays = is_of_arrays(quantity)
        if of_arrays:
            quantity = _assembled(_Scanner(self, text, SIGNS_OF_ARRAYS).pieces())
        if quantity.kind == "formula":
            try:
                parsed(placed(quantity)) if of_arrays else _read(quantity.text, len(quantity.parts))
            except FormulaError as error:
                message = re.sub(r"q(\d+)_", lambda match: str(quantity.parts[int(match[1])]), error.message)
                raise ValueError(f"{text!r}: {message}") from None
        return quantity

    def of_nodes(self, nodes: Sequence[str]) -> Quantity:
        """The quantity of these nodes, by what they are called on the page."""
        kind = {1: "data", 2: "derivative"}.get(len(nodes), "path")
        nodes = self._without_d(tuple(map(self._label, nodes)))
        meant = [self._meant(name) for name in nodes]
        if len(nodes) == 1 and meant[0] is not None:
            return meant[0]
        labels = [name if q is None else q.nodes[0] if q.kind == "data" else "" for name, q in zip(nodes, meant)]
        if all(labels):
            return of_whole(self._with_root(labels), self.words.arrays) or Quantity(kind, tuple(labels))
        # A number, by which nothing is differentiated.
        if len(nodes) == 2 and meant[1] is not None and not meant[1].names:
            over = self.of_nodes(nodes[:1])
            return _assembled(["(", *_pieces(over), ") / (", *_pieces(meant[1]), ")"])
        if len(nodes) == 2 and labels[1] and meant[0] is not None:
            return self.slope(meant[0], labels[1])
        name = nodes[labels.index("")]
        raise ValueError(
            f"{name} stands for {meant[labels.index('')]} and is no node; a derivative is one of a node by a node"
        )

    def _label(self, name: str) -> str:
        """The label that is meant by a name: subscript digits are plain ones, perhaps after an underscore."""
        known = timed(name)
        plain = known.base.translate(SUBSCRIPTS)
        if plain == known.base or known.base in self.words.labels:
            return name
        low = re.sub(r"(?<=[^\W\d_])(?=\d+$)", "_", plain)
        return str(known._replace(base=low if low in self.words.labels and plain not in self.words.labels else plain))

    def _without_d(self, nodes: tuple[str, ...]) -> tuple[str, ...]:
        """``dE/dw`` by the labels E and w; where a node is called dE, as it is."""
        if len(nodes) < 2 or self._is_known(timed(nodes[0]).base):
            return nodes
        bare = tuple(label[1:] for label in nodes if label[0] == "d" and self._is_known(timed(label[1:]).base))
        return bare if len(bare) == len(nodes) else nodes

    def _with_root(self, nodes: Sequence[str]) -> Sequence[str]:
        """``dZ`` as the derivative of the output by an array."""
        known = timed(nodes[0])
        if (
            len(nodes) > 1
            or self._is_known(known.base)
            or known.base[:1] != "d"
            or known.base[1:] not in self.words.arrays
        ):
            return nodes
        return (
            [str(known._replace(base=base)) for base in (self.words.root, known.base[1:])] if self.words.root else nodes
        )

    def _is_known(self, base: str) -> bool:
        return base in self.words.labels or base in self.words.names or base in self.words.arrays

    def _meant(self, name: str) -> Quantity | None:
        """What the page gives this name to; None for the label of a node."""
        known = timed(name)
        text = None if known.base in self.words.labels or known.beside else self.words.names.get(known.base)
        if text is None:
            return None
        if known.base in self.busy:
            circle = " → ".join((*self.busy[self.busy.index(known.base) :], known.base))
            raise ValueError(
                f"names: {circle} goes round in a circle; say what {known.base} stands for in terms of nodes"
            )
        inner = _Reading(self.words, (*self.busy, known.base))
        return shifted(inner.quantity(read_quantity(text)), known.time, known.sample)

    def slope(self, of: Quantity, by: str) -> Quantity:
        """The derivative of a formula of nodes by a node."""
        inner = [part for part in of.parts if part.kind == "data"]
        if of.kind != "formula" or any(part.kind not in ("data", "number") for part in of.parts):
            raise ValueError(f"{of} is no formula of nodes, so that there is no derivative of it by {by} here")
        variables = {part: Expression(f"q{i}_") for i, part in enumerate(of.parts)}
        slopes = gradient(expression(of, variables.__getitem__), [variables[part] for part in inner])
        parts = [*of.parts, *(derivative(part.nodes[0], by) for part in inner)]
        steps = [Expression(f"q{i}_") for i in range(len(of.parts), len(parts))]
        terms = [slope * step for slope, step in zip(slopes, steps)]
        total = sum(terms[1:], start=terms[0]) if terms else Expression.constant(0.0)
        text = re.sub(r"q(\d+)_", lambda match: f"{{{match[1]}}}", str(tidied(total)))
        return _assembled(_pieces(Quantity("formula", (), text, tuple(parts))))

    def is_label(self, name: str) -> bool:
        """Whether a name stands for something on the page."""
        plain = timed(self._label(name)).base
        return self._is_known(plain) or (plain[:1] == "d" and self._is_known(plain[1:]))

    def longest_label(self, text: str) -> str:
        """The longest label that the text begins with, of those that are no names in a formula."""
        odd = [x for x in self.words.labels if not _NAME.fullmatch(x)]
        return max((x for x in odd if x and text.startswith(x)), key=len, default="")


class _Scanner:
    """Takes a formula apart, into text for the reader of formulas and quantities."""

    def __init__(self, reading: _Reading, text: str, signs: Mapping[str, str] = SIGNS) -> None:
        self.reading, self.text, self.signs = reading, text, signs
        self.at = 0
        self.found: list[str | Quantity] = []
        self.after_operand = False

    def pieces(self) -> list[str | Quantity]:
        """The text and the quantities, in order."""
        while self.at < len(self.text):
            if name := self._name():
                self._operand_of(name)
            elif self.text[self.at] in "∂Δ":
                self._derivative() if self.text[self.at] == "∂" else self._change(self.at + 1)
            else:
                self._sign()
        return self.found

    def _name(self) -> str:
        """The name that stands here, without what follows it."""
        match = _NAME.match(self.text, self.at)
        name = match[0] if match and match[0][0] not in "∂Δ" else ""
        if self.reading.is_row(name):
            name = name.partition("[")[0]  # its number is read as in any formula
        odd = self.reading.longest_label(self.text[self.at :])
        return odd if len(odd) > len(name) else name

    def _sign(self) -> None:
        match = _TOKEN.match(self.text, self.at)
        token = match[0] if match else self.text[self.at]
        kind = match.lastgroup if match else "sign"
        self.at += len(token)
        if kind == "space":
            self.found.append(" ")
        elif kind == "number":
            exact = token.isdigit()
            self.found.append(token if exact else Quantity("number", (), token))
            self.after_operand = True
        elif kind == "turned" and self.after_operand and self.reading.words.arrays:
            self.found.append(".T")
        elif kind == "turned" and token != "ᵀ":
            self.at -= 1
            self._put(self.signs.get(token[0], token[0]))
        elif kind == "raised":
            self.found.append(
                f"**{token.translate(SUPERSCRIPTS)}" if token[0] not in "⁺⁻" else f"**({token.translate(SUPERSCRIPTS)})"
            )
            self.after_operand = True
        else:
            self._put(self.signs.get(token, token))

    def _put(self, sign: str) -> None:
        if sign in ("(", "sqrt"):
            self._multiplied()
        self.found.append(sign)
        self.after_operand = sign in (")", "]")

    def _multiplied(self) -> None:
        """Put in the sign that is left out between factors: 2(a + b)."""
        if self.after_operand:
            spaced = bool(self.found) and self.found[-1] == " "
            sign = LEFT_OUT if self.signs is SIGNS else OF_ARRAYS_LEFT_OUT
            self.found[-1:] = [f" {sign} "] if spaced else [*self.found[-1:], sign]
        self.after_operand = False

    def _take(self, quantity: Quantity) -> None:
        self._multiplied()
        inner = _pieces(quantity)
        self.found += inner if len(inner) == 1 else ["(", *inner, ")"]
        self.after_operand = True

    def _operand_of(self, name: str) -> None:
        """What begins with a name: a call, a constant, a quantity."""
        end = self.at + len(name)
        called = self.text[end:].lstrip().startswith("(")
        known = self.reading.is_label(name)
        if name == "axis" and not known and self.text[end:].lstrip().startswith("="):
            self.found.append(name)  # of a sum over rows or columns
            self.at = end
        elif name == "delta" and called and not known:
            self._change(self.text.index("(", end) + 1, bracket=True)
        elif called and not known and not _BESIDE.match(self.text, end):
            self._call(name, end)
        elif not known and name in CONSTANTS:
            self._multiplied()
            self.found.append(name)
            self.at, self.after_operand = end, True
        else:
            self._quantity()

    def _call(self, name: str, end: int) -> None:
        if name not in FUNCTIONS:
            hint = did_you_mean(name, FUNCTIONS, 1)
            raise ValueError(
                f"{self.text!r}: nothing is called {name!r}, neither a node nor a function{hint and '; '}{hint}"
            )
        self._multiplied()
        opened = self.text.index("(", end)
        inside = self._inside(opened)
        if name in OVER_SAMPLES and self.reading.words.samples and not re.search(r"[\[,]", inside):
            if self.reading.words.samples < 0:
                remedy = f"the {name} over all takes batch = 'mean' or 'sum'"
                raise ValueError(f"{self.text!r}: every step has a sample of its own here; {remedy}")
            each = _Scanner(self.reading, inside).pieces()
            terms: list[str | Quantity] = []
            for sample in range(1, self.reading.words.samples + 1):
                terms += [", ", *(x if isinstance(x, str) else shifted(x, 0, sample) for x in each)]
            self.found += [f"{name}([", *terms[1:], "])"]
            self.at, self.after_operand = opened + len(inside) + 2, True
        else:
            self.found.append(name)
            self.at = end

    def _inside(self, opened: int) -> str:
        """What stands in the brackets that open here."""
        depth = 0
        for at in range(opened, len(self.text)):
            depth += (self.text[at] == "(") - (self.text[at] == ")")
            if not depth:
                return self.text[opened + 1 : at]
        raise ValueError(f"{self.text!r}: `(` is never closed")

    def _node(self) -> str:
        """A name with its time and sample; "" if none stands here."""
        name = self._name()
        end = self.at + len(name)
        if not name:
            return ""
        if (beside := _BESIDE.match(self.text, end)) and not self.reading.is_label(name):
            end = beside.end()
        elif suffix := _SUFFIX.match(self.text, end):
            end = suffix.end()
        node, self.at = self.text[self.at : end], end
        return node

    def _quantity(self) -> None:
        """A node, or a derivative: names with slashes between."""
        nodes = [self._node()]
        while (slash := _SLASH.match(self.text, self.at)) and self._is_node(slash.end()):
            self.at = slash.end()
            nodes.append(self._node())
        self._take(self.reading.of_nodes(nodes))

    def _is_node(self, at: int) -> bool:
        """Whether a node stands here, and no call, no constant."""
        here, self.at = self.at, at
        name, self.at = self._name(), here
        if not name or self.reading.is_label(name):
            return bool(name)
        called = self.text[at + len(name) :].lstrip().startswith("(") and not _BESIDE.match(self.text, at + len(name))
        return not called and name not in CONSTANTS

    def _derivative(self) -> None:
        """``∂E/∂w``, or the derivative of a formula, ``∂(E1 + E2)/∂w``."""
        self.at += 1
        if self.text[self.at : self.at + 1] != "(":
            if not self._name():
                raise ValueError(f"{self.text!r}: after ∂ comes a node, as in ∂E/∂w")
            self._quantity()
            return
        inside = self._inside(self.at)
        slash = _SLASH.match(self.text, self.at + len(inside) + 2)
        if not slash or not self._is_node(slash.end()):
            raise ValueError(f"{self.text!r}: say by what {inside} is differentiated: ∂({inside})/∂w")
        self.at = slash.end()
        by = self.reading.of_nodes([self._node()])
        of = self.reading.read(inside)
        if by.kind != "data":
            raise ValueError(f"{self.text!r}: {by} is no node")
        self._take(derivative(of.nodes[0], by.nodes[0]) if of.kind == "data" else self.reading.slope(of, by.nodes[0]))

    def _change(self, at: int, *, bracket: bool = False) -> None:
        """``Δw``, ``delta(w)``: what an update adds."""
        self.at = at
        node = self._node()
        if bracket:
            closing = re.match(r"\s*\)('*)", self.text[self.at :])
            node, self.at = (node + closing[1], self.at + closing.end()) if closing else ("", self.at)
        meant = self.reading.of_nodes([node]) if node else None
        parts = [] if meant is None else meant.parts if meant.kind == "whole" else [meant]
        if not parts or any(part.kind != "data" for part in parts):
            raise ValueError(f"{self.text!r}: a step is that of a parameter: Δw, or delta(w)")
        changes = [Quantity("change", (f"{part.nodes[0]}'",)) for part in parts]
        if meant is not None and meant.kind == "whole":
            self._take(whole([f"{x}'" for x in meant.nodes], changes, meant.shape))
        else:
            self._take(changes[0])


def _pieces(quantity: Quantity) -> list[str | Quantity]:
    """A quantity as pieces of a formula."""
    if quantity.kind != "formula":
        return [quantity]
    words = re.split(r"\{(\d+)\}", quantity.text)
    return [quantity.parts[int(x)] if i % 2 else x for i, x in enumerate(words) if i % 2 or x]


def _assembled(pieces: Sequence[str | Quantity]) -> Quantity:
    """The formula that pieces make; what is only one quantity in brackets is that."""
    parts = list(dict.fromkeys(x for x in pieces if isinstance(x, Quantity)))
    text = "".join(x if isinstance(x, str) else f"{{{parts.index(x)}}}" for x in pieces).strip()
    if parts and re.fullmatch(r"[( ]*\{0\}[) ]*", text) and parts[0].kind != "number":
        return parts[0]
    return Quantity("formula", (), text, tuple(parts))


def rate_names(rate: float | None) -> dict[str, str]:
    """What a learning rate is called in formulas."""
    return {} if rate is None else dict.fromkeys(("learning_rate", "rate", "lr", "eta", "η"), repr(float(rate)))


def check_names(names: Mapping[str, str], words: Words) -> None:
    """Refuse names that the page gives and that mean nothing.

    Raises:
        KeyError: the first argument is the name, the second says what is wrong with it.
    """
    for name, text in names.items():
        if name in words.labels:
            raise KeyError(name, f"{name} is a node already; give the formula another name")
        if name in FUNCTIONS or not _NAME.fullmatch(name.removeprefix("Δ")):
            raise KeyError(name, "a name is a word, as delta_o1, and no function")
        try:
            understood(read_quantity(text), words)
        except ValueError as error:
            raise KeyError(name, str(error)) from None
