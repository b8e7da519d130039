# %% [markdown]
# # Why is my gradient ...?
#
# After this notebook you can tell why a gradient is doubled, zero, unchanged, wrong by a factor, or not what you have computed by
# hand, and put it right.
#
# Each case is a few lines that go wrong without an error.  What the library says about them is printed; the page
# [why is my gradient ...?](../docs/why-is-my-gradient.md) has the same to look up.

# %%
import textwrap
import warnings

from autograd_tiny import Value, check_gradient, draw, explain, mark, mean


def told(action):
    """Run something, and print what it warns of or refuses."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            action()
        except (ValueError, AssertionError) as error:
            print(textwrap.fill(f"refused: {error}", 88))
    for warning in caught:
        print(textwrap.fill(f"warned: {warning.message}", 88))


# %% [markdown]
# ## ... doubled?
#
# `backward` *adds* to the gradients that are there.  So a batch can be run one sample at a time.  But run twice on one graph, as by
# running a cell of a notebook again, it counts everything twice:

# %%
w, x = Value(-3.0, "w"), Value(2.0, "x")
y = w * x
y.label = "y"
y.backward()
print("once: ", w.grad)
told(y.backward)
print("twice:", w.grad)

# %% [markdown]
# Later it is still to be seen: what shows the derivative of w says that the gradient of w is another number.

# %%
told(lambda: print(explain(y, wrt=w)))

# %% [markdown]
# The remedy: set gradients to zero before each `backward`, for a model with `zero_grad()`.

# %%
w.grad = x.grad = 0.0
y.backward()
print("after a fresh start:", w.grad)
draw(y)

# %% [markdown]
# ## ... zero?
#
# **A dead ReLU.**  Below zero it is flat; one factor of the chain is 0:

# %%
w = Value(-2.0, "w")
h = (w * 2).relu()
y = (h - 1.0) ** 2
print(explain(y, wrt=w))

# %% [markdown]
# **Not connected.**  `w.data` is a plain number, and what is computed from it has forgotten `w`.  There is no path, and so no chain:

# %%
y = Value(w.data * 1.5) ** 2
print(explain(y, wrt=w))

# %% [markdown]
# In a function, a comparison with numbers from nudging finds it:

# %%
told(lambda: check_gradient(lambda w, x: w.data * x, 3.0, 2.0))

# %% [markdown]
# **Constant.**  A step is flat to the left and to the right of its jump.  The gradient is right, and of no use.

# %%
x = Value(2.0, "x")
y = 3.0 * (x - 1.0).step()
print(explain(y, wrt=x))

# %% [markdown]
# ## ... unchanged?
#
# A node computes its number and its local derivatives when it is recorded.  Who changes `data` afterwards gets the old gradient again:

# %%
w = Value(2.0, "w")
y = w * w
w.data = 5.0
y.backward()
print("d(w²)/dw at w = 5:", w.grad)
told(lambda: draw(y))

# %% [markdown]
# The remedy is to compute again:

# %%
w.grad = 0.0
y = w * w
y.backward()
print("d(w²)/dw at w = 5:", w.grad)

# %% [markdown]
# ## ... wrong by a factor?
#
# The gradient of a mean over three samples is a third of that of their sum.  `mark` compares the engine's number with the one that was
# expected, here that of the sum:

# %%
w = Value(1.0, "w")
E = mean([(w - 1.5) ** 2, (w - 2.5) ** 2, (w - 4.0) ** 2])
E.label = "E"
print(mark(E, {"E/w": "-10.0"}))

# %% [markdown]
# ## ... not what I computed by hand?
#
# Have it marked.  The more of your page you give, in its order, the better a mistake can be told:

# %%
w, x, b = Value(0.5, "w"), Value(-2.0, "x"), Value(0.3, "b")
z = w * x + b
y = z.sigmoid()
z.label, y.label = "z", "y"
print(mark(y, {"y": "0.332", "y/z": "0.222", "y/w": "-2.00"}))

# %% [markdown]
# ## Exercise
#
# This loop is to find the w for which w · 3 is 6.  It does not: w swings to and fro.
#
# ```python
# w = Value(0.0, "w")
# for _ in range(20):
#     loss = (w * 3.0 - 6.0) ** 2
#     loss.backward()
#     w.data -= 0.05 * w.grad
# ```
#
# By hand: where should w be after one step, and where after two?  Where is it in this loop?  Which of the five is it?  Mend it with
# one line.

# %%
from autograd_tiny import Exercise

descent = {"optimizer": "sgd", "learning_rate": 0.05, "parameters": ["w"]}
exercise = Exercise("loss = (w*3 - 6)**2", ["loss", "loss/w", "w'", "w''"], given={"w": 0}, training=descent)
exercise

# %% [markdown] tags=["solution"]
# The first step is right.  At the second, the gradient of the first is still there, since nothing sets it to zero: gradients add up.  No
# warning can tell: each graph is a new one, and to add the gradients of several graphs is how a batch is run.  With `w.grad = 0.0` before
# `backward`, w is 2 after a few steps.

# %% tags=["solution"]
for mended in (False, True):
    w, path = Value(0.0, "w"), []
    for _ in range(20):
        loss = (w * 3.0 - 6.0) ** 2
        if mended:
            w.grad = 0.0
        loss.backward()
        w.data -= 0.05 * w.grad
        path.append(w.data)
    print(exercise.check({"loss": 36.0, "loss/w": -36.0, "w'": path[0], "w''": path[1]}))
    print(f"mended: {mended}, w = {w.data:.4f}\n")
