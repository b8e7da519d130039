"""Neurons, layers and networks built from Values.

A weight is indexed as on paper: ``weights[i][j]`` leads from input i to neuron j.  Parameters may be Values, to be
learned, or floats, where a model is only evaluated (`Module.frozen`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import pairwise
from random import Random
from types import MappingProxyType
from typing import Any, TypeVar

from autograd_tiny.arrays.recorded import Array, array, weighted_sums
from autograd_tiny.engine.contents import Holder, contents, hidden, is_parameter, rebuilt, walk
from autograd_tiny.engine.refusals import finite_float
from autograd_tiny.engine.row import MultiPrimitive, Primitive
from autograd_tiny.engine.table import TABLE, dot
from autograd_tiny.engine.value import Value, lifted, recorder
from autograd_tiny.text.numbers import as_whole
from autograd_tiny.text.words import counted, did_you_mean, foreign_word, listed

ModuleT = TypeVar("ModuleT", bound="Module")
Activation = str | Callable[..., Any]


def uniform(n_inputs: int, n_outputs: int, rng: Random) -> float:
    """Between -1 and 1."""
    return rng.uniform(-1.0, 1.0)


def xavier(n_inputs: int, n_outputs: int, rng: Random) -> float:
    """Uniform with variance 2 / (inputs + outputs).

    Glorot and Bengio (2010), Understanding the difficulty of training ...
    """
    bound = math.sqrt(6.0 / (n_inputs + n_outputs))
    return rng.uniform(-bound, bound)


def he(n_inputs: int, n_outputs: int, rng: Random) -> float:
    """Normal with variance 2 / inputs, for ReLU.  He et al. (2015), Delving deep into rectifiers."""
    return rng.gauss(0.0, math.sqrt(2.0 / n_inputs))


INITIALIZERS: Mapping[str, Callable[[int, int, Random], float]] = MappingProxyType(
    {"uniform": uniform, "xavier": xavier, "he": he}
)

MODULES: Mapping[str, str] = MappingProxyType(
    {
        "forward": "a call, model(x); a class of your own defines __call__",
        "train": "nothing, since no layer behaves otherwise while it is trained",
        "eval": "model.frozen(), a copy that computes floats",
        "to": "nothing: all numbers are Python's floats; compile_model makes native code",
        "half": "nothing: all numbers are floats of 64 bits",
        "cuda": "nothing: compile_model(model, loss) makes native code, and its to_jax a function for accelerators",
        "compile": "compile_model(model, loss)",
        "fit": "a loop of backward and step, or compile_model(model, loss) and its fit",
    }
)
"""Methods of modules and models."""
NETWORKS: Mapping[str, str] = MappingProxyType(
    {
        "Linear": 'Layer(n, m), or Layer(n, m, "relu") with its activation',
        "Dense": 'Layer(n, m, "relu")',
        "Sequential": 'MLP([2, 4, 1], ["relu", "linear"]), or MLP.from_layers([...])',
        "Parameter": "autograd_tiny.Value",
        "ReLU": 'the activation of a layer, "relu"',
        "Sigmoid": 'the activation of a layer, "sigmoid"',
        "Tanh": 'the activation of a layer, "tanh"',
        "Softmax": 'the activation of a layer, "softmax"',
        "MSELoss": "losses.mean_squared_error",
        "BCELoss": "losses.binary_cross_entropy",
        "BCEWithLogitsLoss": "losses.binary_cross_entropy_from_logits",
        "CrossEntropyLoss": "losses.cross_entropy_from_logits, or of probabilities losses.cross_entropy",
        "functional": "the rows of the table, as autograd_tiny.relu, and losses",
    }
)
"""Names in ``torch.nn`` and ``keras.layers``."""


class Module(Holder):
    """Something with parameters.

    A subclass has `__call__`, and keeps its parameters in its attributes: Values, or lists, tuples, dicts, NumPy arrays
    and modules of them, nested as you like.  What was computed is no parameter, and no `Constant` is one.
    """

    def named_parameters(self) -> dict[str, Value]:
        """The parameters by where they live, as ``layers[0].weights[1][2]``.  A shared one stands under its first name.

        Raises:
            TypeError: a parameter is where this does not look, in a set, a function or another object, and nowhere
                else.
            ValueError: two parameters have the same name.
        """
        places: dict[Value, str] = {}
        others: list[tuple[str, Any]] = []
        for place, thing in walk(self):
            if not isinstance(thing, Value):
                others.append((place, thing))
            elif thing not in places:
                places[thing] = place
        for name, thing in hidden(others):
            if is_parameter(thing) and thing not in places:
                raise TypeError(
                    f"this {type(self).__name__} has {thing!r} inside {name}, where no parameter is looked for: "
                    "keep it in an attribute, "
                    "a list, tuple, dict, array or module; if it is not to be learned, make it a Constant"
                )
        parameters = self._learned(places)
        named = {places[x]: x for x in parameters}
        if len(named) < len(parameters):
            name = next(places[x] for x in parameters if named[places[x]] is not x)
            raise ValueError(
                f"this {type(self).__name__} has two parameters in places called {name}; rename one of the places"
            )
        return named

    def stand_in(self, values: Iterable[Any]) -> None:
        """Take Values for parameters though they were computed: those of a copy, such as a model of derivatives."""
        vars(self)["__stand_ins__"] = frozenset(x for x in values if isinstance(x, Value))

    def parameters(self) -> list[Value]:
        """The parameters, each once.

        Raises:
            TypeError, ValueError: as `named_parameters`.
        """
        nodes, others = contents(self)
        return list(self.named_parameters().values()) if others else self._learned(dict.fromkeys(nodes))

    def _learned(self, found: Iterable[Any]) -> list[Value]:
        stand_ins = vars(self).get("__stand_ins__", ())
        return (
            [x for x in found if x in stand_ins or is_parameter(x)] if stand_ins else list(filter(is_parameter, found))
        )

    def zero_grad(self) -> None:
        """Set every parameter's grad to 0, before the next ``backward``."""
        for parameter in self.parameters():
            parameter.grad = 0.0

    def state_dict(self) -> dict[str, float]:
        """The parameters' numbers by name; `load_state_dict` sets them, `save_parameters` writes them to a file."""
        return {name: parameter.data for name, parameter in self.named_parameters().items()}

    def load_state_dict(self, state: Mapping[str, float]) -> None:
        """Give every parameter the number that stands under its name.

        All is checked before the first parameter is changed.

        Args:
            state: a finite number for each name of `named_parameters`, and no others.

        Raises:
            ValueError: a name is missing or unknown, or a number is not finite.
            TypeError: something is no number.

        >>> model = MLP([2, 1], ["linear"], rng=Random(0))
        >>> weights = {"layers[0].weights[0][0]": 0.5, "layers[0].weights[1][0]": -1.0}
        >>> model.load_state_dict({**weights, "layers[0].biases[0]": 0.25})
        >>> model([1.0, 1.0])[0].data
        -0.25
        """
        if not isinstance(state, Mapping):
            raise TypeError(
                "load_state_dict takes a mapping from names to numbers, as state_dict gives it, "
                f"got a {type(state).__name__}"
            )
        parameters = self.named_parameters()
        if fault := _mismatch(parameters, state):
            raise ValueError(f"the numbers do not fit this {type(self).__name__}: {fault}")
        numbers = {name: finite_float(state[name], name) for name in parameters}
        for name, parameter in parameters.items():
            parameter.data = numbers[name]

    def frozen(self: ModuleT) -> ModuleT:
        """A copy whose Values are plain numbers: on floats it computes floats and records nothing.

        What is no container of Values is not copied: the two have it in common.
        """
        others: list[Any] = []
        copies: dict[int, Any] = {}

        def numbers(things: list[Any]) -> list[Any]:
            values = [x.data for x in things if x.__class__ is Value]
            if len(values) == len(things):
                return values
            others.extend(x for x in things if not isinstance(x, Value))
            return [x.data if isinstance(x, Value) else x for x in things]

        copy = rebuilt(self, numbers, copies)
        keys = [x.keys() for x in copies.values() if isinstance(x, dict)]
        if any(is_parameter(x) for _, x in hidden(("", x) for x in others + keys)):
            self.named_parameters()  # which refuses one that would not be found here either
        return copy  # type: ignore[no-any-return]

    def label_parameters(self) -> None:
        """Label every unlabelled parameter by where it lives."""
        for name, parameter in self.named_parameters().items():
            parameter.label = parameter.label or name

    def __call__(self, inputs: Any) -> Any:
        raise NotImplementedError(f"{type(self).__name__} has no __call__")

    def __getattr__(self, name: str) -> Any:
        """Only called for what is not there."""
        raise AttributeError(
            foreign_word(MODULES, f"{type(self).__name__} has no attribute", name), name=name, obj=self
        )

    def __repr__(self) -> str:
        """Its class, its shape where there is one, and how many parameters it has."""
        called = " ".join(filter(None, [type(self).__name__, self._shape()]))
        return f"<{called}: {counted(len(self.parameters()), 'parameter')}>"

    def _shape(self) -> str:
        """How many numbers go in and come out, as 2 → 3 relu → 1 linear."""
        return ""


