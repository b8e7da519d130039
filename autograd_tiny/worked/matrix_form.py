"""Backpropagation in matrix form: inputs, 5 sigmoid neurons, 1 sigmoid neuron; 6 samples; the error ½ (Y - O)².

Two slide decks called "Backward Propagation: Matrix Form" (Analytics Vidhya) derive four gradients.  Here each sample is
a *column*, as there: h1 is 5 × 6.  In shapes, × for the matrix product and * for the product entry by entry:

    ∂E/∂W_ho = h1 × [∂E/∂O * ∂O/∂Z2]ᵀ                              5×6 × 6×1 = 5×1
    ∂E/∂b_ho = 1 × [∂E/∂O * ∂O/∂Z2]ᵀ                               1×6 × 6×1 = 1×1
    ∂E/∂W_ih = X × [∂h1/∂Z1 * (∂Z2/∂h1 × [∂E/∂O * ∂O/∂Z2])]ᵀ       3×6 × 6×5 = 3×5
    ∂E/∂b_ih = ∂h1/∂Z1 * (∂Z2/∂h1 × [∂E/∂O * ∂O/∂Z2]) × 1ᵀ         5×6 × 6×1 = 5×1

∂Z2/∂h1 is W_ho, 5 × 1.  The last slide of formulas prints ∂Z2/∂W_ho in its place, twice.  That is h1, 5 × 6, which has no matrix
product with the 1 × 6 that follows.  Multiplied entry by entry, as NumPy does without complaint, it even gives a matrix of
the right shape, with wrong numbers: 0.0391 for the derivative by the first weight, which is -0.0275.  On the same slide
∂Z1/∂b_ih stands on the left, as a row of ones; so ∂E/∂b_ih comes out as a row, 1 × 5, though b_ih is a column.

The decks do not say how many inputs there are, nor any number; three inputs and the numbers below are ours.  Their
formulas sum over the samples, so E is the sum of six errors, not the mean.
"""

from __future__ import annotations

from random import Random

from autograd_tiny.losses import half_squared_error
from autograd_tiny.nn import MLP
from autograd_tiny.worked.matrices import Record, forward, label, transposed

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
    model = MLP([3, 5, 1], ["sigmoid", "sigmoid"], rng=Random(0))
    rows = forward(model, SAMPLES)
    matrices = {
        "X": transposed(rows["X"]),
        "W_ih": rows["W1"],
        "b_ih": transposed(rows["b1"]),
        "Z1": transposed(rows["Z1"]),
        "h1": transposed(rows["A1"]),
        "W_ho": rows["W2"],
        "b_ho": rows["b2"],
        "Z2": transposed(rows["Z2"]),
        "O": transposed(rows["A2"]),
    }
    label(matrices)
    loss = half_squared_error(matrices["O"][0], TARGETS)
    loss.label = "E"
    return Record(model, matrices, loss)
