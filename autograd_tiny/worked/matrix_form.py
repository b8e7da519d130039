"""Backpropagation in matrix form: inputs, 5 sigmoid neurons, 1 sigmoid neuron; 6 samples; the error ½ (Y - O)².

Two slide decks called "Backward Propagation: Matrix Form" (Analytics Vidhya) derive four gradients.  Here each sample
is a *column*, as there: h1 is 5 × 6.  In shapes, × for the matrix product and * for the product entry by entry:

    ∂E/∂W_ho = h1 × [∂E/∂O * ∂O/∂Z2]ᵀ                              5×6 × 6×1 = 5×1
    ∂E/∂b_ho = 1 × [∂E/∂O * ∂O/∂Z2]ᵀ                               1×6 × 6×1 = 1×1
    ∂E/∂W_ih = X × [∂h1/∂Z1 * (∂Z2/∂h1 × [∂E/∂O * ∂O/∂Z2])]ᵀ       3×6 × 6×5 = 3×5
    ∂E/∂b_ih = ∂h1/∂Z1 * (∂Z2/∂h1 × [∂E/∂O * ∂O/∂Z2]) × 1ᵀ         5×6 × 6×1 = 5×1

∂Z2/∂h1 is W_ho, 5 × 1.  The last slide of formulas prints ∂Z2/∂W_ho in its place, twice.  That is h1, 5 × 6, which has
no matrix product with the 1 × 6 that follows.  Multiplied entry by entry, as NumPy does without complaint, it even
gives a matrix of the right shape, with wrong numbers: 0.0391 for the derivative by the first weight, which is -0.0275.
On the same slide ∂Z1/∂b_ih stands on the left, as a row of ones; so ∂E/∂b_ih comes out as a row, 1 × 5, though b_ih is
a column.

The decks do not say how many inputs there are, nor any number; three inputs and the numbers below are ours.  Their
formulas sum over the samples, so E is the sum of six errors, not the mean.

The engine writes the four formulas itself, with their shapes:

>>> from autograd_tiny import explain
>>> recorded = record()
>>> print(explain(recorded.loss, wrt=recorded.arrays["W_ih"]))
∂E/∂W_ih = X · (∂E/∂Z1)ᵀ   (3×5) = (3×6)(6×5)
∂E/∂Z1 = ∂E/∂h1 ⊙ h1 ⊙ (1 - h1)   (5×6)
∂E/∂h1 = W_ho · ∂E/∂Z2   (5×6) = (5×1)(1×6)
∂E/∂Z2 = ∂E/∂O ⊙ O ⊙ (1 - O)   (1×6)
∂E/∂O = O - Y   (1×6)
...
>>> for name in ("W_ho", "b_ho", "b_ih"):
...     print(explain(recorded.loss, wrt=recorded.arrays[name]).text.splitlines()[0])
∂E/∂W_ho = h1 · (∂E/∂Z2)ᵀ   (5×1) = (5×6)(6×1)
∂E/∂b_ho = Σ columns ∂E/∂Z2   (1×1) from (1×6)
∂E/∂b_ih = Σ columns ∂E/∂Z1   (5×1) from (5×6)

The product of the last slide, of 1 × 6 and 5 × 6, it refuses:

>>> recorded.arrays["Z2"] @ recorded.arrays["h1"]
Traceback (most recent call last):
autograd_tiny.arrays.shapes.ShapeError: the product Z2 @ h1: Z2 is 1×6 and h1 is 5×6; \
the columns of the left, 6, must be as many as ...

All formulas of the slides stand in ``matrix_form.toml``, in their notation, and `page` reads them.  The marker finds
the slip:

>>> report = page().mark()
>>> report.counts
{'right': 6, 'mistake': 2}
>>> print(report.first_slip.sentence)
∂E/∂W_ih should be X · (∂E/∂Z1)ᵀ, (3×5) = (3×6)(6×5), not X × [∂h1/∂Z1 ⊙ (dZ2_dWho × δ)]ᵀ: \
the product h1 @ (∂E/∂O ⊙ ∂O/∂Z2): \
h1 is 5×6 and (∂E/∂O ⊙ ∂O/∂Z2) is 1×6; the columns of the left, 6, must be as many as the rows of the right, 1; \
h1 @ (∂E/∂O ⊙ ∂O/∂Z2).T would fit, 5×6 by 6×1 and (∂E/∂O ⊙ ∂O/∂Z2) @ h1.T would fit, 1×6 by 6×5; \
h1 stands where W_ho belongs.
"""

from __future__ import annotations

from pathlib import Path
from random import Random

from autograd_tiny.arrays import array
from autograd_tiny.engine.table import sigmoid
from autograd_tiny.losses import half_squared_error
from autograd_tiny.marking.page import Page
from autograd_tiny.marking.pages import read_page
from autograd_tiny.nn import MLP
from autograd_tiny.worked.batches import Record, named

SAMPLES = [[0.2, 0.9, 0.4], [0.7, 0.1, 0.8], [0.5, 0.6, 0.1], [0.9, 0.3, 0.3], [0.1, 0.4, 0.7], [0.6, 0.8, 0.9]]
TARGETS = [1.0, 0.0, 1.0, 0.0, 1.0, 0.0]


def record() -> Record:
    """Run all samples forward, up to E.

    The matrices are called as on the slides: X (3 × 6), W_ih (3 × 5), b_ih (5 × 1), Z1 and h1 (5 × 6), W_ho (5 × 1),
    b_ho (1 × 1), Z2 and O (1 × 6).

    >>> gradients = record().gradients()
    >>> [[round(d, 4) for d in row] for row in gradients["W_ho"]]
    [[0.2195], [0.1894], [0.1113], [0.145], [0.1649]]
    >>> round(gradients["W_ih"][0][0], 4)
    -0.0275
    """
    hidden, output = MLP([3, 5, 1], ["sigmoid", "sigmoid"], rng=Random(0)).layers
    a = {"X": array(list(zip(*SAMPLES)), "X")}
    for name, layer in (("ih", hidden), ("ho", output)):
        a[f"W_{name}"], a[f"b_{name}"] = (
            array(layer.weights, f"W_{name}"),
            array([[b] for b in layer.biases], f"b_{name}"),
        )
    a["Z1"] = named("Z1", a["W_ih"].T @ a["X"] + a["b_ih"])
    a["h1"] = named("h1", sigmoid(a["Z1"]))
    a["Z2"] = named("Z2", a["W_ho"].T @ a["h1"] + a["b_ho"])
    a["O"] = named("O", sigmoid(a["Z2"]))
    return Record(a, named("E", half_squared_error(a["O"], [TARGETS], batch="sum")))


def page() -> Page:
    """The formulas of the slides, and what they should be."""
    return read_page(Path(__file__).with_suffix(".toml"))
