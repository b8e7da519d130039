# %% [markdown]
# # A dense layer, a softmax and gradient descent
#
# After this notebook you can write the backward pass of a dense layer, of a ReLU and of a softmax with its loss, and say why a
# wrong sign makes training climb.
#
# In matrices every layer looks the same, so its backward pass is written once.  The network follows the slides "Backward
# Propagation in Neural Networks from Scratch": 3 inputs, a dense layer of 3 ReLU neurons, another of 3 with a softmax.  Here a
# sample is a *row*; there are four of them.

# %%
import numpy as np

from autograd_tiny import Value, draw, explain, losses, softmax
from autograd_tiny.worked import dense, plots

np.set_printoptions(precision=4, suppress=True)

recorded = dense.record()
data = {name: np.array(matrix) for name, matrix in recorded.data().items()}
gradients = {name: np.array(matrix) for name, matrix in recorded.gradients().items()}

for name, matrix in data.items():
    print(f"{name:3}", " × ".join(map(str, matrix.shape)))
print(f"loss {recorded.loss.data:.4f}")

# %% [markdown]
# ## Softmax and loss in one step
#
# The loss of a sample is -log P[target].  Through the softmax, each logit gets a sum of products from the softmax's Jacobian.
# It is remarkably simple: the prediction, minus 1 at the target.

# %%
logits = [Value(x, f"z{i}") for i, x in enumerate([0.5, -0.2, 1.0], 1)]
probabilities = softmax(logits)
loss = losses.cross_entropy(probabilities, 0)
loss.label = "L"
loss.backward()

print("prediction", [round(p.data, 4) for p in probabilities])
print("gradient  ", [round(z.grad, 4) for z in logits])
draw(loss)

# %% [markdown]
# So for the whole batch, whose loss is the mean of four, ∂L/∂Z2 = (prediction - actual) / 4.

# %%
actual = np.eye(3)[dense.TARGETS]
prediction = data["A2"]
d_z2 = (prediction - actual) / len(actual)

print(d_z2)
print("equals the engine's:", np.allclose(d_z2, gradients["Z2"], rtol=1e-9))

# %% [markdown]
# ## Three rules of a dense layer
#
# Z = X W + b.  From ∂L/∂Z, which a layer is handed from above, three lines give all that it needs: the gradients of its weights
# and biases, and what it hands down.

# %%
def dense_backward(inputs, weights, d_z):
    d_weights = inputs.T @ d_z  # a weight meets every sample
    d_biases = d_z.sum(axis=0, keepdims=True)  # a bias too, with factor 1
    d_inputs = d_z @ weights.T  # an input acts on every neuron
    return d_weights, d_biases, d_inputs


d_w2, d_b2, d_a1 = dense_backward(data["A1"], data["W2"], d_z2)
d_z1 = np.where(data["Z1"] > 0, d_a1, 0)  # ReLU: through where it was positive
d_w1, d_b1, d_x = dense_backward(data["X"], data["W1"], d_z1)

by_hand = {"W2": d_w2, "b2": d_b2, "A1": d_a1, "Z1": d_z1, "W1": d_w1, "b1": d_b1, "X": d_x}
for name, matrix in by_hand.items():
    same = np.allclose(matrix, gradients[name], rtol=1e-9, atol=1e-14)
    print(f"∂L/∂{name}", matrix.shape, "equals the engine's:", same)

# %% [markdown]
# The engine writes the same rules, since the layers were computed as whole arrays:

# %%
explain(recorded.loss, wrt=recorded.arrays["W1"])

# %% [markdown]
# Where a ReLU was off, nothing goes down.  In the first sample all three were:

# %%
print("Z1 ", data["Z1"][0])
print("d_z1", d_z1[0])
draw(recorded.arrays["A1"][0][0])

# %% [markdown]
# ## The slip
#
# The slides give the gradient of the softmax's inputs as **actual - prediction**.  It is *prediction - actual*.  Actual -
# prediction is where to go; but their own rule, w ← w - η ∇L(w), has that minus already, and with both it climbs.  Every
# gradient below is proportional to this one, so all of them change their sign:

# %%
def loss_after_a_step(sign, rate=0.5):
    w1, b1 = data["W1"] - rate * sign * d_w1, data["b1"] - rate * sign * d_b1
    w2, b2 = data["W2"] - rate * sign * d_w2, data["b2"] - rate * sign * d_b2
    scores = np.exp(np.maximum(data["X"] @ w1 + b1, 0) @ w2 + b2)
    return -np.log((scores / scores.sum(axis=1, keepdims=True))[actual == 1]).mean()


print(f"before                {recorded.loss.data:.4f}")
print(f"prediction - actual   {loss_after_a_step(+1):.4f}")
print(f"actual - prediction   {loss_after_a_step(-1):.4f}")

# %% [markdown]
# The slides also divide by the number of samples, to keep gradients from exploding, they say.  What it does is make the loss a
# mean, so that a larger batch takes the same step, as the next notebook shows.  (Gradients explode with depth, layer after layer.)

# %% [markdown]
# Fifty steps of gradient descent, with the right sign:

# %%
history = dense.train(50)
plots.curves({"loss": history}, title="Gradient descent on four samples", x_label="step", y_label="loss")

# %% [markdown]
# ## Exercise
#
# A softmax and its loss by hand; the target is the second class.  What do the three derivatives by the logits add up to, and what does
# that say about `d_b2` above?

# %%
from autograd_tiny import Exercise

one_sample = "p = softmax([z1, z2, z3]); L = -log(p[1])"
exercise = Exercise(one_sample, ["p", "L", "L/z1", "L/z2", "L/z3"], given={"z1": 2, "z2": 1, "z3": 0.5})
exercise

# %% [markdown] tags=["solution"]
# To 0: a prediction sums to 1, and so does a row of `actual`.  (Adding one number to all logits of a sample does not change its softmax, so
# the gradient has no part in that direction.)  `d_b2` is a sum of such rows, so gradient descent never changes the sum of the biases.

# %% tags=["solution"]
p = np.exp([2.0, 1.0, 0.5]) / np.exp([2.0, 1.0, 0.5]).sum()
d_z = p - [0, 1, 0]
by_hand = {f"p[{n}]": x for n, x in enumerate(p)} | {"L": -np.log(p[1])} | {f"L/z{n}": x for n, x in enumerate(d_z, 1)}
print(exercise.check(by_hand))
print(abs(d_z.sum()) < 1e-15, np.abs(d_b2.sum()) < 1e-15)
