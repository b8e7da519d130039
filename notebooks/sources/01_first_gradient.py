# %% [markdown]
# # A first gradient
#
# After this notebook you can write a formula, see it as a graph, let `backward` fill in every derivative, say what each
# number in the picture means, and check a derivative without trusting anybody.
#
# You need to know what a derivative is, and a little Python.

# %%
from math import tanh

from autograd_tiny import Value, draw, explain

# %% [markdown]
# ## A formula that remembers how it was computed
#
# A `Value` is a number that records what is done with it.  The label is only a name for pictures.

# %%
w = Value(-3.0, "w")
x = Value(2.0, "x")
b = Value(6.5, "b")

z = w * x + b
z.label = "z"
y = z.tanh()
y.label = "y"

print(f"z = {z.data}")
print(f"y = {y.data:.4f}")

# %% [markdown]
# Nothing but arithmetic so far.  But `y` knows that it is the `tanh` of `z`, and `z` that it is a sum, down to the numbers we
# started from.  This record is a graph:

# %%
draw(y)

# %% [markdown]
# Boxes are numbers.  An arrow leads from an operand to what was computed from it.
#
# **The number on an arrow is the local derivative**: how much the box at its tip changes per small change of the box at its
# start, everything else held still.  Into the product `w × x`, the arrow from `w` carries the data of `x`, and the arrow from
# `x` the data of `w`: the product rule.  Into a sum, every arrow carries 1.

# %% [markdown]
# ## Backward
#
# How does `y` change with `w`?  The chain rule says: multiply along the way from `y` back to `w`.  `backward` does that for
# all boxes in one pass, from right to left.

# %%
y.backward()
draw(y)

# %% [markdown]
# **`grad` is the derivative of `y` by that box.**  `y` by itself has 1.  Each other box has the number on its arrow, times the
# `grad` of the box where the arrow leads.  Try it on any arrow of the picture; here are all of them:

# %%
product = z.operands[0]  # the box w × x, which has no label
for name, box, (arrow, leads_to) in [
    ("z", z, (y.local_derivatives[0], y)),
    ("w × x", product, (z.local_derivatives[0], z)),
    ("b", b, (z.local_derivatives[1], z)),
    ("w", w, (product.local_derivatives[0], product)),
    ("x", x, (product.local_derivatives[1], product)),
]:
    contribution = arrow * leads_to.grad
    print(f"{name:6} {arrow:8.4f} · {leads_to.grad:.4f} = {contribution:8.4f}    grad: {box.grad:8.4f}")

# %% [markdown]
# And the same for `w` alone, written out: first in symbols, then with the formula of each local derivative, then in numbers.

# %%
explain(y, wrt=w)

# %% [markdown]
# ## Check it
#
# A derivative is a promise: nudge `w` by a little, and `y` moves by `w.grad` times as much.  That can be checked with plain
# Python that knows nothing of graphs.

# %%
def f(w, x, b):
    return tanh(w * x + b)


h = 1e-5
by_nudging = {
    "w": (f(-3.0 + h, 2.0, 6.5) - f(-3.0 - h, 2.0, 6.5)) / (2 * h),
    "x": (f(-3.0, 2.0 + h, 6.5) - f(-3.0, 2.0 - h, 6.5)) / (2 * h),
    "b": (f(-3.0, 2.0, 6.5 + h) - f(-3.0, 2.0, 6.5 - h)) / (2 * h),
}
for leaf in (w, x, b):
    print(f"∂y/∂{leaf.label}   nudged: {by_nudging[leaf.label]:8.5f}   backward: {leaf.grad:8.5f}")

# %% [markdown]
# Nudging had to compute the formula twice for each input.  `backward` went through the graph once for all of them.

# %% [markdown]
# ## By hand
#
# The same neuron with other numbers.  Every answer is marked when it is entered, and what follows from a slip is accepted.

# %%
from autograd_tiny.exercises import Exercise

Exercise("z = w*x + b; y = tanh(z)", ["forward", "gradients"], given={"w": 0.5, "x": 1.4, "b": -0.3})

# %% [markdown]
# ## Exercise
#
# Let `q = p · sin(p)` at `p = 2`, with a name for the sine.  Mind that `p` is used twice.  Draw the graph on paper, and enter what
# belongs on its arrows; each answer is marked at once.  Then check yourself with `backward`, and by nudging.

# %%
exercise = Exercise("s = sin(p); q = p * s", ["s", "q", "s/p", "q/s", "q/p"], given={"p": 2})
exercise

# %% [markdown] tags=["solution"]
# Two ways lead from `q` back to `p`: directly, and through the sine.  Each contributes its product, and the contributions are
# added: ∂q/∂p = sin(p) + p · cos(p).

# %% tags=["solution"]
from math import cos, sin

by_hand = {"s": sin(2.0), "q": 2.0 * sin(2.0), "s/p": cos(2.0), "q/s": 2.0, "q/p": sin(2.0) + 2.0 * cos(2.0)}
print(exercise.check(by_hand))
print(f"\nnudged: {((2.0 + h) * sin(2.0 + h) - (2.0 - h) * sin(2.0 - h)) / (2 * h):.6f}")
