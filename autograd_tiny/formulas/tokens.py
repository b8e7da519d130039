"""The words and signs that a formula consists of."""

from __future__ import annotations

import re
import unicodedata
from keyword import iskeyword
from typing import NamedTuple

from autograd_tiny.formulas.errors import FormulaError
from autograd_tiny.formulas.vocabulary import CLOSING, INSTEAD


class Token(NamedTuple):
    """One of them, and where it stands."""

    kind: str  # number, name, sign, end
    text: str
    at: int


LONGEST_NAME = 200
_TOKEN = re.compile(
    r"""(?P<blank> (?: [^\S\r\n] | \ufeff | \#[^\r\n]* )+ )
      | (?P<end>   \r\n | [\r\n;] )
      | (?P<number> (?: [0-9]+(?:_[0-9]+)* (?:\.[0-9]*)? | \.[0-9]+ ) (?: [eE][+-]?[0-9]+ )? )
      | (?P<name>  [^\W\d] (?: \w | [^\x00-\x7f\s] )* )
      | (?P<sign>  \*\* | [<>=!]= | [-+*/@<>=()\[\],] | \.T\b )
      | (?P<other> . )""",
    re.VERBOSE,
)


def tokens_of(source: str) -> list[Token]:
    """The words and signs of a text; line ends inside brackets do not count, and the last token is an end."""
    tokens: list[Token] = []
    last, brackets = 0, list[str]()
    for match in _TOKEN.finditer(source):
        kind, text, at = str(match.lastgroup), match[0], match.start()
        if kind == "blank" or (kind == "end" and text != ";" and brackets):
            continue
        if text == ":" and brackets[-1:] == ["["]:
            kind = "sign"  # of a slice
        if kind == "name":
            text = _checked_name(text, source, at)
        elif kind == "other" or (kind == "sign" and source.startswith("//", at)):
            raise FormulaError(_refusal(source[at : at + 2] if kind == "sign" else text), source, at)
        elif text in CLOSING:
            brackets.append(text)
        elif text in CLOSING.values():
            del brackets[-1:]
        tokens.append(Token(kind, text, at))
        last = match.end()
    tokens.append(Token("end", "", last))
    return tokens


def _checked_name(text: str, source: str, at: int) -> str:
    if len(text) > LONGEST_NAME:
        raise FormulaError(f"a name has at most {LONGEST_NAME} characters", source, at)
    for i, c in enumerate(text):
        accent = unicodedata.category(c).startswith("M")
        if not (c == "_" or c.isalnum() or accent) or not (text[0] + c).isidentifier():
            raise FormulaError(_refusal(c), source, at + i)
    name = normal(text)
    if iskeyword(name):
        why = "" if name in INSTEAD else "; it is a word of the Python language, and cannot be a name either"
        raise FormulaError(_refusal(name) + why, source, at)
    return name


def normal(name: str) -> str:
    """A name in the form that Python gives it: of the ways to write é in Unicode, one."""
    return unicodedata.normalize("NFKC", name) if len(name) <= LONGEST_NAME else name  # its time grows with the square


def _refusal(text: str) -> str:
    instead = f"; write `{INSTEAD[text]}" if text in INSTEAD else ""
    instead += "`" * (instead.count("`") % 2)
    what = f"`{text}`"
    if text in "'\"":
        what = "strings"
    elif text == ".":
        what = "attributes but .T: write `sin(x)`, not `math.sin(x)`"
    return f"formulas have no {what if text.isprintable() else f'U+{ord(text):04X}'}{instead}"
