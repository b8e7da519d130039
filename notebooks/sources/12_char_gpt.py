# %% [markdown]
# # A GPT on scalars
#
# After this notebook you can read a GPT as plain scalar code, train one that invents names, and say from how much work on it pays
# to compile.
#
# Everything so far comes together here.  The model is small: one layer, 4 heads, a context of 16 letters, 4,192 parameters.  Its
# parts are those of the large ones.  As before, native code needs `pip install "autograd_tiny[fast]"`.

# %%
import inspect
import math
import time
from random import Random

import numpy as np

from autograd_tiny import Value, draw
from autograd_tiny.engine.graph import topological_order
from autograd_tiny.optim import Adam, cosine_decay
from autograd_tiny.worked import plots
from autograd_tiny.worked.char_gpt import CharGPT, attention, compile_gpt, names

known = names()
held_out, training = known[:200], known[200:]
print(f"{len(known):,} names:", *known[:8])

# %% [markdown]
# ## The model
#
# It reads a name letter by letter, after a point that says "here a name begins", and after each letter gives 27 numbers, the
# *logits*: how likely each letter is to come next, or the point that ends the name.  This is all of it:

# %%
print(inspect.getsource(CharGPT.__call__))

# %% [markdown]
# `linear` is a matrix times a vector, row by row a `dot`; `normalised` divides a vector by the root of its mean square.  The heart is
# `attention`.  Here is one head with one number for query, key and value, after two letters: their values, mixed by how well
# their keys go with the query.  (The products are divided by the root of how many numbers a head has, here 1.)

# %%
query = Value(1.5, "query")
keys, values = [Value(0.4, "key 1"), Value(1.2, "key 2")], [Value(-1.0, "value 1"), Value(2.0, "value 2")]
(mixed,) = attention([query], [[key] for key in keys], [[value] for value in values], heads=1)
mixed.label = "mixed"
mixed.backward()
draw(mixed)

# %% [markdown]
# ## Eagerly
#
# The loss of a name is the mean of -log p over its letters and the point after it.  A model that knows nothing gives each of 27
# the same chance: log 27.

# %%
model = CharGPT(rng=Random(0))
loss = model.loss_of("ada")
loss.backward()
operations = len(topological_order(loss))
print(f"{len(model.parameters()):,} parameters, {operations:,} operations for one name of three letters")
print(f"loss {loss.data:.2f}, log 27 = {math.log(27):.2f}")


# %% tags=["timed"]
def eager(batch):
    """The mean loss of a batch of names, and its gradient."""
    model.zero_grad()
    losses = []
    for name in batch:
        loss = model.loss_of(name)
        loss.backward()
        losses.append(loss.data)
    gradient = np.array([parameter.grad for parameter in model.parameters()])
    return math.fsum(losses) / len(batch), gradient / len(batch)


start = time.perf_counter()
eager_loss, eager_gradient = eager(training[:32])
eager_seconds = (time.perf_counter() - start) / 32
minutes = 20 * len(training) * eager_seconds / 60
print(f"{eager_seconds * 1e3:.0f} ms per name, {minutes:.1f} minutes for 20 times through all names")

# %% [markdown]
# ## Compiled
#
# As in the last notebook, the same code is called once with formulas, and gives a program for the loss and its 4,192 derivatives.  But
# names have different lengths, and a program has no branches.  So each name becomes a row of numbers that is always as long: every
# letter as 27 numbers, a 1 among 0s, and a weight for every place, 0 after the end.  To pick what a matrix holds for a letter is to
# multiply by such a vector.

# %%
start = time.perf_counter()
compiled = compile_gpt(model)
rows = np.array([compiled.model.row(name) for name in training])
theta = compiled.parameter_vector()
loss, gradient = compiled.value_and_grad(theta, rows[:32])  # the first call makes the native code
compile_seconds = time.perf_counter() - start

print(f"{len(compiled.program.instructions):,} instructions, from {rows.shape[1]} numbers per name")
print("the same loss:", math.isclose(loss, eager_loss, rel_tol=1e-12))
print("the same gradient:", np.allclose(gradient, eager_gradient, rtol=1e-12, atol=1e-15))

# %% tags=["timed"]
def seconds_per_name(batches):
    """How long the gradient of a name takes, in batches like these."""
    start = time.perf_counter()
    for batch in batches:
        compiled.value_and_grad(theta, batch)
    return (time.perf_counter() - start) / sum(map(len, batches))


