"""From the text of a formula to its steps, by operator precedence."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple

from autograd_tiny.engine import table as primitives
from autograd_tiny.formulas.errors import COMMA, LINE_END, FormulaError, shown
from autograd_tiny.formulas.tokens import Token, tokens_of
from autograd_tiny.formulas.vocabulary import (
    BRACKET,
    CLOSING,
    COMPARISON,
    FUNCTIONS,
    OPERATORS,
    OVER_AXIS,
    POWER,
    SIGN,
    SIGNS,
)
from autograd_tiny.text.words import did_you_mean


class Step(NamedTuple):
    """One step: ``number`` and ``load`` push one thing, the others replace things by what they make of them."""

    kind: str  # number, load, apply, list, item, transpose or assign
    at: int
    name: str = ""
    argument: Any = None
    operands: int = 0
    axis: int | None = None  # over which a sum or a mean goes


@dataclass
class _Waiting:
    """An operator, or a bracket that is still open, whose operands are being read."""

    level: int
    token: Token
    name: str
    function: Callable[..., Any] | None
    operands: int
    axis: int | None = None


class Reader:
    """The text's steps, by operator precedence: an operator waits until what stands to its right binds less tightly."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.tokens = tokens_of(source)
        self.place = 0
        self.steps: list[Step] = []
        self.used: dict[str, int] = {}  # names from outside, and where each is used first
        self.assigned: dict[str, int] = {}

    def read(self) -> None:
        """Read the whole text."""
        unnamed: Token | None = None
        while self.place < len(self.tokens):
            first = self.tokens[self.place]
            if first.kind == "end":
                self.place += 1
                continue
            if unnamed:
                raise self.error("only the last formula may go without a name: write `name = ...`", unnamed)
            targets = self.targets()
            self.expression(targets)
            if targets:
                self.assign(targets)
            else:
                unnamed = first
                self.steps.append(Step("assign", first.at, argument=[""]))
        if not self.steps:
            raise FormulaError("the formula is empty: write, for example, y = sigmoid(w*x + b)")

    def targets(self) -> list[Token]:
        """The names left of ``=``; none if the statement is no assignment."""
        names: list[Token] = []
        place = self.place
        while self.tokens[place].kind == "name":
            names.append(self.tokens[place])
            sign = self.tokens[place + 1].text
            place += 2
            if sign == "=":
                self.place = place
                return names
            if sign != ",":
                break
        return []

    def assign(self, targets: list[Token]) -> None:
        """Name what was just computed."""
        for token in targets:
            name = token.text
            if name in FUNCTIONS:
                raise self.error(f"`{name}` is a function and cannot be a name", token)
            if name in self.used:
                why = (
                    "is used before it is assigned: each name stands for one thing, so give the new value another name"
                )
                raise FormulaError(f"`{shown(name)}` {why}", self.source, self.used[name])
            if name in self.assigned:
                raise self.error(f"`{shown(name)}` is assigned twice: give the new value another name", token)
            self.assigned[name] = token.at
        self.steps.append(Step("assign", targets[0].at, argument=[token.text for token in targets]))

    def expression(self, targets: list[Token]) -> None:
        """Read up to the end of the statement."""
        waiting: list[_Waiting] = []
        self.operand(waiting)
        while self.operator(waiting, targets):
            self.operand(waiting)

    def operand(self, waiting: list[_Waiting]) -> None:
        """Read a number or a name, with the signs and opening brackets before it."""
        while True:
            token = self.take()
            if token.text == "-":
                waiting.append(_Waiting(SIGN, token, "neg", primitives.neg, 1))
            elif token.text in CLOSING:
                waiting.append(_Waiting(BRACKET, token, "", None, 1))
            elif token.kind == "number":
                self.steps.append(Step("number", token.at, argument=self.number(token)))
                return
            elif token.kind == "name" and self.tokens[self.place].text == "(":
                waiting.append(_Waiting(BRACKET, token, token.text, self.function(token), 1))
                self.place += 1
            elif (
                token.text == "axis"
                and self.tokens[self.place].text == "="
                and waiting
                and waiting[-1].name in OVER_AXIS
            ):
                self.axis(waiting[-1])
                return
            elif token.kind == "name":
                if token.text in FUNCTIONS:
                    raise self.error(f"`{token.text}` is a function: write {token.text}(...)", token)
                if token.text not in self.assigned:
                    self.used.setdefault(token.text, token.at)
                self.steps.append(Step("load", token.at, token.text))
                return
            elif token.text != "+":
                raise self.error(f"a number, a name or `(` belongs here, not {_found(token)}", token)

    def operator(self, waiting: list[_Waiting], targets: list[Token]) -> bool:
        """Read what follows an operand, up to where the next operand must stand; False at the end of the statement."""
        while True:
            token = self.take()
            if token.text in OPERATORS:
                level, function = OPERATORS[token.text]
                self.apply(waiting, level + (level in (COMPARISON, POWER)))  # of a ** b ** c the right one goes first
                if level == COMPARISON and waiting and waiting[-1].level == COMPARISON:
                    raise self.error("compare two at a time: (a < b) * (b < c)", token)
                waiting.append(_Waiting(level, token, token.text, function, 2))
                return True
            if token.text == "[":
                self.item()
                continue
            if token.text == ".T":
                self.steps.append(Step("transpose", token.at))
                continue
            if token.text not in ",)]" and token.kind != "end":
                raise self.misplaced(token, waiting, targets)
            self.apply(waiting, COMPARISON)
            if token.kind == "end":
                if waiting:
                    raise self.never_closed(waiting)
                return False
            if not waiting:
                around = self.tokens[self.place - 2].kind, self.tokens[self.place].kind
                hint = COMMA if token.text == "," and around == ("number", "number") else ""
                raise self.error(f"`{token.text}` without a `(` or `[` before it{hint}", token)
            if token.text == ",":
                waiting[-1].operands += 1
                return True
            self.close(waiting.pop(), token)

    def apply(self, waiting: list[_Waiting], level: int) -> None:
        """Have the operators that bind at least this tightly take their operands."""
        while waiting and waiting[-1].level >= level:
            w = waiting.pop()
            self.steps.append(
                Step("apply", w.token.at, f"`{w.name}`" if w.name in OPERATORS else w.name, w.function, w.operands)
            )

    def close(self, bracket: _Waiting, token: Token) -> None:
        """Make a call, a list, or nothing of what stands in a pair of brackets."""
        opening = "(" if bracket.function else bracket.token.text
        if token.text != CLOSING[opening]:
            raise self.error(f"`{opening}` is closed by `{CLOSING[opening]}`, not by `{token.text}`", token)
        if bracket.function:
            self.steps.append(
                Step("apply", bracket.token.at, bracket.name, bracket.function, bracket.operands, bracket.axis)
            )
        elif opening == "[" or bracket.operands > 1:
            self.steps.append(Step("list", bracket.token.at, operands=bracket.operands))

    def item(self) -> None:
        """Read ``0]`` of ``p[0]``, ``0, 1]`` of ``W[0, 1]``, ``:, 1]`` of ``W[:, 1]``."""
        first = self.tokens[self.place]
        keys = [self.index()]
        while (token := self.take()).text == ",":
            keys.append(self.index())
        if token.text != "]":
            raise self.not_an_index(token)
        self.steps.append(Step("item", first.at, argument=tuple(keys)))

    def index(self) -> int | slice:
        """Read a whole number, or two of them, either of which may be left out, around a colon."""
        ends = [self.whole_number()]
        if self.tokens[self.place].text == ":":
            self.place += 1
            ends.append(self.whole_number())
            return slice(*ends)
        if ends[0] is None:
            raise self.not_an_index(self.tokens[self.place])
        return ends[0]

    def whole_number(self) -> int | None:
        token = self.tokens[self.place]
        if not token.text.isdecimal() or len(token.text) > 9:
            return None
        self.place += 1
        return int(token.text)

    def not_an_index(self, token: Token) -> FormulaError:
        return self.error(
            "an item is taken by whole numbers: p[0] is the first, W[0][1] or W[0, 1] in a matrix, W[:, 1] a column",
            token,
        )

    def axis(self, call: _Waiting) -> None:
        """Read ``axis=0`` behind what is summed."""
        self.place += 1
        token = self.take()
        if call.operands != 2 or token.text not in ("0", "1") or self.tokens[self.place].text != ")":
            raise self.error(
                f"`{call.name}` takes `axis=0`, over the rows, or `axis=1`, over the columns, behind an array", token
            )
        call.operands, call.axis = 1, int(token.text)

    def number(self, token: Token) -> float:
        number = float(token.text)
        if math.isinf(number):
            raise self.error("the number is larger than any float", token)
        whole = "." not in token.text and "e" not in token.text.lower()
        if whole and len(token.text) < 1000 and int(token.text) != number:
            raise self.error(f"no float equals this number; the nearest is {number!r}", token)
        return number

    def function(self, token: Token) -> Callable[..., Any]:
        if token.text in FUNCTIONS:
            return FUNCTIONS[token.text]
        name, meant = shown(token.text), SIGNS.get(token.text, token.text)
        hint = did_you_mean(meant, FUNCTIONS, 1)
        if self.defines():
            raise self.error(f"only a name can stand left of `=`: {name} = ...", token)
        if token.text in self.used or token.text in self.assigned or not hint:
            raise self.error(f"unknown function `{name}`; to multiply, write `{name}*(...)`", token)
        raise self.error(f"unknown function `{name}`: {hint}", token)

    def defines(self) -> bool:
        """Whether a call that was just begun is the left side of an assignment, as in ``f(x) = 2*x``."""
        depth = 0
        for before, token in pairwise(self.tokens[self.place :]):
            depth += (before.text in CLOSING) - (before.text in CLOSING.values())
            if depth <= 0:
                return token.text == "="
        return False

    def take(self) -> Token:
        token = self.tokens[self.place]
        self.place += token.text != ""  # the last token stays
        return token

    def error(self, message: str, token: Token) -> FormulaError:
        return FormulaError(message, self.source, token.at)

    def never_closed(self, waiting: list[_Waiting]) -> FormulaError:
        bracket = next(w for w in reversed(waiting) if w.level == BRACKET)
        return self.error(f"`{'(' if bracket.function else bracket.token.text}` is never closed", bracket.token)

    def misplaced(self, token: Token, waiting: list[_Waiting], targets: list[Token]) -> FormulaError:
        """What is wrong with a token that stands where an operator belongs."""
        before = self.tokens[self.place - 2]
        bracket = next((w for w in reversed(waiting) if w.level == BRACKET), None)
        touches = before.at + len(before.text) == token.at
        if token.text == "=" and bracket and bracket.function:
            if bracket.name == "where":
                return self.error("to compare, write `==` (or `<`, `>`): where(a == b, x, y)", token)
            return self.error("operands have no names: write leaky_relu(x, 0.2); to compare, write `==`", token)
        if bracket and LINE_END.search(self.source, bracket.token.at if token.text == "=" else before.at, token.at):
            return self.never_closed(waiting)
        if token.text == "=" and bracket:
            return self.error("to compare, write `==` (or `<`, `>`)", token)
        if token.text == "=" and targets:
            return self.error("a second `=`; to compare, write `==`", token)
        if token.text == "=":
            return self.error("only a name can stand left of `=`: y = 2*x", token)
        if before.kind == "number" and touches and token.kind != "number":
            second = "(...)" if token.text == "(" else shown(token.text)
            return self.error(f"an operator is missing: to multiply, write `{shown(before.text)}*{second}`", token)
        return self.error(f"an operator is missing before {_found(token)}; to multiply, write `*`", token)


def _found(token: Token) -> str:
    if token.kind != "end" or token.text == ";":
        return f"`{shown(token.text)}`"
    return "the end of the line" if token.text else "the end of the formula"