def _mismatch(parameters: Mapping[str, Any], state: Mapping[str, Any]) -> str:
    """Which names are missing, which are unknown, and what may have been meant; nothing if all fit."""
    missing = [name for name in parameters if name not in state]
    unknown = [name for name in state if name not in parameters]
    faults = []
    if missing:
        faults.append(f"no number is given for {listed(map(repr, missing), 3)}")
    if unknown:
        faults.append(f"there is no parameter {listed(map(repr, unknown), 3)}")
    if unknown and len(unknown) == len(missing):  # misspelt; where the numbers differ, the shapes do
        faults.append(did_you_mean(str(unknown[0]), missing, 1))
    return "; ".join(filter(None, faults))


def weighted_sum(weights: Sequence[Any], inputs: Sequence[Any], bias: Any, *, expanded: bool = False) -> Any:
    """w1 x1 + ... + wn xn + bias: one ``dot`` node, or every product and sum as a node of its own."""
    if expanded and dot.expansion and dot.arrange:
        return dot.expansion(*dot.arrange(weights, inputs, bias))  # which looks whether there are as many
    return dot(weights, inputs, bias)


def _activation(activation: Activation) -> Callable[..., Any] | None:
    if callable(activation):
        return activation
    if activation == "linear":
        return None
    if activation not in TABLE:
        raise ValueError(
            f"no activation is called {activation!r}; use 'linear', a function, or one of the table: {', '.join(TABLE)}"
        )
    return TABLE[activation]


