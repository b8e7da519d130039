"""Texts in messages and stories: cut where they are long, lists of them as people write them."""

from __future__ import annotations

from collections.abc import Iterable

from autograd_tiny.text.names import near


def brief(text: str, longest: int = 60) -> str:
    """A text, cut where it has more than ``longest`` characters.

    >>> brief("abcdefgh", 6)
    'abc...'
    """
    return text if len(text) <= longest else text[: longest - 3] + "..."


def quoted(x: object) -> str:
    """Any object as a message shows it, its ``repr``, cut where it is long."""
    return brief(repr(x))


def counted(n: int, noun: str) -> str:
    """How many of something, ``1 operand``, ``2 operands``."""
    return f"{n} {noun}" + "s" * (n != 1)


def listed(words: Iterable[object], most: int) -> str:
    """Words as a part of a sentence: the first ``most`` of them, and how many more there are.

    >>> listed("abc", 3), listed("abcd", 2), listed(["a"], 2)
    ('a, b and c', 'a, b and 2 more', 'a')
    """
    every = [str(word) for word in words]
    shown = every if len(every) <= most else [*every[:most], f"{len(every) - most} more"]
    return " and ".join(filter(None, (", ".join(shown[:-1]), *shown[-1:])))


def did_you_mean(name: str, known: Iterable[str], most: int | None = None) -> str:
    """A hint at the known names that are close to a wrong one, or nothing.

    >>> did_you_mean("sigmod", ["relu", "sigmoid"]), did_you_mean("w13", ["w1", "w3"]), did_you_mean("x", ["relu"])
    ('did you mean `sigmoid`?', 'did you mean `w3` or `w1`?', '')
    """
    close = [f"`{x}`" for x in near(name, known)[:most]]
    return f"did you mean {' or '.join(close)}?" if close else ""
