# %% [markdown]
# # Native speed
#
# After this notebook you can compile a function or a model, read the program that it becomes, say what cannot be compiled, and
# measure what compiling gains.
#
# Recording costs more than computing: for one multiplication, Python makes a whole node.  A formula, as at the end of the last
# notebook, is recorded once and holds for all numbers.  Native code needs two more packages: `pip install "autograd_tiny[fast]"`.

# %%
import time

import numpy as np

from autograd_tiny import Value, compile_function, compile_model, dot, exp, log, optim, where
from autograd_tiny.engine.graph import topological_order
from autograd_tiny.worked import n_layer, plots

# %% [markdown]
# ## A function
#
# It is called once, with Expressions in place of numbers.  What comes out, and its derivatives by the same rules as ever, is written
# down as a program without loops and branches.  Here it is in Python:

# %%
def bump(p):
    x, y = p
    height = exp(-(x**2) - y**2)
    height.label = "height"
    return x * height


compiled = compile_function(bump, ["x", "y"])
print(compiled.python())

# %% [markdown]
# The exponential is computed once, for the value and both derivatives.  As native code the program takes many points at a time:

# %%
points = np.random.default_rng(0).normal(size=(100_000, 2))
values, gradients = compiled.value_and_grad(points)

x, y = Value(points[0, 0]), Value(points[0, 1])
bump((x, y)).backward()
print(f"one by one: {x.grad:.6f} {y.grad:.6f}")
print(f"compiled:   {gradients[0, 0]:.6f} {gradients[0, 1]:.6f}")

# %% tags=["timed"]
start = time.process_time()
for px, py in points[:2000].tolist():
    bump((Value(px), Value(py))).backward()
one_by_one = (time.process_time() - start) / 2000

start = time.process_time()
for _ in range(20):
    compiled.value_and_grad(points)
together = (time.process_time() - start) / 20 / len(points)

print(f"one by one {one_by_one * 1e9:8,.0f} ns per gradient")
print(f"compiled   {together * 1e9:8.1f} ns, {one_by_one / together:,.0f} times as fast")

# %% [markdown]
# (Times are those of the machine on which this notebook was made.)

# %% [markdown]
# ## What cannot be compiled
#
# A program that is written down once takes the same way for all numbers.  An `if` would have to choose now, and there is no number
# yet:

# %%
def hinge(p):
    return p[0] if p[0] > 0 else 0.0


try:
    compile_function(hinge, ["x"])
except TypeError as error:
    print(str(error).partition(": ")[2])  # after the name of the file that this cell is

# %% [markdown]
# Choices are operations, too: `where`, `maximum`, `relu` and others.  With `where`, the choice is part of the program:

# %%
print(compile_function(lambda p: where(p[0] > 0, p[0], 0.0), ["x"]).python())

# %% [markdown]
# ## A model
#
# The spiral of [N layers](08_n_layers_spiral.ipynb) again, with 16 hidden neurons.  The loss of one sample is compiled; its row has the
# point, and the class as a 1 among 0s, so that a product picks the probability of the class.

# %%
samples = n_layer.spiral()
rows = np.array([[*sample.point, *np.eye(3)[sample.target]] for sample in samples])

network = n_layer.network(16)
compiled = compile_model(network, lambda outputs, targets: -log(dot(outputs, targets)), n_targets=3)
loss, gradient = compiled.value_and_grad(compiled.parameter_vector(), rows)

recorded = n_layer.record(network, samples).loss
recorded.backward()
print(f"{gradient.size} parameters, {len(topological_order(recorded)):,} recorded operations", end=", ")
print(f"{len(compiled.program.instructions)} instructions for each row")
recorded_gradient = [parameter.grad for parameter in network.parameters()]
print("the same loss:", np.isclose(loss, recorded.data))
print("the same gradient:", np.allclose(gradient, recorded_gradient))

# %% [markdown]
# `fit` trains it, 100 times through the samples: the optimizer's own update, run on one array of all parameters.

# %% tags=["timed"]
start = time.process_time()
n_layer.train(n_layer.network(16), samples, epochs=2)
eagerly = (time.process_time() - start) / 2 * 100

start = time.process_time()
optimizer = optim.SGD(network.parameters(), optim.cosine_decay(1.0, steps=1000))
history = compiled.fit(rows, optimizer=optimizer, epochs=100, batch_size=30, seed=0)
natively = time.process_time() - start

print(f"eagerly  {eagerly:7.3f} s")
print(f"compiled {natively:7.3f} s, {eagerly / natively:.0f} times as fast")

# %%
print(f"{n_layer.accuracy(network, samples):.1%} of the points are told apart")
plots.curves({"loss": history}, title="The spiral, compiled", x_label="epoch", y_label="loss", first=1)

# %% [markdown]
# ## Exercise
#
# The Huber loss of an error e is e²/2 up to |e| = 1, and |e| - ½ from there on.  Here is its sum over a small error and a large one: what
# are the derivatives?
#
# Then write it as one function that can be compiled, with `where` and `absolute`, and look at its program.

# %%
from autograd_tiny import Exercise

huber_of_two = "small = e1**2 / 2; large = abs(e2) - 1/2; L = small + large"
exercise = Exercise(huber_of_two, ["L", "L/e1", "L/e2"], given={"e1": 0.5, "e2": -3})
exercise

# %% [markdown] tags=["solution"]
# e itself, and from 1 on the sign of e: 0.5 and -1.

# %% tags=["solution"]
from autograd_tiny import absolute


def huber(p):
    (e,) = p
    return where(absolute(e) <= 1.0, e**2 / 2, absolute(e) - 0.5)


compiled_huber = compile_function(huber, ["e"])
print(compiled_huber.python())
values, gradients = compiled_huber.value_and_grad([[0.5], [-3.0]])
by_e1, by_e2 = gradients.ravel()
print(exercise.check({"L": values.sum(), "L/e1": by_e1, "L/e2": by_e2}))
