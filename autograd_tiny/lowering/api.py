"""Compiling a function, a loss or a model, and what the last two are called with."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import deepcopy
from functools import cached_property
from types import MappingProxyType
from typing import Any

from autograd_tiny.arrays.containers import Container
from autograd_tiny.arrays.node import Shape
from autograd_tiny.engine.refusals import in_floats
from autograd_tiny.engine.value import Value
from autograd_tiny.formulas import read_formula
from autograd_tiny.lowering.compiled import Compiled, CompiledFunction, first_column
from autograd_tiny.lowering.program import collector_at_rest
from autograd_tiny.lowering.recording.failures import reason, told
from autograd_tiny.lowering.recording.recorded import Recorded
from autograd_tiny.lowering.recording.signature import Arranged, RowOfNumbers, Signature, signature_of
from autograd_tiny.lowering.recording.tracing import TAKEN_FOR_NUMBERS, remedied, symbols, trace
from autograd_tiny.lowering.runners import Layout, Runner, n_rows, unfinished
from autograd_tiny.nn import MLP, Module
from autograd_tiny.symbols.expression import Expression
from autograd_tiny.text.names import distinct
from autograd_tiny.text.words import counted, did_you_mean, listed

Arguments = int | Sequence[Any]


class CompiledLoss(Compiled):
    """The loss of one sample as a function of parameters, and its mean and gradient over a batch.

    `compile_loss` and `compile_model` make it.
    """

    def __init__(self, recorded: Recorded, backend: str | None, threads: int | None) -> None:
        super().__init__(recorded, backend, threads)
        self.n_parameters = len(recorded.wrt)
        self.n_columns = len(recorded.inputs) - self.n_parameters
        self._arguments = {"the parameters": self.n_parameters, "the sample": self.n_columns}

    def _layouts(self) -> tuple[Layout, Layout]:
        n, columns = self.n_parameters, self.n_columns
        return Layout(n, columns, 1, 0, 0), Layout(n, columns, 0, 0, 1 + n)

    @cached_property
    def _values(self) -> Runner:
        return self._runner(self._recorded.values_alone(), self._layouts()[0])

    @cached_property
    def _means(self) -> Runner:
        return self._runner(self._recorded, self._layouts()[1])

    def __repr__(self) -> str:
        sizes = f"{counted(self.n_parameters, 'parameter')}, {counted(self.n_columns, 'number')} in a sample"
        return f"<{type(self).__name__} of {sizes}, {self.backend}>"

    def value(self, theta: Any, batch: Any, *, check: bool = False) -> Any:
        """The loss of each row (rows,), for parameters (n,) and a batch (rows, m).

        Args:
            theta: the parameters, read while the call runs, with other threads running: give a copy of what another
                thread changes.
            batch: the samples, read as the parameters are.
            check: whether a loss that is not finite is an error, which says in which rows, and why.

        Raises:
            ValueError: an array has another shape.
            TypeError: an array of something else than real numbers.
        """
        values, _, _ = self._values(theta, batch)
        if check and (bad := unfinished(values)):
            raise self._told(bad, theta, batch)
        return first_column(values)

    def value_and_grad(self, theta: Any, batch: Any, *, check: bool = False) -> tuple[float, Any]:
        """The mean loss over a batch (rows, m), and its gradient (n,) by the parameters (n,).

        Args:
            theta: as for `value`.
            batch: as for `value`.
            check: as for `value`; a gradient that is not finite is an error, too.

        Raises:
            ValueError: an array has another shape, or no rows.
            TypeError: an array of something else than real numbers.
        """
        if not n_rows(batch, "the batch"):
            raise ValueError("the mean loss of no rows is not defined; the batch has 0 rows")
        _, _, means = self._means(theta, batch)
        if check and unfinished([means]):
            raise self._told(list(self._unfinished_rows(theta, batch, 0, len(batch))), theta, batch)
        return float(means[0]), means[1:]

    def _unfinished_rows(self, theta: Any, batch: Any, start: int, end: int) -> Iterator[int]:
        """The rows without finite loss or gradient, by halving: a mean is finite where all its rows are."""
        if not unfinished([self._means(theta, batch[start:end])[2]]):
            return
        if end - start == 1:
            yield start
            return
        middle = (start + end) // 2
        yield from self._unfinished_rows(theta, batch, start, middle)
        yield from self._unfinished_rows(theta, batch, middle, end)

    def _told(self, bad: list[int], theta: Any, batch: Any) -> Exception:
        if not bad:
            return OverflowError("a sum over the batch is larger than any float, and no row alone is: scale the loss")
        return told(bad, len(batch), lambda i: reason(self._recorded, [*map(float, theta), *map(float, batch[i])]))


def compile_function(
    function: Callable[..., Any],
    n_inputs: Arguments | None = None,
    *,
    like: Any = None,
    backend: str | None = None,
    threads: int | None = None,
) -> CompiledFunction:
    """Compile a function of numbers, lists, dicts or arrays of numbers, which gives a number or as many.

    The function is called once, with formulas for numbers; so it may loop, but not branch on them (use ``where``).

    Args:
        function: built from the operations of the table.  Without ``n_inputs`` and ``like``, each of its parameters is
            a number; one with a default keeps that.
        n_inputs: of a function of one list of numbers, how many they are, or a list of their names.
        like: an example of the argument, in any form that `grad` takes, or a tuple with one for each of several; only
            the arrangement counts.
        backend: "llvm" or "python"; by default native code where llvmlite is installed.
        threads: among how many native code shares the rows of a batch; by default the machine's, where that pays.

    Raises:
        TypeError: the function cannot be recorded; the message names the line.  Or its parameters do not say what it
            takes.
        ValueError: two inputs have one name, or there is none.
        ImportError: the backend is not installed.

    >>> program = compile_function(lambda a, b: a * b + a)
    >>> program(2.0, 3.0), program(b=3.0, a=2.0) == program([2.0, 3.0])
    ((8.0, (4.0, 2.0)), True)
    >>> program.value_and_grad([[2.0, 3.0], [1.0, 0.5]])
    (array([8. , 1.5]), array([[4. , 2. ],
           [1.5, 1. ]]))
    >>> line = compile_function(lambda p, x: p["w"] * x + p["b"], like=({"w": 0.0, "b": 0.0}, 0.0))
    >>> line({"w": 2.0, "b": 1.0}, 3.0)
    (7.0, ({'w': 3.0, 'b': 1.0}, 2.0))
    """
    signature = signature_of(function, n_inputs, like)
    if not signature.inputs:
        raise ValueError("a function of no inputs has no derivatives: there is nothing to compile")
    with collector_at_rest():
        result = signature.trace(function)
    return CompiledFunction(signature, result, backend, threads)


def compile_formula(
    text: str,
    *,
    shapes: Mapping[str, Shape] = MappingProxyType({}),
    backend: str | None = None,
    threads: int | None = None,
) -> CompiledFunction:
    """Compile a formula as it is typed, as a function of the names in it that have no value, in the order of their
    first use.

    Args:
        text: as `read_formula` takes it.
        shapes: of the inputs that are vectors, ``(3,)``, or matrices, ``(2, 3)``; each is then one argument, and has
            one gradient.
        backend: "llvm" or "python"; by default native code where llvmlite is installed.
        threads: among how many native code shares the rows of a batch; by default the machine's, where that pays.

    Raises:
        FormulaError: the text is no formula, or has arrays whose shapes are not given, or do not fit.
        ValueError: it has no inputs, or none of a name that has a shape.

    >>> neuron = compile_formula("z = w*x + b; y = tanh(z)")
    >>> neuron.program.inputs
    ('w', 'x', 'b')
    >>> neuron(-3.0, 2.0, 6.5)[0]
    0.462117157260009...
    >>> layer = compile_formula("E = sum(tanh(W @ x))", shapes={"W": (2, 3), "x": (3,)})
    >>> E, (dW, dx) = layer([[0.5, 0.0, 0.0], [0.0, 0.0, 0.25]], [1.0, 2.0, 4.0])
    >>> round(E, 4), [[round(d, 4) for d in row] for row in dW]
    (1.2237, [[0.7864, 1.5729, 3.1458], [0.42, 0.8399, 1.6799]])
    """
    formula = read_formula(text)
    if unknown := [name for name in shapes if name not in formula.inputs]:
        hint = did_you_mean(unknown[0], formula.inputs) or f"it has {listed(formula.inputs, 9)}"
        raise ValueError(f"shapes: the formula has no input {unknown[0]!r}; {hint}")
    recorded = formula.express(shapes)
    if not formula.inputs:
        raise ValueError("a function of no inputs has no derivatives: give the formula a name without a value")
    if not shapes:
        signature: Signature = RowOfNumbers("the formula", [recorded.nodes[name] for name in formula.inputs])
    else:
        examples = [_zeros(shapes.get(name, ())) for name in formula.inputs]
        signature = Arranged("formula", formula.inputs, examples, is_flat=False, variable=recorded.nodes.__getitem__)
    return CompiledFunction(signature, recorded.output, backend, threads)


def _zeros(shape: Shape) -> Any:
    """An array of zeros as nested lists; one number for the shape ()."""
    return [_zeros(shape[1:]) for _ in range(shape[0])] if shape else 0.0


def compile_loss(
    function: Callable[[Sequence[Any], Sequence[Any]], Any],
    parameters: Arguments,
    sample: Arguments,
    *,
    backend: str | None = None,
    threads: int | None = None,
) -> CompiledLoss:
    """Compile ``function(parameters, sample)``, the loss of one sample.

    The function is called once, with formulas for numbers; so it may loop, but not branch on them (use ``where``).

    Args:
        function: takes two lists and gives one scalar.
        parameters: how many parameters, or a list of them or of their names.
        sample: how many numbers a sample has, inputs and targets together, or a list of their names.
        backend: "llvm" or "python"; by default native code where llvmlite is installed.
        threads: among how many native code shares the rows of a batch; by default the machine's, where that pays.

    Raises:
        TypeError: the function cannot be recorded; the message names the line.
        ImportError: the backend is not installed.

    >>> line = compile_loss(lambda p, s: (p[0] * s[0] + p[1] - s[1]) ** 2, ["w", "b"], ["x", "y"])
    >>> line.value_and_grad([2.0, 1.0], [[1.0, 2.0], [3.0, 5.0]])
    (2.5, array([7., 3.]))
    >>> line.value([2.0, 1.0], [[1.0, 2.0], [3.0, 5.0]])
    array([1., 4.])
    """
    recorded = _recorded_loss(function, parameters, sample, "the parameters and the numbers of a sample")
    return CompiledLoss(recorded, backend, threads)


@collector_at_rest()
def _recorded_loss(
    function: Callable[..., Any], parameters: Arguments, sample: Arguments, called_with: str
) -> Recorded:
    theta, x = symbols(parameters, "theta"), symbols(sample, "x")
    if not theta:
        raise ValueError("a loss without parameters has no gradient: there is nothing to compile")
    with remedied(TAKEN_FOR_NUMBERS, f"the loss is called with two lists, {called_with}"):
        result = trace(function, theta, x)
    if not isinstance(result, Expression):
        raise TypeError(
            f"a loss is one scalar, but the function returned {len(result)}; add them up with total, or take their mean"
        )
    return Recorded([*theta, *x], [result], theta, finite=theta)


class CompiledModel(CompiledLoss):
    """The loss of a model, compiled; `compile_model` makes it.

    Attributes:
        model: the model that was compiled; its Values are read and written only by `parameter_vector`, `assign` and
            `fit`.
        names: the model's parameters in the order of ``theta``.
    """

    def __init__(
        self, model: Module, names: list[str], recorded: Recorded, backend: str | None, threads: int | None
    ) -> None:
        self.model, self.names = model, names
        super().__init__(recorded, backend, threads)

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        twin = super().__deepcopy__(memo)
        twin.model = deepcopy(self.model, memo)
        return twin

    def parameter_vector(self) -> Any:
        """The numbers of the model's parameters now, in the order of ``theta``.

        Raises:
            ValueError: the model has other parameters than when it was compiled.
        """
        return _vector(self._parameters())

    def assign(self, theta: Any) -> None:
        """Give the model's parameters the numbers in ``theta``."""
        _assign(self._parameters(), theta)

    def _parameters(self) -> list[Value]:
        named = self.model.named_parameters()
        if list(named) != self.names:
            raise ValueError(
                f"the model was compiled with {len(self.names)} parameters and has others now, "
                f"{len(named)}: compile it again"
            )
        return [*named.values()]

    def fit(self, samples: Any, **options: Any) -> list[float]:
        """Train the model; see `autograd_tiny.lowering.training.fit`."""
        from autograd_tiny.lowering.training import fit

        return fit(self, samples, **options)


