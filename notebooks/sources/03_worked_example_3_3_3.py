# %% [markdown]
# # A network, number by number
#
# After this notebook you can follow a small network forward to its loss and backward to its weights, read a softmax's table
# of derivatives, and find out whether the numbers printed in a worked example are right.
#
# So far there was one neuron at most.  This network was published as a worked example in 2019: three inputs, then three layers
# of three neurons with ReLU, sigmoid and softmax.  Its inputs, weights and names are kept here as they were.

# %%
from autograd_tiny import Value, draw, explain, losses, optim, softmax
from autograd_tiny.worked import three_three_three as example

recorded = example.record()
nodes = recorded.nodes

draw(recorded.loss, show=())

# %% [markdown]
# `W_i1j2` is the weight from input 1 (layer i) to neuron 2 of the first layer (j).  A neuron has two numbers: its weighted sum
# (`h1_in2`) and what its activation makes of it (`h1_out2`).  Layers are called `h1`, `h2` and `O`, for output.  `Σ w x` is a
# weighted sum with its bias.

# %% [markdown]
# ## Forward
#
# One neuron, with its numbers:

# %%
draw(nodes["h1_out1"])

# %% [markdown]
# And all nine:

# %%
for layer in ("h1", "h2", "O"):
    for part in ("in", "out"):
        numbers = [nodes[f"{layer}_{part}{n}"].data for n in (1, 2, 3)]
        print(f"{layer}_{part}".ljust(8), "  ".join(f"{number:.4f}" for number in numbers))

# %% [markdown]
# The outputs should have been `TARGETS`.  The page's loss adds up, over the outputs, E = -(y log O + (1 - y) log(1 - O)) with
# y the target.

# %%
print("targets ", example.TARGETS)
for label in ("E1", "E2", "E3", "E_total"):
    print(f"{label:8} {nodes[label].data:.4f}")

# %% [markdown]
# ## Backward through the softmax
#
# Each output of a softmax depends on *all* of its inputs: raising one raises its own output and lowers the others.  So its
# derivatives are a square table, the Jacobian.  Here is the end of the network by itself, from the last weighted sums to the
# loss, after `backward`:

# %%
sums = [Value(nodes[f"O_in{n}"].data, f"O_in{n}") for n in (1, 2, 3)]
outputs = list(softmax(sums))
for n, output in enumerate(outputs, 1):
    output.label = f"O_out{n}"
loss = losses.binary_cross_entropy(outputs, example.TARGETS)
loss.label = "E_total"
loss.backward()
draw(loss)

# %% [markdown]
# The nine numbers on the arrows into the softmax are the Jacobian.  One row per output, one column per input:

# %%
print(" " * 9 + "".join(f"∂{s.label}".rjust(10) for s in sums))
for output in outputs:
    print(f"∂{output.label:8}" + "".join(f"{d:10.4f}" for d in output.local_derivatives))

# %% [markdown]
# So the gradient of `O_in1` is a sum over three outputs, down the first column: each number times the `grad` of its output.
# The diagonal alone gives something else.  `backward` on the whole network agrees with the full sum:

# %%
recorded.loss.backward()

print(" " * 8 + "diagonal alone   whole column   backward")
for j, s in enumerate(sums):
    terms = [output.grad * output.local_derivatives[j] for output in outputs]
    print(f"{s.label:8}{terms[j]:14.4f}{sum(terms):15.4f}{nodes[s.label].grad:11.4f}")

# %% [markdown]
# ## The same in matrices
#
# With the weights of a layer as a matrix, a layer is one line: a row of inputs times the weights, plus the biases.  `W_ij[0][1]` is
# now what `W_i1j2` was.

# %%
whole = example.page().record()
print(example.page().formula)
whole.arrays["W_kl"]

# %% [markdown]
# And so is its backward pass: the derivative by all nine weights at once, with shapes, and below it one of them in scalars.

# %%
explain(whole.output, wrt=whole.arrays["W_kl"])

