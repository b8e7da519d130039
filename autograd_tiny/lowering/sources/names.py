"""Identifiers made of labels, for any language."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable

from autograd_tiny.symbols.latex import GREEK

LONGEST = 80


def identifier(label: str) -> str:
    """A label as an identifier of Python or JavaScript: whatever may not stand in one becomes an underscore.

    >>> identifier("layers[0].biases[2]"), identifier("2x"), identifier("")
    ('layers_0_biases_2', 'v_2x', 'v')
    """
    # Python reads names in this normal form: two labels that differ only before it would be one variable.
    text = re.sub(r"\W+", "_", unicodedata.normalize("NFKC", label)).strip("_")[:LONGEST]
    return text if text.isidentifier() else re.sub(r"\W+", "_", f"v_{text}", flags=re.ASCII).rstrip("_")


def ascii_identifier(label: str) -> str:
    """A label as an identifier of C: ASCII alone, Greek letters by their names.

    >>> ascii_identifier("θ[0]"), ascii_identifier("größe")
    ('theta_0', 'gr_e')
    """
    spelled = "".join(_SPELLED.get(c, c) for c in unicodedata.normalize("NFKC", label))
    return identifier(re.sub(r"\W+", "_", spelled, flags=re.ASCII))


_SPELLED = {letter: name for name, letter in GREEK.items()}


class Names:
    """Identifiers made of labels, all different.

    Args:
        taken: what no label becomes: keywords, functions.
        made: how a label becomes an identifier.
    """

    def __init__(self, taken: Iterable[str], made: Callable[[str], str] = identifier) -> None:
        self._taken, self._made = set(taken), made
        self._counts: Counter[str] = Counter()
        self._kept: set[str] = set()

    def keep(self, labels: Iterable[str]) -> None:
        """Leave the identifiers among ``labels`` to these labels; others, as ``w#2``, must not take their place.

        >>> names = Names([])
        >>> names.keep(["w", "w#2", "w_2"])
        >>> [names.new(label) for label in ("w", "w#2", "w_2")]
        ['w', 'w_2_2', 'w_2']
        """
        self._kept.update(label for label in labels if label == self._made(label))

    def new(self, label: str) -> str:
        """An identifier as much like ``label`` as the language allows, and like no other.

        >>> names = Names(["for"])
        >>> [names.new(label) for label in ("w", "w", "layers[0].biases[2]", "for", "2x", "; import os", "")]
        ['w', 'w_2', 'layers_0_biases_2', 'for_2', 'v_2x', 'import_os', 'v']
        """
        name = text = self._made(label)
        while name in self._taken or (name in self._kept and name != label):
            self._counts[text] += 1
            name = f"{text}_{self._counts[text] + 1}"
        self._taken.add(name)
        return name
