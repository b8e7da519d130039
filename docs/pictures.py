"""The pictures of the documentation: python docs/pictures.py [--check]

Writes each as .svg and .dot to docs/pictures/.  With --check nothing is written: says which are missing or no longer show what
the code draws, and fails if there are any.  What is compared is the DOT text and, of the SVG, ids, titles and texts: the same
graph drawn by another program has other bytes.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from random import Random

from autograd_tiny import Value, losses, nn
from autograd_tiny.draw import Drawing, draw
from autograd_tiny.drawing.render import RenderError
from autograd_tiny.drawing.svg import structure
from autograd_tiny.formula import read_formula
from autograd_tiny.worked import three_three_three

FOLDER = Path(__file__).parent / "pictures"


def tanh_neuron() -> Value:
    """y = tanh(z) with z = w x + b, before backward."""
    return read_formula("z = w*x + b; y = tanh(z)").record({"w": -3, "x": 2, "b": 6.5}).output


def sigmoid_neuron() -> Value:
    """A neuron of the nn module: one node for the weighted sum, one for the activation."""
    weights, bias = [Value(0.5, "w1"), Value(-1.0, "w2")], Value(0.25, "b")
    y: Value = nn.Neuron(weights, bias, "sigmoid")([Value(2.0, "x1"), Value(0.5, "x2")])
    y.label = "y"
    return y


def square() -> Value:
    """A formula with constants."""
    x = Value(1.5, "x")
    y = 3 * (x - 1) ** 2
    y.label = "y"
    return y


def sum_with_itself() -> Value:
    """One value used twice."""
    a = Value(3.0, "a")
    y = a + a
    y.label = "y"
    return y


def network() -> Value:
    """Layers of three neurons with ReLU, sigmoid and softmax, parameters as nn labels them, and the loss."""
    model = nn.MLP([3, 3, 3, 3], ["relu", "sigmoid", "softmax"], rng=Random(1))
    loss: Value = losses.cross_entropy(model([Value(x, f"x[{i}]") for i, x in enumerate((0.1, 0.2, 0.7))]), 0)
    loss.label = "loss"
    return loss


def batch() -> Value:
    """The mean loss of a network over 50 samples: thousands of nodes."""
    rng = Random(1)
    model = nn.MLP([2, 16, 16, 1], ["tanh", "tanh", "linear"], rng=rng)
    samples = [[Value(rng.uniform(-1.0, 1.0), f"x[{i}][{j}]") for j in range(2)] for i in range(50)]
    loss: Value = losses.mean_squared_error([model(x)[0] for x in samples], [x[0].data * x[1].data for x in samples])
    loss.label = "loss"
    return loss


def differentiated(root: Value) -> Value:
    """The same root with backward run."""
    root.backward()
    return root


PICTURES: dict[str, Callable[[], Drawing]] = {
    "neuron-before-backward": lambda: draw(tanh_neuron()),
    "neuron": lambda: draw(differentiated(tanh_neuron())),
    "used-twice": lambda: draw(differentiated(sum_with_itself())),
    "constants": lambda: draw(differentiated(square())),
    "fused": lambda: draw(differentiated(sigmoid_neuron())),
    "opened": lambda: draw(differentiated(sigmoid_neuron()), expand=True),
    "network": lambda: draw(differentiated(network())),
    "network-gradients": lambda: draw(differentiated(network()), direction="TB", color_gradients=True),
    "three-three-three": lambda: draw(differentiated(three_three_three.record().loss)),
    "summary": lambda: draw(differentiated(batch())),
}


def write(name: str, drawing: Drawing) -> None:
    """Save a picture and its DOT text."""
    drawing.save(FOLDER / f"{name}.svg")
    drawing.save(FOLDER / f"{name}.dot")


def is_fresh(name: str, drawing: Drawing) -> bool:
    """Whether the saved picture shows what ``drawing`` does."""
    svg, dot = FOLDER / f"{name}.svg", FOLDER / f"{name}.dot"
    if not svg.exists() or not dot.exists():
        return False
    same_svg = structure(svg.read_text(encoding="utf-8")) == structure(drawing.svg())
    return same_svg and dot.read_text(encoding="utf-8") == drawing.dot


def main() -> int:
    """Write or check; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--check", action="store_true", help="write nothing, fail if a picture is not fresh")
    check = parser.parse_args().check
    drawings = {name: make() for name, make in PICTURES.items()}
    if not check:
        FOLDER.mkdir(exist_ok=True)
        for name, drawing in drawings.items():
            write(name, drawing)
        print(f"wrote {len(drawings)} pictures to {FOLDER}")
        return 0
    stale = [name for name, drawing in drawings.items() if not is_fresh(name, drawing)]
    stray = [file.name for file in sorted(FOLDER.glob("*")) if file.stem not in PICTURES]
    for name in stale:
        print(f"{name}: not fresh; run python docs/pictures.py")
    for name in stray:
        print(f"{name}: no picture of this name is made")
    return 1 if stale or stray else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except RenderError as error:
        sys.exit(str(error))
