# %% [markdown]
# # Backpropagation with matrices
#
# After this notebook you can write the gradients of a two-layer network as four matrix products, check them by their shapes,
# and tell a formula that only *looks* right from one that is.
#
# The engine takes one number at a time; books write matrices.  Both say the same, and the one checks the other.  The network is
# that of two slide decks, "Backward Propagation: Matrix Form": inputs, 5 sigmoid neurons, 1 sigmoid neuron, and the error
# E = ½ Σ (Y - O)² over 6 samples.  Three inputs and all numbers are ours.  Each sample is a column.

# %%
import numpy as np

from autograd_tiny import draw, explain, nn
from autograd_tiny.losses import half_squared_error
from autograd_tiny.worked import matrix_form

np.set_printoptions(precision=4, suppress=True)

recorded = matrix_form.record()
data = {name: np.array(matrix) for name, matrix in recorded.data().items()}
gradients = {name: np.array(matrix) for name, matrix in recorded.gradients().items()}

for name, matrix in data.items():
    print(f"{name:5}", " × ".join(map(str, matrix.shape)))

# %% [markdown]
# `gradients["W_ho"]` holds the derivative of E by every entry of `W_ho`, so it has the shape of `W_ho`.  That is the first check
# of any formula.  Under the matrices are single numbers; here is one hidden neuron on the first sample:

# %%
draw(recorded.arrays["h1"][0][0])

# %% [markdown]
# ## One weight, six samples
#
# A weight is the same for all samples, so it acts on E in six ways, and its derivative is a sum of six products.  Here is one
# weight in a network small enough to be seen whole.  `w` meets three samples; the three arrows that leave it carry h, the
# number that it is multiplied by.

# %%
neuron = nn.Neuron([nn.Value(0.5, "w")], nn.Value(-0.2, "b"), "sigmoid")
small = half_squared_error([neuron([h]) for h in (0.3, 0.6, 0.9)], [1.0, 0.0, 1.0])
small.label = "E"
small.backward()
draw(small)

# %% [markdown]
# ## From the sum to the product
#
# For each sample, the chain rule gives ∂E/∂Z2 = ∂E/∂O · ∂O/∂Z2 = (O - Y) · O (1 - O): two rows of six numbers, multiplied
# entry by entry.

# %%
d_e_d_o = data["O"] - np.array([matrix_form.TARGETS])
d_o_d_z2 = data["O"] * (1 - data["O"])
delta = d_e_d_o * d_o_d_z2

print(delta, delta.shape)
print(gradients["Z2"], "by the engine")

# %% [markdown]
# The last factor is ∂Z2/∂W_ho = h1, with five rows.  Written down in the order of the chain rule, the matrices do not fit:

# %%
try:
    delta @ data["h1"]
except ValueError as error:
    print("1×6 times 5×6:", error)

per_sample = delta * data["h1"]
print("entry by entry:", per_sample.shape)

# %% [markdown]
# Entry by entry NumPy repeats the row five times and gives 5 × 6: for each weight, six numbers, one per sample.  They still have
# to be added.  A matrix product does both, multiply and add over the samples, if the samples are the columns of what stands
# left and the rows of what stands right.  This is why one of the two is transposed:
#
# $$\frac{\partial E}{\partial W_{ho}} = h_1 \left[\frac{\partial E}{\partial O} * \frac{\partial O}{\partial Z_2}\right]^T
# \qquad (5 \times 6)(6 \times 1) = 5 \times 1$$

# %%
d_w_ho = data["h1"] @ delta.T

print(np.hstack([d_w_ho, per_sample.sum(axis=1, keepdims=True), gradients["W_ho"]]))
print("     product    sum of six    engine")

# %% [markdown]
# ## The other three
#
# On its way to the hidden layer the error passes Z2 = W_hoᵀ h1 + b_ho, so ∂Z2/∂h1 is W_ho.

# %%
ones = np.ones((1, 6))
d_z1 = data["h1"] * (1 - data["h1"]) * (data["W_ho"] @ delta)

formulas = {
    "b_ho": ones @ delta.T,  # 1×6 · 6×1
    "W_ih": data["X"] @ d_z1.T,  # 3×6 · 6×5
    "b_ih": d_z1 @ ones.T,  # 5×6 · 6×1
}
for name, matrix in formulas.items():
    same = np.allclose(matrix, gradients[name], rtol=1e-9)
    print(f"∂E/∂{name}", matrix.shape, "equals the engine's:", same)

# %% [markdown]
# ## The engine writes them, too
#
# `record()` computes with whole arrays, and the engine keeps what was done to them.  So it can write all of this itself, from one
# named matrix to the next, with the shapes and with one entry in scalars; each formula has been compared with the scalars before it
# is shown.

# %%
explain(recorded.loss, wrt=recorded.arrays["W_ih"])

# %% [markdown]
# ## The slip on the last slide
#
# The last slide of formulas has, for both ∂E/∂W_ih and ∂E/∂b_ih, the factor **∂Z2/∂W_ho where ∂Z2/∂h1 belongs**.  That is h1
# instead of W_ho.  As a matrix product it cannot be computed: (5 × 6)(1 × 6).  But written with `*`, as it easily is, it
# can, and the result has the right shape:

# %%
slipped = data["X"] @ (data["h1"] * (1 - data["h1"]) * (data["h1"] * delta)).T

try:
    recorded.arrays["Z2"] @ recorded.arrays["h1"]
except ValueError as error:
    print(error)

print("shape", slipped.shape)
print("by the slide ", slipped[0])
print("by the engine", gradients["W_ih"][0])

# %% [markdown]
# Every number is wrong, one even in its sign, and no error says so.  A shape that fits proves nothing.  (On the same slide,
# ∂E/∂b_ih comes out as a row, 1 × 5, though the bias is a column.)

# %% [markdown]
# ## Exercise
#
# Two layers and two samples, small enough for paper.  Samples are columns, as above.  Write ∂E/∂W_ho and ∂E/∂W_ih as products of matrices,
# then enter their entries.  Or let NumPy multiply: `exercise.check({"E/W_ho[0][0]": ...})` marks what it finds.

# %%
from autograd_tiny import Exercise

two_layers = """
Z1 = W_ih.T @ X
h1 = sigmoid(Z1)
Z2 = W_ho.T @ h1
E = sum((Z2 - Y)**2) / 2
"""
small = {"X": [[1, -2], [0.5, 1]], "W_ih": [[0.4, -0.6], [1, 0.2]], "W_ho": [[2], [-1.5]], "Y": [[1, 0]]}
exercise = Exercise(two_layers, ["h1", "E/Z2", "E/W_ho", "E/Z1", "E/W_ih"], given=small)
exercise

# %% tags=["solution"]
X, W_ih, W_ho, Y = (np.array(matrix) for matrix in small.values())
h1 = 1 / (1 + np.exp(-W_ih.T @ X))
delta = W_ho.T @ h1 - Y
d_z1 = h1 * (1 - h1) * (W_ho @ delta)
found = {"h1": h1, "E/Z2": delta, "E/W_ho": h1 @ delta.T, "E/Z1": d_z1, "E/W_ih": X @ d_z1.T}
entries = {f"{name}[{i}][{j}]": x for name, matrix in found.items() for (i, j), x in np.ndenumerate(matrix)}
print(exercise.check(entries))
