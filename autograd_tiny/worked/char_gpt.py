"""A small GPT that learns to write names letter by letter, one scalar at a time.

The model is a decoder-only transformer: one layer, width 16, 4 heads, a context of 16 letters; 4,192 parameters.  It is
written once.  On Values it records a graph for ``backward``; on floats it writes names; on Expressions it becomes one
program for names of every length.  In that program a letter is no number but 27 of them, a 1 among 0s (one-hot), and
the places after the end of a name have the weight 0.

Sources: Vaswani et al. (2017), Attention is all you need; Radford et al. (2018), Improving language understanding by
generative pre-training; Zhang and Sennrich (2019), Root mean square layer normalization.

The names are given names from many languages, in their usual spelling without accents, put together for this example.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from importlib.resources import files
from random import Random
from typing import TYPE_CHECKING, Any

from autograd_tiny.engine.table import dot, logsumexp, relu, softmax
from autograd_tiny.engine.value import Value
from autograd_tiny.nn import Module
from autograd_tiny.text.numbers import as_whole

if TYPE_CHECKING:
    from autograd_tiny.lowering import CompiledModel

ALPHABET = ".abcdefghijklmnopqrstuvwxyz"
"""The letters by number.  The point stands before and after every name."""
POINT = 0
SPREAD = 0.08
"""The standard deviation of the initial weights: so small that at first all letters are about equally likely."""

Vector = Sequence[Any]
Matrix = Sequence[Vector]


def names() -> list[str]:
    """Two thousand given names, in a mixed order that is always the same."""
    found = files("autograd_tiny.worked").joinpath("names.txt").read_text(encoding="utf-8").split()
    Random(0).shuffle(found)
    return found


class CharGPT(Module):
    """A transformer of one layer over letters, without biases.

    Args:
        width: how many numbers stand for a letter on its way through the layer.
        heads: how many attentions share them; a divisor of the width.
        context: how many letters the model reads at most, the point before the name included.
        rng: the source of the initial weights.

    >>> model = CharGPT(rng=Random(0))
    >>> len(model.parameters()), round(model.loss_of("ada").data, 1)
    (4192, 3.3)
    """

    def __init__(self, width: int = 16, heads: int = 4, context: int = 16, *, rng: Random | None = None) -> None:
        if min(width, heads, context) < 1 or width % heads:
            raise ValueError(
                f"heads share the width equally, and the context is positive; got {width=}, {heads=}, {context=}"
            )
        rng = rng or Random()

        def matrix(rows: int, columns: int) -> Matrix:
            return [[Value(rng.gauss(0.0, SPREAD)) for _ in range(columns)] for _ in range(rows)]

        self.heads = heads
        self.letters, self.positions = matrix(width, len(ALPHABET)), matrix(context, width)
        self.query, self.key, self.value, self.mixing = (matrix(width, width) for _ in range(4))
        self.widening, self.narrowing = matrix(4 * width, width), matrix(width, 4 * width)
        self.scores = matrix(len(ALPHABET), width)
        self.label_parameters()

    def __call__(self, letters: Iterable[Any]) -> Iterator[Vector]:
        """After each letter, the logits of the next one: 27 for every letter that is read, as it is read.

        Args:
            letters: numbers, or one-hot vectors; of more than the context, those beyond it are not read.
        """
        keys: list[Vector] = []
        values: list[Vector] = []
        for letter, position in zip(letters, self.positions):
            x = added([entry(row, letter) for row in self.letters], position)
            normal = normalised(x)
            keys.append(linear(self.key, normal))
            values.append(linear(self.value, normal))
            x = added(x, linear(self.mixing, attention(linear(self.query, normal), keys, values, self.heads)))
            hidden = [relu(z) for z in linear(self.widening, normalised(x))]
            x = added(x, linear(self.narrowing, hidden))
            yield linear(self.scores, normalised(x))

    def loss(self, letters: Sequence[Any], weights: Sequence[Any]) -> Any:
        """Σ weight × -log p of each letter after the first, given those before it.

        Args:
            letters: numbers, or one-hot vectors.
            weights: one for each letter after the first.
        """
        following = zip(self(letters[:-1]), letters[1:])
        return dot(weights, [logsumexp(logits) - entry(logits, letter) for logits, letter in following])

    def loss_of(self, name: str) -> Any:
        """The mean of -log p over the letters of a name and the point after it."""
        letters = self.read(name)
        n = len(letters) - 1
        return self.loss(letters, [1.0 / n] * n)

    def read(self, name: str) -> list[int]:
        """The numbers of a name's letters, with the point before and after it.

        Raises:
            ValueError: the name has other letters than a to z, or does not fit into the context.
        """
        if other := set(name) - set(ALPHABET[1:]):
            raise ValueError(f"a name is made of the letters a to z, but {name!r} has {min(other)!r}")
        if len(name) >= len(self.positions):
            most = f"at most {len(self.positions) - 1} letters, one less than the context"
            raise ValueError(f"a name has {most}, but {name!r} has {len(name)}")
        return [ALPHABET.index(letter) for letter in f".{name}."]

    def write(self, rng: Random, temperature: float = 1.0) -> str:
        """A name, drawn letter by letter by the probabilities that the model gives.

        Args:
            rng: the source of chance.
            temperature: what logits are divided by; below 1 for names more like the usual, above 1 for wilder ones.

        >>> CharGPT(rng=Random(0)).write(Random(1))
        'cwufnmrub'
        """
        if not temperature > 0.0:
            raise ValueError(
                f"a temperature is positive, got {temperature!r}; for names that are nearly sure take a small one, "
                "as 0.1"
            )
        letters = [POINT]
        for logits in self.frozen()(letters):  # which reads on while the list grows
            probabilities = softmax([z / temperature for z in logits])
            (letter,) = rng.choices(range(len(ALPHABET)), probabilities)
            if letter == POINT:
                break
            letters.append(letter)
        return "".join(ALPHABET[letter] for letter in letters[1:])


def attention(query: Vector, keys: Matrix, values: Matrix, heads: int) -> Vector:
    """Each head's mean of the values so far, weighted by how well its part of their keys fits its part of the query.

    >>> attention([9.0, 0.0], [[99.0, 0.0], [0.0, 99.0]], [[1.0, 2.0], [3.0, 4.0]], heads=1)
    [1.0, 2.0]
    """
    size = len(query) // heads
    mixed: list[Any] = []
    for start in range(0, len(query), size):
        part = slice(start, start + size)
        weights = softmax([dot(query[part], key[part]) * size**-0.5 for key in keys])
        mixed += [dot(weights, column) for column in zip(*[value[part] for value in values])]
    return mixed


def normalised(x: Vector) -> Vector:
    """The vector divided by the root of its mean square; RMSNorm without a gain."""
    scale = (dot(x, x) / len(x) + 1e-5) ** -0.5
    return [z * scale for z in x]


def linear(weights: Matrix, x: Vector) -> Vector:
    """A matrix times a vector."""
    return [dot(row, x) for row in weights]


def added(x: Vector, y: Vector) -> Vector:
    """The sum of two vectors."""
    return [a + b for a, b in zip(x, y)]


def entry(x: Vector, which: Any) -> Any:
    """An entry of a vector, by its number or by a one-hot vector: the product with that picks the same."""
    return x[which] if as_whole(which) is not None else dot(which, x)


class RowLoss(Module):
    """`CharGPT.loss` of a name as a function of one row of numbers, of the same length for all names.

    For each place of the context, and for the one after it, the row holds 27 numbers: the letter there as a 1 among 0s,
    or only 0s after the end.  Then comes a weight for each place: 1/n where the name has a letter to predict, 0 after
    the end.

    Attributes:
        model: whose loss it is.
        end: where the weights begin.
        length: how many numbers a row has.
    """

    def __init__(self, model: CharGPT) -> None:
        self.model = model
        self.end = (len(model.positions) + 1) * len(ALPHABET)
        self.length = self.end + len(model.positions)

    def row(self, name: str) -> list[float]:
        """A name as a row."""
        letters = self.model.read(name)
        n = len(letters) - 1
        row = [0.0] * self.length
        for place, letter in enumerate(letters):
            row[place * len(ALPHABET) + letter] = 1.0
        row[self.end : self.end + n] = [1.0 / n] * n
        return row

    def __call__(self, row: Vector) -> Any:
        letters = [row[i : i + len(ALPHABET)] for i in range(0, self.end, len(ALPHABET))]
        return self.model.loss(letters, row[self.end :])


def compile_gpt(model: CharGPT, *, backend: str | None = None) -> CompiledModel:
    """One program for loss and gradient of names of every length; a batch has the rows that `RowLoss` makes of them.

    In its usual size the model takes some ten seconds to compile, and a later process finds what was made
    (`docs/native-speed.md`).

    Args:
        model: whose parameters are trained.
        backend: as for `compile_model`.
    """
    from autograd_tiny.lowering import compile_model

    of_row = RowLoss(model)
    return compile_model(of_row, lambda loss, _: loss, n_inputs=of_row.length, n_targets=0, backend=backend)
