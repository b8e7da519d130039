"""What the gallery shows.  Each function is an exhibit: it returns what a notebook would show.

The body of the function is the code beside the picture, with the imports it needs.  The docstring is the rest: a title, and a
sentence under it.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

from autograd_tiny import (
    Stepper,
    TrainingPage,
    Value,
    array,
    draw,
    exp,
    explain,
    gradient,
    greater,
    label_locals,
    losses,
    mark,
    nn,
    optim,
    samples,
    sigmoid,
    sin,
    step_size_curve,
    tanh,
    where,
)
from autograd_tiny.marking.report import Report
from autograd_tiny.views.drawing.draw import Drawing
from autograd_tiny.views.explain import Explanation
from autograd_tiny.worked import plots, three_three_three
from autograd_tiny.worked.char_gpt import CharGPT, attention
from autograd_tiny.worked.plots import Plot
from docs.gallery.files import Terminal

# The graph of a computation.


def neuron() -> Drawing:
    """A neuron

    Data and gradient in every box, the local derivative on every edge: a gradient is the number on the edge times the gradient
    that the edge leads to.
    """
    w, x, b = Value(-3.0, "w"), Value(2.0, "x"), Value(6.5, "b")
    y = (w * x + b).tanh()
    y.backward()
    return draw(y)


def neuron_before_backward() -> Drawing:
    """Before backward

    Local derivatives are known as soon as a node is computed; gradients are not.
    """
    w, x, b = Value(-3.0), Value(2.0), Value(6.5)
    z = w * x + b
    y = tanh(z)
    label_locals()
    return draw(y)


def used_twice() -> Drawing:
    """A shared value

    Used twice, a value has two edges, and its gradient is the sum over both.
    """
    a = Value(3.0, "a")
    y = a * a + a
    y.backward()
    return draw(y)


def constants() -> Drawing:
    """Constants

    Numbers written in a formula are small, and no derivative stands on their edges; an exponent is part of its operation.
    """
    x = Value(1.5, "x")
    y = 3 * (x - 1) ** 2
    y.backward()
    return draw(y)


def choice() -> Drawing:
    """A choice

    `where` takes the first branch if its condition is not 0, and the second if it is: 0 stands on the edges of the condition and of
    the branch that was not taken, and nothing goes back along them.
    """
    x = Value(-2.0)
    positive = greater(x, 0)
    straight = 3 * x
    curved = exp(x)
    y = where(positive, straight, curved)
    label_locals()
    y.backward()
    return draw(y)


def top_to_bottom() -> Drawing:
    """Another direction, other numbers

    From top to bottom, with two decimals, without gradients.
    """
    a, b = Value(0.5, "a"), Value(-2.0, "b")
    y = sigmoid(a * b) + a
    return draw(y, direction="TB", digits=".2f", show=["data", "derivatives"])


def labels() -> Drawing:
    """Any label

    A label is a name for people: signs of mathematics, markup, quotation marks and line ends stand there as they were typed, and what
    is too long is cut.
    """
    theta, markup = Value(0.5, "θ̂₁ = ∂ℓ/∂ŷ"), Value(2.0, '<b>"x" & \\N</b>')
    broken, long = Value(-1.0, "one\ntwo"), Value(0.25, "the weight from the last hidden neuron to the output")
    y = theta * markup + broken * long
    y.label = "größe ≤ ½"
    y.backward()
    return draw(y)


def fused() -> Drawing:
    """Fused operations

    A neuron is two nodes: the weighted sum, and the activation.
    """
    weights, bias = [Value(0.5, "w1"), Value(-1.0, "w2")], Value(0.25, "b")
    y = nn.Neuron(weights, bias, "sigmoid")([Value(2.0, "x1"), Value(0.5, "x2")])
    y.backward()
    return draw(y)


def opened() -> Drawing:
    """The same, opened

    The same neuron with its fused operations opened into simple ones; the gradients of its leaves are the same.
    """
    weights, bias = [Value(0.5, "w1"), Value(-1.0, "w2")], Value(0.25, "b")
    y = nn.Neuron(weights, bias, "sigmoid")([Value(2.0, "x1"), Value(0.5, "x2")])
    y.backward()
    return draw(y, expand=True)


def second_derivative() -> Drawing:
    """The gradient of a gradient

    `gradient` records how it computes, so its result is a graph like any other: the slope of x sin x, and here the slope of that.
    """
    x = Value(2.0, "x")
    (slope,) = gradient(x * sin(x), [x])
    slope.label = "slope"
    slope.backward()
    return draw(slope)


# Networks.


def network() -> Drawing:
    """Layers as frames

    Parameters that belong to a part of a model, as their labels tell, stand in its frame.
    """
    model = nn.MLP([2, 2, 2], ["relu", "softmax"], rng=Random(1))
    loss = losses.cross_entropy(model([Value(0.8, "x[0]"), Value(-0.4, "x[1]")]), 0)
    loss.label = "loss"
    loss.backward()
    return draw(loss)


def network_gradients() -> Drawing:
    """Gradients by colour

    Orange grounds are positive gradients, violet ones negative; the stronger the colour, the larger the gradient.
    """
    model = nn.MLP([3, 3, 3, 3], ["relu", "sigmoid", "softmax"], rng=Random(1))
    loss = losses.cross_entropy(model([Value(x, f"x[{i}]") for i, x in enumerate((0.1, 0.2, 0.7))]), 0)
    loss.label = "loss"
    loss.backward()
    return draw(loss, direction="TB", color_gradients=True)


def arrays() -> Drawing:
    """Layers as arrays

    A box for each array, its numbers and gradients in tables, on the edges what backward does there.
    """
    X, Y = array([[0.5, -1.0], [1.0, 0.25], [-0.5, 2.0]], "X"), [[1.0], [0.0], [1.0]]
    W1, b1 = array([[0.2, -0.4, 0.1], [0.7, 0.3, -0.6]], "W1"), array([0.1, 0.0, -0.1], "b1")
    W2 = array([[0.5], [-0.3], [0.8]], "W2")
    Z1 = X @ W1 + b1
    A1 = Z1.tanh()
    P = A1 @ W2
    E = losses.half_squared_error(P, Y)
    E.backward()
    return draw(E, through="arrays")


def array_opened() -> Drawing:
    """An array opened

    The same product of a matrix and a vector, one of its arrays opened into the scalars that it consists of.
    """
    W, x = array([[1.0, -2.0], [0.5, 3.0], [0.25, 1.0]], "W"), array([2.0, 1.0], "x")
    z = W @ x
    a = z.relu()
    y = a.sum()
    y.backward()
    return draw(y, through="arrays", expand=["z", "x"])


def attention_head() -> Drawing:
    """A head of attention

    A query asks two keys, and gets the mean of their values that softmax weighs.
    """
    query = [Value(0.6), Value(-0.4)]
    keys = [[Value(0.1), Value(0.3)], [Value(-0.5), Value(0.2)]]
    values = [[Value(1.0)] * 2, [Value(-0.5)] * 2]
    label_locals()
    (first, _) = attention(query, keys, values, heads=1)
    first.label = "first"
    first.backward()
    return draw(first)


def summary() -> Drawing:
    """A summary

    The mean loss of a network over 50 samples.  What no longer fits on a page is drawn as a box for each part of the model and each kind of
    operation, with counts.
    """
    rng = Random(1)
    model = nn.MLP([2, 16, 16, 1], ["tanh", "tanh", "linear"], rng=rng)
    samples = [[Value(rng.uniform(-1.0, 1.0), f"x[{i}][{j}]") for j in range(2)] for i in range(50)]
    loss = losses.mean_squared_error([model(x)[0] for x in samples], [x[0].data * x[1].data for x in samples])
    loss.label = "loss"
    loss.backward()
    return draw(loss)


def gpt() -> Drawing:
    """A small GPT

    A transformer over letters reads one name: thousands of scalars, in a few boxes.
    """
    loss = CharGPT(rng=Random(0)).loss_of("ada")
    loss.label = "loss"
    loss.backward()
    return draw(loss)


# A published example, and marks.


def three_by_three() -> Drawing:
    """The 3-3-3 example

    A published worked example: three inputs, then layers of three neurons with ReLU, sigmoid and softmax.
    """
    loss = three_three_three.record().loss
    loss.backward()
    return draw(loss)


def three_by_three_marked() -> Drawing:
    """The 3-3-3 example, marked

    Every number that was printed for a node, on the colour of its verdict.
    """
    loss = three_three_three.record().loss
    loss.backward()
    return draw(loss, notes=three_three_three.marked().notes())


def marks() -> Terminal:
    """A marked page

    Right, rounded, carried on from an earlier slip, or wrong, and by which mistake.  The page is a file of formulas, inputs and printed
    numbers.
    """
    return Terminal("autograd-tiny mark docs/neuron.toml")


def report() -> Report:
    """A report in a notebook

    The first sentence counts, the others tell what went wrong and how far it was carried; where the pointer rests on a row, it is
    explained.
    """
    w, x = Value(0.5), Value(-2.0)
    z = w * x + 0.3
    y = sigmoid(z)
    label_locals()
    return mark(y, {"z": "-0.7", "y": "0.331", "y/z": "0.2214", "y/w": "0.4428", "y/x": "0.1107"})


def marks_on_graph() -> Drawing:
    """Marks on a graph

    What was printed stands beside what the engine computes, on the colour of its verdict.
    """
    w, x, b = Value(-3.0), Value(2.0), Value(6.5)
    z = w * x + b
    y = tanh(z)
    loss = (y - 1) ** 2 / 2
    label_locals()
    loss.backward()
    printed = {"z": "0.5", "y": "0.462", "loss/y": "-0.538", "loss/z": "-0.423", "loss/w": "-1.076", "loss/b": "0.423", "w'": "-2.892"}
    return draw(loss, notes=mark(loss, printed, learning_rate=0.1).notes())


# Steps and formulas.


def stepper() -> Stepper:
    """The stepper

    Forward, then backward, one node at a time, with the formula of every step: a widget in a notebook, and elsewhere one HTML file.
    """
    w, x, b = Value(-3.0), Value(2.0), Value(6.5)
    z = w * x + b
    y = z.tanh()
    label_locals()
    return Stepper(y)


def inputs_that_move() -> Stepper:
    """Inputs that move

    On the page every input has a slider, and all that is shown follows.  A nudge shows the change that the gradient predicts beside the
    one that happens: here for the squared error of a line at one point.
    """
    w, x, t = Value(0.75), Value(2.0), Value(1.0)
    y = w * x
    loss = (y - t) ** 2
    label_locals()
    return Stepper(loss)


def stills() -> list[Path]:
    """Stills

    One SVG for each step, for slides, in which nothing moves from one to the next.  Here: y is known; z hands its gradient on; every
    gradient is complete.
    """
    w, x, b = Value(-3.0), Value(2.0), Value(6.5)
    z = w * x + b
    y = z.tanh()
    label_locals()
    frames = Stepper(y).save_frames("frames")
    return [frames[3], frames[6], frames[-1]]


def steps_in_terminal() -> Terminal:
    """Steps in a terminal

    The same as tables.
    """
    return Terminal('autograd-tiny step "z = w*x + b; y = tanh(z)" w=-3 x=2 b=6.5')


def explanation() -> Explanation:
    """The chain rule, written out

    As text, as LaTeX for slides, and as MathML for pages.
    """
    x, t = Value(1.5), Value(0.25)
    u = x * x
    p = sigmoid(u)
    loss = (p - t) ** 2
    label_locals()
    return explain(loss, wrt=x)


# Curves.


def step_sizes() -> Any:
    """How exact numeric derivatives are

    The error of a difference quotient over its step: it falls until rounding takes over.
    """
    return step_size_curve(lambda x: sin(x) / x, 1.5).plot()


def training() -> Plot:
    """Training

    The loss of a small network on an exclusive or, step by step, under two optimizers.
    """
    points, targets = [(0.0, 0.0), (0.0, 1.0), (1.0, 0.0), (1.0, 1.0)], [0.0, 1.0, 1.0, 0.0]
    histories: dict[str, list[float]] = {}
    for optimizer_class in (optim.SGD, optim.Adam):
        model = nn.MLP([2, 8, 1], ["tanh", "linear"], rng=Random(0))
        optimizer = optimizer_class(model.parameters(), 0.1)
        history = histories[optimizer_class.__name__] = []
        for _ in range(100):
            loss = losses.mean_squared_error([model(point)[0] for point in points], targets)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            history.append(loss.data)
    return plots.curves(histories, title="Exclusive or", x_label="step", y_label="loss")


def training_page() -> TrainingPage:
    """A network that trains on a page

    Played or stepped, at the rate that is set there: the regions that it tells apart, what each neuron gives over the plane, and the graph
    at one sample, with weights, activations and gradients.  One file, without a server.
    """
    model = nn.MLP([2, 8, 8, 1], ["tanh", "tanh", "tanh"], rng=Random(0))
    optimizer = optim.Adam(model.parameters(), 0.01)
    return TrainingPage(model, losses.half_squared_error, samples.plane(), optimizer)


CHAPTERS: dict[str, list[Callable[[], Any]]] = {
    "Graphs": [neuron, neuron_before_backward, used_twice, constants, choice, top_to_bottom, labels, fused, opened, second_derivative],
    "Networks": [network, network_gradients, arrays, array_opened, attention_head, summary, gpt],
    "Marks": [three_by_three, three_by_three_marked, marks, report, marks_on_graph],
    "Steps and formulas": [stepper, inputs_that_move, stills, steps_in_terminal, explanation],
    "Curves": [step_sizes, training, training_page],
}