# %% [markdown]
# ## Is the page right?
#
# Every number printed on the page is kept with the project, and compared with the engine's at the precision it was printed with:

# %%
report = example.marked()
print(report.story[0])

# %% [markdown]
# The next notebook says what these words mean.  The first slip is a small one, in a weighted sum of the second layer.  Without
# the engine, from its inputs, its weights and its bias:

# %%
first = report.first_slip
row = [weights[2] for weights in example.WEIGHTS_JK]
inputs = [nodes[f"h1_out{n}"].data for n in (1, 2, 3)]
bias = example.BIASES[2]
by_hand = sum(x * weight for x, weight in zip(inputs, row)) + bias
products = " + ".join(f"{x:.4g} · {weight}" for x, weight in zip(inputs, row))
print(f"{products} + {bias} = {by_hand:.4f}")
print(f"the page says {first.claim.quantity} = {first.claim.printed.text}")

# %% [markdown]
# The derivative of the second loss, E2, by its output is another matter.  The target of output 2 is 0, so a larger `O_out2` is
# worse, and the derivative must be positive.  The page has a minus sign.  A nudge decides:

# %%
slope = next(mark for mark in report.marks if str(mark.claim.quantity) == "∂E2/∂O_out2")


def loss_of_output_2(output):
    return losses.binary_cross_entropy([output], [example.TARGETS[1]])


output, h = nodes["O_out2"].data, 1e-6
nudged = (loss_of_output_2(output + h) - loss_of_output_2(output - h)) / (2 * h)
print(f"page {slope.claim.printed.text}, engine {slope.value:.4f}, nudged {nudged:.4f}")

# %% [markdown]
# ## One step downhill
#
# Each weight and bias moves a little against its gradient: w ← w - learning rate · ∂E_total/∂w.

# %%
model = recorded.model
weight = nodes["W_k1l1"]
print(f"gradient of {weight.label}: {weight.grad:.4f}")
print(f"before: loss {recorded.loss.data:.4f}, {weight.label} {weight.data:.6f}")

optimizer = optim.SGD(model.parameters(), learning_rate=example.LEARNING_RATE)
optimizer.step()

after = losses.binary_cross_entropy(model(example.INPUTS), example.TARGETS)
print(f"after:  loss {after.data:.4f}, {weight.label} {weight.data:.6f}")

# %% [markdown]
# The loss went down.

# %% [markdown]
# ## Exercise
#
# The end of such a network by hand, with other numbers: three weighted sums, their softmax, and the loss of two of its outputs, with
# targets 1 and 0.  For the derivative by `s1`, take all of its column that the loss uses.

# %%
from autograd_tiny import Exercise

s = [Value(x, f"s{n}") for n, x in enumerate((0.2, 1.1, -0.4), 1)]
o = list(softmax(s))
for n, output in enumerate(o, 1):
    output.label = f"o{n}"
E = losses.binary_cross_entropy(o[:2], [1, 0])
E.label = "E"

exercise = Exercise(E, ["o1", "o2", "E", "E/o1", "E/o2", "o1/s1", "o2/s1", "E/s1"])
exercise

# %% [markdown] tags=["solution"]
# E = -log o1 - log(1 - o2), so its derivatives are -1 / o1 and 1 / (1 - o2).  In the column of `s1` stand o1 (1 - o1) and -o2 o1.

# %% tags=["solution"]
from math import exp, log

powers = [exp(x) for x in (0.2, 1.1, -0.4)]
o1, o2, _ = (power / sum(powers) for power in powers)
by_hand = {"o1": o1, "o2": o2, "E": -log(o1) - log(1 - o2), "E/o1": -1 / o1, "E/o2": 1 / (1 - o2)}
by_hand |= {"o1/s1": o1 * (1 - o1), "o2/s1": -o2 * o1, "E/s1": -(1 - o1) - o2 * o1 / (1 - o2)}
print(exercise.check(by_hand))
