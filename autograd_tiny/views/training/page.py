"""Pages on which a small network trains, or a training loop of Python is played back: one file that loads nothing."""

from __future__ import annotations

import base64
import math
import os
import struct
from collections.abc import Mapping, Sequence
from copy import deepcopy
from html import escape
from itertools import chain
from pathlib import Path
from typing import Any

from autograd_tiny.engine.refusals import finite_float
from autograd_tiny.nn import MLP, Layer
from autograd_tiny.optim import Optimizer
from autograd_tiny.storage.files import write_file
from autograd_tiny.text.palette import variables
from autograd_tiny.text.words import counted, listed, quoted, shortened
from autograd_tiny.views.training.programs import Loss, Scripts, n_inputs, write_network, write_optimizer
from autograd_tiny.views.widget.page import SHARED, framed, joined, source, standalone

HERE = Path(__file__).parent
MOST_PARAMETERS = 2000
MOST_CLASSES = 6
"""Where there are more or none, the page shows the first output itself."""
MOST_SAMPLES = 5000
LONGEST_TITLE = 120
HEIGHT = 980
"""Of the page in a notebook, in pixels."""

Samples = Sequence[Sequence[Any]] | Mapping[str, Sequence[Sequence[Any]]]


class NetworkPage:
    """A page that shows a network: what holds whether it trains there or is played back.

    Args:
        model: the network.
        loss: of the outputs of one sample, and the list of its targets.
        samples: rows with the inputs and then the targets; or several such, each under a name, to choose from.
        title: of the page.

    Attributes:
        title: of the page.
    """

    def __init__(self, model: MLP, loss: Loss, samples: Samples, title: str) -> None:
        if not isinstance(model, MLP) or type(model).__call__ is not MLP.__call__:
            raise TypeError(f"a training page shows the layers of an nn.MLP, got a {type(model).__name__}")
        if not isinstance(title, str):
            raise TypeError(f"a title is a text, got {quoted(title)}")
        self._model, self._loss, self.title = model, loss, shortened(title, LONGEST_TITLE)
        self._parameters = model.parameters()
        if not 1 <= len(self._parameters) <= MOST_PARAMETERS:
            sizes = f"of 1 to {MOST_PARAMETERS:,} parameters, this one has {len(self._parameters):,}"
            raise ValueError(f"a page shows a network {sizes}; train a large one with compile_model(...).fit")
        self._inputs = n_inputs(model)
        self._samples = _checked(samples, self._inputs)
        self._targets = len(next(iter(self._samples.values()))[0]) - self._inputs
        self._classes = _classes({tuple(row[self._inputs :]) for named in self._samples.values() for row in named})

    def _network(self, scripts: Scripts) -> dict[str, Any]:
        """Write the network's programs; the data of the page, but for what is moved."""
        write_network(scripts, self._model, self._loss, self._targets, self._classes)
        places = {x: i for i, x in enumerate(self._parameters)}
        fixed: list[float] = []
        layers = [_layer(layer, places, fixed) for layer in self._model.layers]
        return {
            "title": self.title,
            "inputs": self._inputs,
            "targets": self._targets,
            "classes": self._classes,
            "layers": layers,
            "fixed": fixed,
            "samples": self._samples,
        }

    def _made(self, scripts: Scripts) -> dict[str, Any]:
        """Write the programs of the page; its data."""
        raise NotImplementedError

    def html(self) -> str:
        """The page that `save` writes, as text."""
        scripts = Scripts()
        data = self._made(scripts)
        module = joined(*SHARED, HERE / "training.js", HERE / "training_page.js")
        return standalone(
            title=self.title,
            notice='the training cannot be shown. Save it again with TrainingPage(...).save("training.html").',
            main=("training", ""),
            data=data,
            style=variables(".autograd-training, .autograd-page") + source(HERE / "training.css"),
            script=f"{module}\nstartTraining(document, {scripts.text});\n",
        )

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the page to one file, an .html, which every current browser shows, and which loads nothing.

        Raises:
            ValueError: the name does not end in .html or .htm.
            OSError: the directory does not exist or cannot be written to.
        """
        if Path(path).suffix.lower() not in (".html", ".htm"):
            raise ValueError(f"the page is saved as .html, got {os.fspath(path)!r}")
        return write_file(path, self.html())

    def _repr_html_(self) -> str:
        """The page in a frame."""
        return framed(self.html(), self.title, f"<p>{escape(self.title)}: a page, which needs its script.</p>", HEIGHT)

    def __repr__(self) -> str:
        sizes = "-".join(str(n) for n in [self._inputs, *[len(layer.biases) for layer in self._model.layers]])
        first, *others = self._samples.values()
        several = listed(self._samples, 4) if others else counted(len(first), "sample")
        return f"<{type(self).__name__}: {self.title}; {sizes}, {several}>"


class TrainingPage(NetworkPage):
    """A page on which a small network trains: played or stepped, at the rate that is set there; one file, no server.

    It shows the loss over the steps; the graph at one sample, with weights, activations and gradients; for networks of
    two inputs the regions that they tell apart, and what each neuron gives over the plane.  All of it is computed by
    programs of the network, of its loss and of the optimizer's own `update`, with the derivatives by the rules of the
    table.  A step is taken on the mean loss of all samples, and gives the numbers of the eager loop up to rounding.

    Args:
        model: an `nn.MLP` of at most 2,000 parameters; its numbers now are those at the start.
        loss: ``loss(outputs, targets)`` of one sample's outputs and the list of its targets, as for `compile_model`.
        samples: rows with the inputs and then the targets; or a dict of such, to be chosen from on the page, as
            `autograd_tiny.samples.plane` gives it.  Two different targets are classes, and so are rows of one 1 among
            0s, up to six of them: a place belongs to the class whose targets would make the loss least.  Other targets
            are numbers.
        optimizer: made for the model's parameters, with a number for its learning rate.
        title: of the page.

    Raises:
        TypeError: another model than an MLP, or a loss or an optimizer that cannot be recorded, as one that branches.
        ValueError: rows of other lengths, too many parameters, an optimizer for others or with a schedule, numbers
            that are not finite.

    >>> from random import Random
    >>> from autograd_tiny import TrainingPage, losses, nn, optim, samples
    >>> model = nn.MLP([2, 8, 1], ["tanh", "tanh"], rng=Random(0))
    >>> page = TrainingPage(model, losses.half_squared_error, samples.plane(), optim.Adam(model.parameters(), 0.01))
    >>> page
    <TrainingPage: Training; 2-8-1, xor, circles, moons and spiral>
    >>> page.save("training.html")  # doctest: +SKIP
    """

    def __init__(
        self, model: MLP, loss: Loss, samples: Samples, optimizer: Optimizer, *, title: str = "Training"
    ) -> None:
        super().__init__(model, loss, samples, title)
        if optimizer.parameters != self._parameters:
            raise ValueError("the optimizer was made for other parameters: make it with model.parameters()")
        if callable(optimizer.learning_rate):
            raise ValueError(
                "a schedule is a function of Python, which a page cannot call: give the optimizer a number, "
                "or play a loop with a schedule back with record_training"
            )
        # Of its own: the page starts from the numbers of now, however the model is trained on.
        self._model, self._optimizer = deepcopy((model, optimizer))
        self._parameters = self._model.parameters()
        start = self._made(Scripts())  # what cannot be recorded is said at once
        if not all(map(math.isfinite, [*start["start"], *chain(*start["state"])])):
            raise ValueError("a parameter, or what the optimizer keeps of it, is not finite: no step leads from there")

    def _made(self, scripts: Scripts) -> dict[str, Any]:
        optimizer = self._optimizer
        data = self._network(scripts)
        return data | {
            "start": [float(x.data) for x in self._parameters],
            "state": [[float(x) for x in getattr(optimizer, name)] for name in optimizer.state],
            "taken": optimizer.steps,
            "rate": optimizer.rate(),
            "optimizer": type(optimizer).__name__,
            "count": write_optimizer(scripts, optimizer),
        }


class Recording(NetworkPage):
    """A training loop of Python, played back on a page; `record_training` makes it."""

    def __init__(self, model: MLP, loss: Loss, samples: Samples, title: str) -> None:
        if isinstance(samples, Mapping) and len(samples) != 1:
            raise ValueError(f"a loop trains on one set of samples, got {len(samples)}")
        super().__init__(model, loss, samples, title)
        self._network(Scripts())
        self._kept: list[list[float]] = []
        self._every, self._steps = 1, -1
        self.keep()

    def keep(self) -> None:
        """Keep the parameters as they are now, after another step.

        More than 500 steps are thinned out evenly, to every second one, then every fourth, and so on.

        Raises:
            ValueError: a parameter is not finite.
        """
        self._steps += 1
        numbers = [float(x.data) for x in self._parameters]
        if not all(map(math.isfinite, numbers)):
            what = f"after step {self._steps} a parameter is not finite"
            raise ValueError(f"{what}: training has diverged, take a smaller learning rate")
        if self._steps % self._every:
            return
        self._kept.append(numbers)
        if len(self._kept) > MOST_KEPT:
            self._kept, self._every = self._kept[::2], 2 * self._every

    def _made(self, scripts: Scripts) -> dict[str, Any]:
        kept = [_packed(numbers) for numbers in self._kept]
        return self._network(scripts) | {"start": self._kept[0], "kept": kept, "every": self._every}


MOST_KEPT = 500


def record_training(model: MLP, loss: Loss, samples: Samples, *, title: str = "Training, played back") -> Recording:
    """Record a training loop of your own, to be played back on a page.

    The parameters are kept as they are now, and at each call of ``keep``.  The page shows what a `TrainingPage` shows,
    at the parameters that the loop had.

    Args:
        model: an `nn.MLP` of at most 2,000 parameters, which your loop trains.
        loss: of the outputs of one sample and the list of its targets, as your loop has it; the page shows its mean.
        samples: rows with the inputs and then the targets.
        title: of the page.

    Raises:
        TypeError, ValueError: as `TrainingPage`.

    >>> from random import Random
    >>> from autograd_tiny import losses, nn, optim, record_training, samples
    >>> model, rows = nn.MLP([2, 4, 1], ["tanh", "tanh"], rng=Random(0)), samples.moons(20)
    >>> optimizer = optim.SGD(model.parameters(), 0.5)
    >>> run = record_training(model, losses.half_squared_error, rows)
    >>> for _ in range(10):
    ...     loss = sum(losses.half_squared_error(model(row[:2]), row[2:]) for row in rows) / len(rows)
    ...     optimizer.zero_grad()
    ...     loss.backward()
    ...     optimizer.step()
    ...     run.keep()
    >>> run.save("run.html")  # doctest: +SKIP
    """
    return Recording(model, loss, samples, title)


def _layer(layer: Layer, places: Mapping[Any, int], fixed: list[float]) -> dict[str, Any]:
    """Where the numbers of a layer stand: among the parameters, or behind them among the ``fixed`` ones."""

    def place(x: Any) -> int:
        if x in places:
            return places[x]
        fixed.append(float(getattr(x, "data", x)))
        return len(places) + len(fixed) - 1

    activation = layer.activation if isinstance(layer.activation, str) else getattr(layer.activation, "__name__", "")
    weights = [[place(w) for w in row] for row in layer.weights]
    return {"weights": weights, "biases": [place(b) for b in layer.biases], "activation": shortened(activation)}


def _classes(targets: set[tuple[float, ...]]) -> list[tuple[float, ...]]:
    """The targets of each class, if there are classes: two different ones, or rows of one 1 among 0s."""
    one_hot = all(sorted(row) == [0.0] * (len(row) - 1) + [1.0] for row in targets)
    return sorted(targets) if len(targets) == 2 or (one_hot and 2 < len(targets) <= MOST_CLASSES) else []


def _packed(numbers: Sequence[float]) -> str:
    """Numbers as their bytes, lowest first, in base 64."""
    return base64.b64encode(struct.pack(f"<{len(numbers)}d", *numbers)).decode()


def _is_rows(rows: Any) -> bool:
    return not isinstance(rows, str) and hasattr(rows, "__len__") and all(hasattr(row, "__len__") for row in rows)


def _checked(samples: Any, inputs: int) -> dict[str, list[list[float]]]:
    """The samples as floats, under their names.

    Raises:
        ValueError: there are none, too many, or a row is too short or longer than the first.
        TypeError: something is no number.
    """
    named = samples if isinstance(samples, Mapping) else {"samples": samples}
    if not named:
        raise ValueError("a training page needs samples: rows with the inputs and then the targets")
    found: dict[str, list[list[float]]] = {}
    length = 0
    for name, rows in named.items():
        if not _is_rows(rows):
            raise TypeError(
                f"{name}: a training page takes rows of numbers, the inputs and then the targets, or a dict of such, "
                f"as autograd_tiny.samples.plane() gives; got {quoted(rows)}"
            )
        if not 1 <= len(rows) <= MOST_SAMPLES:
            raise ValueError(f"{name}: a page takes 1 to {MOST_SAMPLES:,} samples, got {len(rows):,}")
        found[shortened(str(name))] = [[finite_float(x, f"{name}[{i}]") for x in row] for i, row in enumerate(rows)]
        for i, row in enumerate(rows):
            length = length or len(row)
            if len(row) != length or len(row) <= inputs:
                form = f"a row has the network's {counted(inputs, 'input')} and then the targets, as many in each row"
                raise ValueError(f"{name}[{i}] has {counted(len(row), 'number')}: {form}")
    return found