def compile_model(
    model: Module,
    loss: Callable[[Any, Any], Any],
    *,
    n_inputs: int | None = None,
    n_targets: int = 1,
    backend: str | None = None,
    threads: int | None = None,
) -> CompiledModel:
    """Compile the loss of a model on one sample, a row with the inputs and then the targets.

    Args:
        model: is called with a list of inputs.
        loss: ``loss(outputs, targets)`` of what the model gives and the list of the sample's targets.
        n_inputs: how many inputs the model takes; an `MLP` says so itself.
        n_targets: how many targets a sample has.
        backend: "llvm" or "python"; by default native code where llvmlite is installed.
        threads: among how many native code shares the rows of a batch; by default the machine's, where that pays.

    >>> from random import Random
    >>> from autograd_tiny.losses import half_squared_error
    >>> from autograd_tiny.nn import MLP
    >>> compiled = compile_model(MLP([2, 3, 1], ["tanh", "linear"], rng=Random(0)), half_squared_error)
    >>> loss, gradient = compiled.value_and_grad(compiled.parameter_vector(), [[0.5, -0.5, 1.0]])
    >>> len(gradient)
    13
    """
    if n_inputs is None:
        if not isinstance(model, MLP):
            raise TypeError(
                f"say how many inputs the {type(model).__name__} takes: compile_model(model, loss, n_inputs=...)"
            )
        n_inputs = len(model.layers[0].weights)
    with collector_at_rest():
        parameters = model.named_parameters()
    size = n_inputs

    def of_sample(theta: Sequence[Expression], sample: Sequence[Expression]) -> Any:
        twin = Container(model, "the model").rebuild(theta)
        return loss(twin(sample[:size]), sample[size:])

    names = [f"x[{i}]" for i in range(n_inputs)] + [f"y[{i}]" for i in range(n_targets)]
    labels = distinct([parameter.label or name for name, parameter in parameters.items()])
    recorded = _recorded_loss(of_sample, labels, names, "what the model gives and the targets")
    return CompiledModel(model, list(parameters), recorded, backend, threads)


def parameter_vector(model: Module) -> Any:
    """The numbers of a model's parameters, (n,), in the order of ``model.parameters()``; a list where NumPy is not
    installed."""
    return _vector(model.parameters())


def _vector(parameters: Sequence[Value]) -> Any:
    numbers = [parameter.data for parameter in parameters]
    try:
        import numpy as np
    except ImportError:
        return numbers
    return np.array(numbers)


def assign(model: Module, theta: Any) -> None:
    """Give a model's parameters the numbers of ``theta``, in the order of ``model.parameters()``.

    Raises:
        ValueError: there are more or fewer numbers than parameters; then nothing is changed.
    """
    _assign(model.parameters(), theta)


def _assign(parameters: Sequence[Value], theta: Any) -> None:
    numbers = in_floats(list(theta), "number {} of theta".format)
    if len(parameters) != len(numbers):
        raise ValueError(f"the model has {len(parameters)} parameters, got {len(numbers)} numbers")
    for parameter, number in zip(parameters, numbers):
        parameter.data = number
