# %% [markdown]
# # Train a network, and watch its gradients
#
# After this notebook you can build a network, train it in a loop of five lines, and read from its gradients whether it still
# learns, and which weights do.
#
# The [worked example](03_worked_example_3_3_3.ipynb) took one step downhill.  Here are two hundred.

# %%
from math import hypot
from random import Random

from autograd_tiny import draw, losses, nn, optim
from autograd_tiny.worked import plots

# %% [markdown]
# ## What is to be learned
#
# Four points of the plane: are the signs of their coordinates different (1) or the same (0)?  No straight line parts the ones
# from the zeros, so one neuron cannot tell.  Two hidden neurons and one that puts them together can:

# %%
points = [(-1.0, -1.0), (-1.0, 1.0), (1.0, -1.0), (1.0, 1.0)]
targets = [0, 1, 1, 0]

model = nn.MLP([2, 2, 1], ["tanh", "sigmoid"], rng=Random(2), init="xavier")
for name, parameter in model.named_parameters().items():
    print(f"{name:24} {parameter.data:7.4f}")

# %% [markdown]
# `weights[i][j]` leads from input i to neuron j.  A model is a function: called with numbers, it records a graph, and `backward`
# on the loss fills in the gradient of each parameter.  Here for one point; the deeper a colour, the larger the gradient:

# %%
model.label_parameters()
loss = losses.binary_cross_entropy(model(points[1]), targets[1:2])
loss.backward()
draw(loss, show=("grad",), color_gradients=True)

# %% [markdown]
# ## The loop
#
# Five lines: the loss, gradients back to zero, `backward`, a step of the optimizer; again.  Gradients are set to zero since
# `backward` *adds* to what a parameter has.  What each round leaves behind is kept: the loss, and how long the gradient is,
# the root of the sum of its squares, in either layer.


# %%
def train(model, steps=200):
    optimizer = optim.SGD(model.parameters(), learning_rate=1.0)
    history = {"loss": []}
    for _ in range(steps):
        loss = losses.binary_cross_entropy([model(point)[0] for point in points], targets) / len(points)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        history["loss"].append(loss.data)
        for number, layer in enumerate(model.layers, 1):
            history.setdefault(f"layer {number}", []).append(hypot(*[p.grad for p in layer.parameters()]))
    return history


history = train(model)
outputs = [model(point)[0].data for point in points]
print("targets", targets, "  outputs", [round(output, 2) for output in outputs])
plots.curves({"loss": history["loss"]}, title="Two hundred steps", x_label="step", y_label="loss")

# %%
lengths = {name: history[name] for name in ("layer 1", "layer 2")}
plots.curves(lengths, title="Their gradients", x_label="step", y_label="length", log=True)

# %% [markdown]
# A small gradient says that little is changing, and no more than that.  Around step 40 both are about a tenth of what they were,
# with the loss still above 0.5: a *plateau*, which the network leaves after some twenty steps more.  After step 100 they are small again,
# since little is left to learn.  Only the loss tells the one from the other.

# %% [markdown]
# ## By hand
#
# One step of training for a single neuron.  Every answer is marked; what follows from a slip is accepted.

# %%
from autograd_tiny.exercises import random_exercise

random_exercise("training step", 2, seed=5)

# %% [markdown]
# ## Exercise
#
# A network without a hidden layer is one neuron: y = sigmoid(w1 x1 + w2 x2 + b).  Here it stands at all four points, with all of its
# parameters 0.  Which way do they go?

# %%
from autograd_tiny import Exercise

four = """
ya = sigmoid(-w1 - w2 + b)
yb = sigmoid(-w1 + w2 + b)
yc = sigmoid(w1 - w2 + b)
yd = sigmoid(w1 + w2 + b)
E = -(log(1 - ya) + log(yb) + log(yc) + log(1 - yd)) / 4
"""
ask = ["ya", "E", "E/ya", "E/yb", "E/b", "E/w1", "E/w2"]
exercise = Exercise(four, ask, given={"w1": 0, "w2": 0, "b": 0})
exercise

# %% [markdown] tags=["solution"]
# Nowhere.  It answers ½ at each of the points, with the loss of a coin, log 2.  A weight that pulls one point towards its target pushes
# another as far away from its own: the four contributions to each gradient cancel, and no training will change that.  From any start it
# ends there:

# %% tags=["solution"]
single = nn.MLP([2, 1], ["sigmoid"], rng=Random(0))
history = train(single)
answers = [single(point)[0].data for point in points]
found = {"ya": f"{answers[0]:.4f}", "E": f"{history['loss'][-1]:.4f}"}
print(exercise.check(found | {"E/ya": 0.5, "E/yb": -0.5, "E/b": 0.0, "E/w1": 0.0, "E/w2": 0.0}))
print(f"after training: loss {history['loss'][-1]:.4f}, gradient {history['layer 1'][-1]:.4f}")
