# %% [markdown]
# # N layers, and a spiral
#
# After this notebook you can carry shapes and gradients through a network of any depth, say why the loss is divided by the number
# of samples, and see what a hidden layer buys: 300 points on three arms of a spiral, told apart.
#
# The rules of the last notebook, repeated, give any depth.  The formulas are those of a lecture, "Backprop for N-layer NN", whose
# two-layer network takes 300 × 2 inputs to 4 neurons and 3 classes.  Samples are rows.  The lecture does not name the hidden
# activation; here it is ReLU.

# %%
import numpy as np

from autograd_tiny import draw, explain
from autograd_tiny.worked import n_layer, plots

samples = n_layer.spiral()
points = [sample.point for sample in samples]
targets = [sample.target for sample in samples]
m = len(samples)
actual = np.eye(3)[targets]


def matrices(recorded):
    data, gradients = recorded.data(), recorded.gradients()
    return tuple({name: np.array(found[name]) for name in data} for found in (data, gradients))


def compare(name, formula, gradient):
    shape = " × ".join(map(str, formula.shape))
    same = np.allclose(formula, gradient, rtol=1e-9, atol=1e-14)
    print(f"{name:4} {shape:8} equals the engine's: {same}")


# %% [markdown]
# ## One layer
#
# A softmax classifier: Z = X W + b, A = softmax(Z), J = the mean of -log A[class].

# %%
draw(n_layer.record(n_layer.network(), samples[50:51]).loss, show=("data",))

# %% [markdown]
# That was one sample.  Under the matrices lie 300 such graphs with the same weights.  With Y for the classes, a row of 0 and 1
# for each sample (`actual`), ∂J/∂W = Xᵀ (A - Y) / m:

# %%
data, gradients = matrices(n_layer.record(n_layer.network(), samples))

d_w = data["X"].T @ (data["A1"] - actual) / m
compare("dW", d_w, gradients["W1"])

# %% [markdown]
# The lecture's line reads (A - Y) · X.  As it stands that is 300×3 · 300×2, which cannot be multiplied; and it has no 1/m.

# %% [markdown]
# ## Two layers: 2-4-3
#
# Backward, one matrix at a time.  Each has the shape of what it is the derivative *by*.

# %%
recorded = n_layer.record(n_layer.network(4), samples)
data, gradients = matrices(recorded)

d_z2 = (data["A2"] - actual) / m
d_w2 = data["A1"].T @ d_z2
d_b2 = d_z2.sum(axis=0, keepdims=True)
d_a1 = d_z2 @ data["W2"].T
d_z1 = d_a1 * (data["Z1"] > 0)
d_w1 = data["X"].T @ d_z1
d_b1 = d_z1.sum(axis=0, keepdims=True)

formulas = {"Z2": d_z2, "W2": d_w2, "b2": d_b2, "A1": d_a1, "Z1": d_z1, "W1": d_w1, "b1": d_b1}
for name, formula in formulas.items():
    compare(f"d{name}", formula, gradients[name])

# %% [markdown]
# For more layers, repeat the last four lines.  The engine writes them from the record of the whole matrices, with m = 300:

# %%
explain(recorded.loss, wrt=recorded.arrays["W1"])

# %% [markdown]
# ## Why divide by m?
#
# The lecture asks, and points to the update W ← W - α dW.  Take every sample twice: the undivided gradient doubles, so the same α
# would make steps of twice the length.  Divided, nothing changes.

# %%
model = n_layer.network(4)
for times in (1, 2, 3):
    mean_gradient = n_layer.record(model, samples * times).gradients()["W2"][0][0]
    print(f"m = {m * times}: divided {mean_gradient:.4f}, undivided {mean_gradient * m * times:.1f}")

# %% [markdown]
# *Where* to divide matters too.  The lecture has dZ² = A² - Y and divides when it comes to dW².  Then it must divide again for
# dW¹ and each bias, but its dW¹ = Xᵀ · dZ¹ has no 1/m: 300 times too large.  Divided once, in dZ², nothing else needs it.

# %%
d_z1_undivided = ((data["A2"] - actual) @ data["W2"].T) * (data["Z1"] > 0)
as_printed = data["X"].T @ d_z1_undivided
print(f"as printed: {as_printed[0, 0]:.4f}   by the engine: {gradients['W1'][0, 0]:.4f}")

# %% [markdown]
# ## Training
#
# Gradient descent with α = 1, falling to 0, on small batches of 30; 100 times through the samples.  Every number is a single
# Value; there is nothing else under it.

# %%
networks = {"2-3": n_layer.network(), "2-4-3": n_layer.network(4), "2-16-3": n_layer.network(16)}
histories = {name: n_layer.train(network, samples) for name, network in networks.items()}

# %%
plots.curves(histories, title="Training on the spiral", x_label="epoch", y_label="loss", first=1)

# %% [markdown]
# How many points are told apart, of those that were learned from, and of 300 fresh ones on the same arms:

# %%
fresh = n_layer.spiral(seed=1)
for name, network in networks.items():
    learned, new = n_layer.accuracy(network, samples), n_layer.accuracy(network, fresh)
    print(f"{name:7} {learned:6.1%}   fresh {new:6.1%}")

# %% [markdown]
# Why?  Each ReLU bends the borders along one line of the plane.  Without any, as in 2-3, they are straight.  Four bends are too
# few for three arms; sixteen are enough.

# %%
def regions(name):
    frozen = networks[name].frozen()  # plain numbers: nothing is recorded, and it is faster
    return plots.regions(lambda point: n_layer.predict(frozen, point), points, targets, title=name)


regions("2-4-3")

# %%
regions("2-16-3")

# %% [markdown]
# ## Exercise
#
# What dividing by m does, by hand: one layer without an activation, two samples in rows, the loss the mean of their squared errors.

# %%
from autograd_tiny import Exercise

mean_of_two = {"X": [[1, 2], [3, -1]], "W": [[0.5], [-0.5]], "Y": [[1], [0]]}
exercise = Exercise("Z = X @ W; J = sum((Z - Y)**2) / 2", ["Z", "J/Z", "J/W"], given=mean_of_two)
exercise

# %% [markdown] tags=["solution"]
# Each sample has half of its own gradient, and a weight, which meets both, adds the halves.  With ten times as many samples it
# would be ten times as many tenths: the step is no longer.

# %% tags=["solution"]
X, W, Y = (np.array(matrix) for matrix in mean_of_two.values())
Z = X @ W
found = {"Z": Z, "J/Z": 2 * (Z - Y) / 2, "J/W": X.T @ (2 * (Z - Y) / 2)}
entries = {f"{name}[{i}][{j}]": x for name, matrix in found.items() for (i, j), x in np.ndenumerate(matrix)}
print(exercise.check(entries))
