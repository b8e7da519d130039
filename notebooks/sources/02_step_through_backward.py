# %% [markdown]
# # Backward, one node at a time
#
# After this notebook you can follow `backward` through any formula, one node at a time, and say why it must go in one
# particular order, and what goes wrong if it does not.
#
# In the first notebook one call of `backward` filled in all gradients.  This one takes that call apart.

# %%
from IPython.display import display

from autograd_tiny import Value, backward_steps, draw, explain
from autograd_tiny.engine.graph import topological_order
from autograd_tiny.views.widget import Stepper

# %% [markdown]
# ## The records
#
# `backward_steps` says what `backward` does, and changes nothing.  At each step it is one node's turn.  Its own gradient is
# complete by then, and each of its operands receives *local derivative × that gradient*, on top of what it has.

# %%
w, x, b = Value(-3.0, "w"), Value(2.0, "x"), Value(6.5, "b")
p = w * x
p.label = "p"
z = p + b
z.label = "z"
y = z.tanh()
y.label = "y"


def print_steps(root):
    for step in backward_steps(root):
        print(f"{step.number}. {step.node.label} has gradient {step.upstream:.4g}")
        for c in step.contributions:
            receives = f"{c.local_derivative:.4g} · {step.upstream:.4g} = {c.contribution:.4g}"
            print(f"   {c.operand.label} receives {receives}: {c.before:.4g} → {c.after:.4g}")


print_steps(y)

# %% [markdown]
# ## The stepper
#
# The same records, on the drawn graph, forward and then backward.  Step with the buttons, the slider or
# the arrow keys, click a node to see its whole chain rule, and move an input: everything follows.  `stepper.widget()` is the same, kept in
# step with Python.

# %%
stepper = Stepper(y)
display(stepper)

# %% [markdown]
# It can be moved from Python, too, and says what happens:

# %%
for step in range(stepper.last + 1):
    stepper.step = step
    print(stepper.caption)

# %% [markdown]
# `stepper.save("steps.html")` writes it as a page of its own, for slides or a lesson.

# %% [markdown]
# ## A node that is used twice

# %%
a = Value(1.0, "a")
b = a + a
b.label = "b"
c = b + b
c.label = "c"
draw(c)

# %% [markdown]
# Here `c` is 4 times `a`, whatever `a` is, so ∂c/∂a must be 4.  Now a `backward` as one might write it first: give each operand
# its share, and go on with that operand at once.

# %%
assert c.data == 4 * a.data


def naive_backward(node):
    for operand, local_derivative in zip(node.operands, node.local_derivatives):
        share = local_derivative * node.grad
        operand.grad += share
        print(f"{node.label} has {node.grad:g}, gives {share:g} to {operand.label}, now {operand.grad:g}")
        naive_backward(operand)


a.grad = b.grad = 0.0
c.grad = 1.0
naive_backward(c)
print(f"\n∂c/∂a according to naive_backward: {a.grad:g}")

# %% [markdown]
# Wrong.  Read the lines in order: `b` gives to `a` when it has only half of its own gradient, from the first of its two uses.
# Later it has all of it and gives again, *all* of it, so that the first half is counted twice.
#
# **A node may pass its gradient on only when it is complete**: after every node that uses it, and once.  An order in which
# operands come before the nodes that use them is called topological; backward follows it in reverse.

# %%
print("forward: ", " → ".join(node.label for node in topological_order(c)))
print("backward:", " → ".join(node.label for node in reversed(topological_order(c))))
print()
print_steps(c)

# %% [markdown]
# Each node has its turn once, and the gradient of `a` comes out right.  Every *path* from `c` down to `a` contributes one
# product, and the uses of a node are told apart by a number:

# %%
explain(c, wrt=a, through="all")

# %% [markdown]
# ## Why not follow every path?
#
# One could save the recursion by handing down only what is new.  That is right: it adds up the paths one by one.  But count:

# %%
def path_by_path(node, new=1.0):
    node.grad += new
    turns = 1
    for operand, local_derivative in zip(node.operands, node.local_derivatives):
        turns += path_by_path(operand, local_derivative * new)
    return turns


print("doublings   path by path   in topological order")
for doublings in (2, 4, 8, 16):
    root = start = Value(1.0, "a")
    for _ in range(doublings):
        root = root + root
    turns = path_by_path(root)
    along_paths, start.grad = start.grad, 0.0
    root.backward()
    assert along_paths == start.grad == 2.0**doublings
    print(f"{doublings:9}{turns:15,}{len(topological_order(root)):23}")

# %% [markdown]
# Both are right, but with each doubling the one does about twice the work, and the other one step more.

# %% [markdown]
# ## Exercise
#
# Here both `a` and `b` are used twice.  Find the gradients by hand, in an order in which each is complete before it is passed on.
#
# Then repair `naive_backward`: no recursion, each node once.  `topological_order(root)` gives the nodes that have operands, operands
# before users, and `exercise.labels` the nodes of this graph by their names.  `exercise.check({"c/a": ...})` marks what your code finds.

# %%
from autograd_tiny import Exercise

exercise = Exercise("b = a * a; d = a + b; c = b * d", ["b", "d", "c", "c/d", "c/b", "c/a"], given={"a": 2})
exercise

# %% tags=["solution"]
def my_backward(root):
    order = topological_order(root)
    for node in order:
        for operand in node.operands:
            operand.grad = 0.0
    root.grad = 1.0
    for node in reversed(order):
        for operand, local_derivative in zip(node.operands, node.local_derivatives):
            operand.grad += local_derivative * node.grad


nodes = exercise.labels
my_backward(nodes["c"])
print(exercise.check({name: nodes[name] for name in "bdc"} | {f"c/{name}": nodes[name].grad for name in "dba"}))

# %% [markdown] tags=["solution"]
# Compare it with the engine's own: `Value.backward`, in `autograd_tiny/engine/value.py`.
