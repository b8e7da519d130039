"""Texts in messages, stories and pictures: cut where they are long, lists of them as people write them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from autograd_tiny.text.names import near


def brief(text: str, longest: int = 60, ending: str = "...") -> str:
    """A text, cut where it has more than ``longest`` characters, with an ``ending`` in place of the rest.

    >>> brief("abcdefgh", 6)
    'abc...'
    """
    return text if len(text) <= longest else text[: longest - len(ending)] + ending


def visible(text: str) -> str:
    """A text with a visible sign for each character that XML cannot hold or one line cannot show.

    Control characters, line ends and tabs too, become their pictures; lone surrogates and noncharacters become �.

    >>> visible("one\\ntwo\\x00")
    'one␊two␀'
    """
    return text.translate(_REPLACED)


_CONTROLS = {code: 0x2400 + code for code in range(0x20)} | {0x7F: 0x2421}
_REPLACED = _CONTROLS | dict.fromkeys([*range(0xD800, 0xE000), 0xFFFE, 0xFFFF], 0xFFFD)


def shortened(text: str, longest: int = 40) -> str:
    """The visible form of a text, as long as there is room for in a picture."""
    return brief(visible(text[: longest + 1]), longest, "…")


def quoted(x: object) -> str:
    """Any object as a message shows it, its ``repr``, cut where it is long."""
    return brief(repr(x))


def counted(n: int, noun: str) -> str:
    """How many of something, ``1 operand``, ``2 operands``."""
    return f"{n} {noun}" + "s" * (n != 1)


def few(words: Iterable[object], most: int, rest: str = "... {} more") -> list[str]:
    """The first ``most`` of several words, and how many more there are, as ``rest`` says it.

    >>> few("abc", 3), few("abcd", 2)
    (['a', 'b', 'c'], ['a', 'b', '... 2 more'])
    """
    every = [str(word) for word in words]
    return every if len(every) <= most else [*every[:most], rest.format(len(every) - most)]


def listed(words: Iterable[object], most: int) -> str:
    """Words as a part of a sentence: the first ``most`` of them, and how many more there are.

    >>> listed("abc", 3), listed("abcd", 2), listed(["a"], 2)
    ('a, b and c', 'a, b and 2 more', 'a')
    """
    shown = few(words, most, "{} more")
    return " and ".join(filter(None, (", ".join(shown[:-1]), *shown[-1:])))


def did_you_mean(name: str, known: Iterable[str], most: int | None = None) -> str:
    """A hint at the known names that are close to a wrong one, or nothing.

    >>> did_you_mean("sigmod", ["relu", "sigmoid"]), did_you_mean("w13", ["w1", "w3"]), did_you_mean("x", ["relu"])
    ('did you mean `sigmoid`?', 'did you mean `w3` or `w1`?', '')
    """
    close = [f"`{x}`" for x in near(name, known)[:most]]
    return f"did you mean {' or '.join(close)}?" if close else ""


def foreign_word(table: Mapping[str, str], what: str, word: str) -> str:
    """What an error says of a word that is not here: what is written in its place, if it is known.

    >>> foreign_word({"lr": "learning_rate"}, "SGD has no argument", "lr")
    "SGD has no argument 'lr'; here that is learning_rate"
    """
    return f"{what} {word!r}" + (f"; here that is {table[word]}" if word in table else "")
