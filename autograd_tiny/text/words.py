"""Texts in messages and stories: cut where they are long, lists of them as people write them."""

from __future__ import annotations

from collections.abc import Sequence


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


def few(words: Sequence[str], most: int) -> str:
    """The first ``most`` words, and how many more there are.

    >>> few(["a", "b", "c"], 3), few(["a", "b", "c"], 2)
    ('a, b, c', 'a, b and 1 more')
    """
    return ", ".join(words[:most]) + (f" and {len(words) - most} more" if len(words) > most else "")


def listed(words: Sequence[str], most: int) -> str:
    """Words as a part of a sentence; of more than ``most``, one place goes to how many are left.

    >>> listed(["a", "b", "c"], 3), listed(["a", "b", "c", "d"], 3)
    ('a, b and c', 'a, b and 2 more')
    """
    shown = [*words] if len(words) <= most else [*words[: most - 1], f"{len(words) - most + 1} more"]
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"