class Neuron(Module):
    """A weighted sum of its inputs and an activation.

    >>> neuron = Neuron([Value(0.5), Value(-1.0)], Value(0.25), "relu")
    >>> neuron([1.0, 0.5]).data
    0.25
    """

    def __init__(self, weights: Sequence[Any], bias: Any, activation: Activation = "linear") -> None:
        self.weights, self.bias, self.activation = list(weights), bias, activation

    def __call__(self, inputs: Sequence[Any], *, expanded: bool = False) -> Any:
        """The activation of the weighted sum of ``inputs``, which has as many entries as there are weights."""
        weighted = weighted_sum(self.weights, inputs, self.bias, expanded=expanded)
        activation = _activation(self.activation)
        return activation(weighted) if activation else weighted

    def _shape(self) -> str:
        return f"{len(self.weights)} → 1 {_called(self.activation)}"


class Layer(Module):
    """Neurons side by side, fully connected to the layer's inputs.

    Args:
        n_inputs: how many inputs.
        n_outputs: how many neurons.
        activation: a row of the table by name ("softmax" acts on all neurons together), a function, or "linear".
        rng: the source of the initial weights; biases start at 0.
        init: "uniform", "xavier", "he", or a function of (inputs, outputs, rng).

    Attributes:
        weights: ``weights[i][j]`` leads from input i to neuron j; an Array.
        biases: one per neuron; an Array.
    """

    def __init__(
        self,
        n_inputs: int,
        n_outputs: int,
        activation: Activation = "linear",
        *,
        rng: Random | None = None,
        init: str | Callable[[int, int, Random], float] = "xavier",
    ) -> None:
        if any(as_whole(n) is None or n < 1 for n in (n_inputs, n_outputs)):
            raise ValueError(
                f"a layer has at least one input and one neuron, whole numbers; got {n_inputs!r} and {n_outputs!r}"
            )
        if isinstance(init, str):
            if init not in INITIALIZERS:
                raise ValueError(
                    f"no initialisation is called {init!r}; use one of {', '.join(INITIALIZERS)}, or a function"
                )
            init = INITIALIZERS[init]
        rng = _random(rng)
        weights = [[init(n_inputs, n_outputs, rng) for _ in range(n_outputs)] for _ in range(n_inputs)]
        self._fill(weights, [0.0] * n_outputs, activation)

    @classmethod
    def from_weights(
        cls, weights: Sequence[Sequence[Any]], biases: Sequence[Any], activation: Activation = "linear"
    ) -> Layer:
        """A layer with the given parameters, numbers or Values: ``weights[i][j]`` from input i to neuron j."""
        layer = cls.__new__(cls)
        layer._fill(weights, biases, activation)
        return layer

    def _fill(self, weights: Sequence[Sequence[Any]], biases: Sequence[Any], activation: Activation) -> None:
        if not len(weights) or not len(biases):
            raise ValueError("a layer has at least one input and one neuron")
        for i, row in enumerate(weights):
            if len(row) != len(biases):
                raise ValueError(
                    f"weights[{i}] has {len(row)} entries, but there are {len(biases)} biases: one of each per neuron"
                )
        _activation(activation)
        self.weights = (
            weights if isinstance(weights, Array) else array([[_parameter(w) for w in row] for row in weights])
        )
        self.biases = biases if isinstance(biases, Array) else array([_parameter(b) for b in biases])
        self.activation = activation
        self.label_parameters()

    @property
    def neurons(self) -> list[Neuron]:
        """The neurons one by one; they share the layer's parameters."""
        activation = "linear" if self._acts_on_all else self.activation
        return [Neuron(column, bias, activation) for column, bias in zip(self._columns, self.biases)]

    @property
    def _columns(self) -> Sequence[Sequence[Any]]:
        """The weights of each neuron."""
        return self.weights.node.columns if isinstance(self.weights, Array) else list(zip(*self.weights))

    @property
    def _biases(self) -> Sequence[Any]:
        return self.biases.node.entries if isinstance(self.biases, Array) else self.biases

    @property
    def _acts_on_all(self) -> bool:
        return isinstance(_activation(self.activation), MultiPrimitive)

    def weighted_sums(self, inputs: Any, *, expanded: bool = False) -> Any:
        """What goes into the activation, one weighted sum per neuron; of a batch, a row of them per sample."""
        if not hasattr(inputs, "__len__"):
            raise TypeError(f"a layer takes a list of {len(self.weights)} numbers, got {inputs!r}")
        if isinstance(inputs, Array) or _is_batch(inputs):
            return self._sums_of_arrays(inputs, expanded)
        self._check_size(len(inputs))
        neurons = zip(self._columns, self._biases)
        if not expanded and all(_holds_values(x) for x in (self.weights, self.biases)):
            # Every operand is a Value once the inputs are: one look at them serves all neurons.
            record, operands = recorder(dot), lifted(inputs)
            return [record(*column, *operands, bias) for column, bias in neurons]
        return [weighted_sum(column, inputs, bias, expanded=expanded) for column, bias in neurons]

    def _sums_of_arrays(self, inputs: Any, expanded: bool) -> Any:
        """The weighted sums of an Array, or of a batch; a frozen layer on plain numbers gives lists of numbers."""
        if not any(isinstance(x, Array) for x in (inputs, self.weights, self.biases)):
            return [self.weighted_sums(row, expanded=expanded) for row in inputs]
        x = inputs if isinstance(inputs, Array) else array(inputs)
        self._check_size(x.shape[-1])
        return weighted_sums(x, self.weights, self.biases, expanded=expanded)

    def _check_size(self, size: int) -> None:
        if size != len(self.weights):
            raise ValueError(f"this layer has {len(self.weights)} inputs, got {size} numbers")

    def activate(self, sums: Any) -> Any:
        """The activation of weighted sums; of an Array entry by entry, or row by row if it acts on them together."""
        activation = _activation(self.activation)
        if isinstance(sums, Array):
            return activation(sums) if activation else sums
        if _is_batch(sums):
            return [self.activate(row) for row in sums]
        if activation is None:
            return list(sums)
        if isinstance(activation, Primitive) and activation.arity == 1 and all(z.__class__ is Value for z in sums):
            return list(map(recorder(activation), sums))
        return list(activation(*sums)) if self._acts_on_all else [activation(z) for z in sums]

    def __call__(self, inputs: Any, *, expanded: bool = False) -> Any:
        """The outputs of all neurons for ``inputs``, which has one entry per row of ``weights``.

        A list gives a list.  Rows of samples, in an Array, a NumPy array or a list of lists, give an Array with a row
        per sample; an activation of your own is then called with the Array of all weighted sums.

        >>> layer = Layer.from_weights([[1.0, 2.0]], [0.5, -2.0], "relu")
        >>> layer([1.0])
        [Value(1.5, op=relu), Value(0.0, op=relu)]
        >>> layer([[1.0], [3.0]])
        array([[1.5, 0],
               [3.5, 4]])
        """
        return self.activate(self.weighted_sums(inputs, expanded=expanded))

    def _shape(self) -> str:
        return f"{len(self.weights)} → {len(self.biases)} {_called(self.activation)}"