compiled_seconds = seconds_per_name([rows[first : first + 32] for first in range(0, len(rows), 32)])
pays = compile_seconds / (eager_seconds - compiled_seconds)
print(f"compiling takes {compile_seconds:.0f} s")
print(f"then {compiled_seconds * 1e6:.0f} µs per name, {eager_seconds / compiled_seconds:.0f} times as fast")
print(f"so it pays after {pays:,.0f} names, {pays / len(training):.1f} times through them")
print(f"given one by one, {seconds_per_name([row[None] for row in rows[:64]]) * 1e6:.0f} µs per name")

# %% tags=["timed"]
epochs = range(21)
seconds = {
    "eagerly": [epoch * len(training) * eager_seconds for epoch in epochs],
    "compiled": [compile_seconds + epoch * len(training) * compiled_seconds for epoch in epochs],
}
plots.curves(seconds, title="What training takes", x_label="times through the names", y_label="seconds")

# %% [markdown]
# (Times are those of the machine on which this notebook was made.)  Several names are computed at once, one in each lane of the
# processor's vectors, so batches pay, too.  And to see the loss of a single name, or to change the model and try again, nothing is
# as quick as running it eagerly.

# %% [markdown]
# ## Training
#
# Adam on batches of 32 names, 20 times through the names that are not held out.

# %%
untrained = model.frozen()
optimizer = Adam(model.parameters(), cosine_decay(0.01, steps=20 * math.ceil(len(rows) / 32)))
held_out_rows = np.array([compiled.model.row(name) for name in held_out])
losses = {"training": [], "held out": []}
for epoch in range(20):
    losses["training"] += compiled.fit(rows, optimizer=optimizer, epochs=1, batch_size=32, seed=epoch)
    losses["held out"].append(compiled.value_and_grad(compiled.parameter_vector(), held_out_rows)[0])
for which, history in losses.items():
    print(f"{which}: {history[-1]:.2f}, as if it chose among {math.exp(history[-1]):.0f} letters")

# %%
plot = plots.curves(losses, title="Learning names", x_label="epoch", y_label="loss", first=1)
plot.figure.axes[0].set(xticks=range(5, 21, 5))
plot

# %% [markdown]
# The curves part: the model begins to learn its names by heart.  But it also has learned what a name is.  To write one, `write`
# runs the same code on plain numbers, and draws each letter by the probabilities that the model gives after those before it.

# %%
for which, writer in {"untrained": untrained, "trained": model}.items():
    print(f"{which}:", *[writer.write(Random(seed), temperature=0.7) for seed in range(12)])

# %%
invented = [model.write(Random(seed), temperature=0.7) for seed in range(100)]
print(f"{sum(name not in known for name in invented)} of 100 are on no list of ours")

# %% [markdown]
# ## Exercise
#
# One head of `attention` by hand, with one number for query, key and value, after two letters: two scores, their softmax, the values mixed.
# How does the answer change with the value of the second letter, and how with the query?

# %%
from autograd_tiny import Exercise

head = """
s1 = q * k1
s2 = q * k2
a1 = exp(s1) / (exp(s1) + exp(s2))
a2 = exp(s2) / (exp(s1) + exp(s2))
mixed = a1*v1 + a2*v2
"""
ask = ["s1", "s2", "a1", "a2", "mixed", "mixed/v2", "mixed/s2", "mixed/q"]
exercise = Exercise(head, ask, given={"q": 0.5, "k1": 1, "k2": -2, "v1": 3, "v2": -1})
exercise

# %% [markdown] tags=["solution"]
# By the value: its weight, `a2`.  By its score: a2 (v2 - mixed), since more for one letter is less for the other.  The query moves both
# scores, each by its key.

# %% tags=["solution"]
q, k1, k2, v1, v2 = Value(0.5, "q"), Value(1.0, "k1"), Value(-2.0, "k2"), Value(3.0, "v1"), Value(-1.0, "v2")
(answer,) = attention([q], [[k1], [k2]], [[v1], [v2]], heads=1)
answer.backward()
a2, mixed = v2.grad, answer.data
found = {"s1": 0.5, "s2": -1.0, "a1": v1.grad, "a2": a2, "mixed": mixed}
print(exercise.check(found | {"mixed/v2": a2, "mixed/s2": a2 * (-1.0 - mixed), "mixed/q": q.grad}))
