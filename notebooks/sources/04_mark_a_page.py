# %% [markdown]
# # Mark a page of numbers
#
# After this notebook you can have the numbers of a derivation marked, your own, a student's or a book's: which are right,
# which only rounded, and which mistake made the wrong ones.
#
# The last notebook found slips in a published page.  This one does it for numbers of your own.  The exercise: one neuron with a
# sigmoid, one sample, the error half the square of the difference.

# %%
from autograd_tiny import draw, mark
from autograd_tiny.formulas import read_formula

formula = """
z = w1*x1 + w2*x2 + b
a = sigmoid(z)
E = (a - t)**2 / 2
"""
inputs = {"w1": 0.4, "w2": -0.3, "b": 0.1, "x1": 1.5, "x2": 2.0, "t": 1.0}
recorded = read_formula(formula).record(inputs)

# %% [markdown]
# And here is what a student handed in.  Numbers are given as text, since `0.5250` says more than `0.525`.  `E/a` stands for
# ∂E/∂a, and `w1'` for the weight after a step of gradient descent:

# %%
handed_in = {
    "z": "0.1",
    "a": "0.525",
    "E": "0.1128",
    "E/a": "-0.475",
    "a/z": "0.249",
    "E/z": "-0.118",
    "E/w1": "-0.118",
    "E/w2": "-0.236",
    "w1'": "0.4118",
    "w2'": "-0.3236",
}
report = mark(recorded.output, handed_in, learning_rate=0.1)
report

# %% [markdown]
# Three numbers are wrong, by two mistakes.
#
# In ∂E/∂w1 the factor x1 is missing.  The engine does not guess: it makes that mistake itself, in the formula that should have
# been followed, and gets exactly the printed number.  The update of w1 is right, but for the wrong derivative that went into
# it.  The update of w2 goes uphill.  And ∂E/∂w2 = -0.236 is no mistake: it follows from ∂E/∂z = -0.118, which was rounded.

# %%
for slip in report.slips:
    print(slip.sentence)

# %% [markdown]
# The same on the graph.  Each printed number stands beside its node; hold the pointer over a box for the sentence.

# %%
recorded.output.backward()
draw(recorded.output, notes=report.notes())

# %% [markdown]
# ## How sure is it?
#
# A mistake is named only if it gives the printed number, digit for digit.  With few digits many things fit, and then the engine
# says nothing.  The same slip, printed with fewer and fewer digits; the last could even be the right number, -0.178, cut off:

# %%
for printed in ("-0.11846", "-0.118", "-0.12", "-0.1"):
    (found,) = mark(recorded.output, {"E/w1": printed}).marks
    print(f"{printed:9} {found.verdict:8} {found.why or 'nothing known explains it'}")

# %% [markdown]
# And a number that is just wrong is called wrong:

# %%
print(mark(recorded.output, {"E/w1": "-0.15234"}).story[-1])

# %% [markdown]
# ## Numbers from before an edit
#
# Someone changes an input late, and computes only some of the numbers again.  Each of these two is wrong, and no mistake in its
# own formula explains it.  Together they fit one other value of a:

# %%
edited = mark(recorded.output, {"E/a": "-0.43800", "a/z": "0.24616"})
print(edited.story[-1])

# %% [markdown]
# A page can also be a file, and `autograd-tiny mark page.toml` then checks it in a terminal or whenever a book is built: see
# [Marking published numbers](../docs/marking.md).

# %% [markdown]
# ## Exercise
#
# Now you are the one who is marked.  The same neuron, another weight, with all that the student was asked for.  Try a mistake or two:
# which are named, and what is said about numbers that follow from them?

# %%
from autograd_tiny import Exercise

exercise = Exercise(formula, list(handed_in), given=inputs | {"w1": -0.2}, learning_rate=0.1)
exercise

# %% tags=["solution"]
from math import exp

z = -0.2 * 1.5 - 0.3 * 2.0 + 0.1
a = 1 / (1 + exp(-z))
by_hand = {"z": z, "a": a, "E": (a - 1) ** 2 / 2, "E/a": a - 1, "a/z": a * (1 - a), "E/z": (a - 1) * a * (1 - a)}
by_hand |= {"E/w1": by_hand["E/z"] * 1.5, "E/w2": by_hand["E/z"] * 2.0}
by_hand |= {"w1'": -0.2 - 0.1 * by_hand["E/w1"], "w2'": -0.3 - 0.1 * by_hand["E/w2"]}
print(exercise.check(by_hand))