class MLP(Module):
    """A multilayer perceptron: layers in a row.

    Args:
        sizes: inputs, then neurons per layer; ``[3, 3, 3, 3]`` has three layers.
        activations: one per layer.
        rng: as for `Layer`.
        init: as for `Layer`.

    >>> model = MLP([2, 4, 1], ["relu", "linear"], rng=Random(0))
    >>> len(model.parameters()), list(model.named_parameters())[0]
    (17, 'layers[0].weights[0][0]')
    >>> model([0.5, -0.5])[0].data == model.frozen()([0.5, -0.5])[0]
    True
    """

    def __init__(
        self,
        sizes: Sequence[int],
        activations: Sequence[Activation],
        *,
        rng: Random | None = None,
        init: str | Callable[[int, int, Random], float] = "xavier",
    ) -> None:
        if isinstance(activations, str):
            raise TypeError(f"activations is a list with one entry per layer, got {activations!r}")
        if not hasattr(sizes, "__len__") or not all(as_whole(n) is not None for n in sizes):
            raise TypeError(f"sizes is a list of whole numbers, inputs first, as [2, 4, 1]; got {sizes!r}")
        if len(sizes) < 2 or len(activations) != len(sizes) - 1:
            raise ValueError(
                f"{len(sizes)} sizes make {max(len(sizes) - 1, 0)} layers, one activation each; got {len(activations)}"
            )
        rng = _random(rng)
        self._stack([Layer(n, m, a, rng=rng, init=init) for (n, m), a in zip(pairwise(sizes), activations)])

    @classmethod
    def from_layers(cls, layers: Sequence[Layer]) -> MLP:
        """A network of given layers, each with as many inputs as the one before has neurons."""
        model = cls.__new__(cls)
        model._stack(layers)
        return model

    def _stack(self, layers: Sequence[Layer]) -> None:
        for i, (below, above) in enumerate(pairwise(layers)):
            if len(below.biases) != len(above.weights):
                raise ValueError(
                    f"layer {i} has {len(below.biases)} neurons, but layer {i + 1} has {len(above.weights)} inputs"
                )
        self.layers = list(layers)
        for name, parameter in self.named_parameters().items():
            if parameter.label == name.split(".", 1)[1]:  # the name it had as a layer's own
                parameter.label = name

    def __call__(self, inputs: Any, *, expanded: bool = False) -> Any:
        """The outputs of the last layer: a list for a list, an Array for rows of samples, as `Layer` says."""
        for layer in self.layers:
            inputs = layer(inputs, expanded=expanded)
        return inputs if isinstance(inputs, Array) else list(inputs)

    def _shape(self) -> str:
        after = [f"{len(layer.biases)} {_called(layer.activation)}" for layer in self.layers]
        return " → ".join([str(len(self.layers[0].weights)), *after])


def _called(activation: Activation) -> str:
    if isinstance(activation, str):
        return activation
    return str(getattr(activation, "name", None) or getattr(activation, "__name__", type(activation).__name__))


def _holds_values(parameters: Any) -> bool:
    """Whether it is an Array of Values, whose entries are all of one kind; plain numbers may stand in its place."""
    return isinstance(parameters, Array) and isinstance(parameters.node.entries[0], Value)


def _is_batch(inputs: Any) -> bool:
    """Whether it is rows of samples, and not one sample."""
    return getattr(inputs, "ndim", 0) == 2 or (
        isinstance(inputs, (list, tuple)) and bool(inputs) and hasattr(inputs[0], "__len__")
    )


def _random(rng: Random | None) -> Random:
    if rng is not None and not isinstance(rng, Random):
        raise TypeError(f"rng is a random.Random, as Random(0), got {rng!r}")
    return Random() if rng is None else rng


def __getattr__(name: str) -> Any:
    raise AttributeError(foreign_word(NETWORKS, f"module {__name__!r} has no attribute", name))


def _parameter(x: Any) -> Value:
    return x if isinstance(x, Value) else Value(x)
