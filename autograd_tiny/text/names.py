"""Names that tell things apart: labels that occur twice, names for what has no label, names close to a wrong one."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from itertools import count, islice


def distinct(labels: Iterable[str]) -> list[str]:
    """Labels as names that are all different: each as it is where it comes first, and numbered where it comes again.

    A number that would make a name which is a label already is left out.  An empty label stays empty.

    >>> distinct(["x", "x", "x#2", "", ""])
    ['x', 'x#3', 'x#2', '', '']
    """
    labels = list(labels)
    taken = set(labels)
    last: dict[str, int] = {}
    found = []
    for label in labels:
        name = label
        number = last.get(label, 0) + 1
        if label and number > 1:
            while (name := f"{label}#{number}") in taken:
                number += 1
        last[label] = number
        found.append(name)
    return found


def invented(labels: Iterable[str]) -> Iterator[str]:
    """Names that look like none of ``labels``: ``t1``, ``t2``, ...; another letter if a label is t, or t with an index.

    >>> names = invented(["x", "t_max"])
    >>> next(names), next(names)
    ('u1', 'u2')
    """
    heads = {head[0] for label in labels if (head := _LETTERS.search(unicodedata.normalize("NFKC", label)))}
    letters = next(letter * n for n in count(1) for letter in "tuvsrqpzhgkmn" if letter * n not in heads)
    return (f"{letters}{i}" for i in count(1))


def near(name: str, known: Iterable[str]) -> list[str]:
    """The known names, at most three, that a wrong one may stand for: those with the same letters, then the likest.

    Long names, and more than a thousand, are not looked at: the time to compare names grows with the square of their
    length.

    >>> near("tahn", ["tan", "tanh", "relu"]), near("SIN", ["sin"]), near("x", ["relu"])
    (['tanh', 'tan'], ['sin'], [])
    """
    from difflib import get_close_matches  # only here, where something went wrong already: importing it takes time

    short = [x for x in islice(known, 1000) if len(x) <= LONGEST_COMPARED] if len(name) <= LONGEST_COMPARED else []
    close = get_close_matches(name, short) or get_close_matches(name.lower(), short)
    return sorted(close, key=lambda x: sorted(x.lower()) != sorted(name.lower()))


LONGEST_COMPARED = 60
_LETTERS = re.compile(r"[^\W\d_]+")
