# %% [markdown]
# # What the worked example left open
#
# After this notebook you can say what the gradient of a bias is, what a batch changes, why gradients vanish in deep networks,
# and why weights start at random.
#
# The [worked example](03_worked_example_3_3_3.ipynb) ends with these questions to its readers.  With networks that can be
# trained, they can be answered by running.

# %%
from autograd_tiny import Value, dot, draw, nn, sigmoid
from autograd_tiny.worked import exercises, plots
from autograd_tiny.worked import three_three_three as example

# %% [markdown]
# ## Why could the page leave out the biases?
#
# The first weighted sum of the last layer, with its inputs as plain numbers:

# %%
nodes = example.record().nodes
weights = [Value(nodes[f"W_k{i}l1"].data, f"W_k{i}l1") for i in (1, 2, 3)]
bias = Value(nodes["b_l1"].data, "b_l1")
O_in1 = dot(weights, [nodes[f"h2_out{i}"].data for i in (1, 2, 3)], bias)
O_in1.label = "O_in1"
draw(O_in1)

# %% [markdown]
# By a weight, the derivative of the sum is the input that the weight is multiplied by.  The bias is a term without the weight; it
# drops out.  By the bias, the derivative is 1.

# %% [markdown]
# So the gradient of a bias *is* the gradient of the weighted sum:

# %%
for bias, (by_bias, by_sum) in exercises.bias_gradients().items():
    print(f"∂E/∂{bias} {by_bias:8.4f}    by its weighted sum {by_sum:8.4f}")

# %% [markdown]
# None of them is 0.  The page's weights can be computed without them, but its biases should have learned as well; there they
# stay at 1.

# %% [markdown]
# ## What happens with a batch?
#
# The page says to average everything.  Which things?  With its own sample and two more:

# %%
whole = exercises.batch_gradients()
parts = exercises.sample_gradients()
averaged = exercises.batch_gradients(exercises.averaged())

print(" " * 8 + "mean of the three   of the mean loss   at the mean sample")
for label in ("W_i1j1", "W_j1k1", "W_k1l1", "b_l1"):
    mean = sum(part[label] for part in parts) / 3
    print(f"{label:8}{mean:17.4f}{whole[label]:19.4f}{averaged[label]:21.4f}")

# %% [markdown]
# The first two columns agree: differentiation is linear, so **the gradient of the mean loss is the mean of the gradients**.
# Averaging the inputs and targets first is something else, since the network is not linear.

# %% [markdown]
# ## Why do gradients vanish?
#
# On its way down, a gradient is multiplied in each layer by the weights and by the derivative of the activation.  That of a
# sigmoid is at most a quarter:

# %%
for x in (0.0, 1.0, 2.0, 4.0, 8.0):
    (slope,) = sigmoid(Value(x)).local_derivatives
    print(f"sigmoid at {x:3}: slope {slope:.4f}")

# %% [markdown]
# A ReLU's is 1 where it is on.  Here are twelve layers of 16 neurons, and how large the gradient of the weights is in each.  The
# output is on the right, so that is where gradients come from:

# %%
depth = 12
sizes = {name: exercises.gradient_sizes(name, depth) for name in ("sigmoid", "relu")}
plots.curves(sizes, title="Twelve layers", x_label="layer", y_label="size of gradient", first=1, log=True)

# %%
for name, size in sizes.items():
    factor = (size[0] / size[-1]) ** (1 / (depth - 1))
    print(f"{name:8} last {size[-1]:.0e}, first {size[0]:.0e}: times {factor:.2f} per layer down")

# %% [markdown]
# With sigmoids the first layers hardly learn at all.

# %% [markdown]
# ## What if all weights are the same number?
#
# All neurons of a hidden layer then compute the same, and get the same gradient.  Two neurons show it:

# %%
hidden = nn.Layer.from_weights([[0.5, 0.5], [0.5, 0.5]], [0.0, 0.0], "sigmoid")
(output,) = nn.Layer.from_weights([[0.5], [0.5]], [0.0])(hidden([0.8, -0.3]))
output.label = "y"
output.backward()
draw(output, show=("grad",), color_gradients=True)

# %% [markdown]
# So they make the same step, and are the same again.  The network of the page, with all weights 0.5, is to tell whether its
# first two inputs are equal.  Beside it, the same from random weights:

# %%
equal = exercises.equal_weights(0.5)
random = exercises.random_weights()
losses = {"equal weights": exercises.train(equal), "random weights": exercises.train(random)}
plots.curves(losses, title="Equal or not equal", x_label="step", y_label="loss")

# %%
for name, layer in zip(("W_ij", "W_jk"), equal.layers):
    for row in layer.weights:
        first, *others = [weight.data for weight in row]
        print(f"{name}: {first:7.4f}, the others equal: {others == [first] * 2}")

# %% [markdown]
# After 1000 steps each row of weights still is one number three times over, to its last digit.  **Three neurons do the work of
# one**, and one is not enough here.  That is why weights start at random.

# %% [markdown]
# ## Exercise
#
# Is it enough that the weights are not *quite* equal?  Two hidden neurons, one weight apart from the other.  Compare what you find for
# the first neuron and for the second: how far apart are they after a step?

# %%
from autograd_tiny import Exercise

nearly_equal = """
h1 = sigmoid(w1*x1 + w2*x2)
h2 = sigmoid(w3*x1 + w4*x2)
y = v1*h1 + v2*h2
E = (y - t)**2 / 2
"""
numbers = {"x1": 0.8, "x2": -0.3, "w1": 0.6, "w2": 0.5, "w3": 0.5, "w4": 0.5, "v1": 0.5, "v2": 0.5, "t": 1}
ask = ["h1", "h2", "E/y", "E/w1", "E/w3", "w1'", "w3'"]
exercise = Exercise(nearly_equal, ask, given=numbers, learning_rate=0.5)
exercise

# %% [markdown] tags=["solution"]
# By about as much as before: their gradients differ in the third digit.  Neurons that are nearly the same are nearly as useless, and stay
# so for long.

# %% tags=["solution"]
from math import exp

h1, h2 = (1 / (1 + exp(-(w * 0.8 - 0.5 * 0.3))) for w in (0.6, 0.5))
error = 0.5 * h1 + 0.5 * h2 - 1
first, second = (error * 0.5 * h * (1 - h) * 0.8 for h in (h1, h2))
by_hand = {"h1": h1, "h2": h2, "E/y": error, "E/w1": first, "E/w3": second, "w1'": 0.6 - 0.5 * first, "w3'": 0.5 - 0.5 * second}
print(exercise.check(by_hand))
print(f"apart before {0.6 - 0.5:.4f}, after {(0.6 - 0.5 * first) - (0.5 - 0.5 * second):.4f}")
