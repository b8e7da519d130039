"""Compiling a function, a loss or a model, and what the result is called with."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import deepcopy
from functools import cached_property
from typing import Any

from autograd_tiny.arrays.containers import Container
from autograd_tiny.lowering.program import Program
from autograd_tiny.lowering.recording.recorded import Recorded
from autograd_tiny.lowering.runners import Interpreted, Layout, Native, Runner, chosen_backend
from autograd_tiny.lowering.sources import CSource, c_source, javascript_source, python_function, python_source
from autograd_tiny.lowering.tracing import symbols, trace
from autograd_tiny.nn import MLP, Module
from autograd_tiny.symbols.expression import Expression
from autograd_tiny.symbols.formula import read_formula

Arguments = int | Sequence[Any]


class Compiled:
    """A function as it was recorded, and the means to run it.

    Attributes:
        backend: "llvm", or "python" where llvmlite is not installed.
    """

    _arguments: dict[str, int]  # what `to_jax` makes a function of: names and lengths

    def __init__(self, recorded: Recorded, backend: str | None) -> None:
        self._recorded, self.backend = recorded, chosen_backend(backend)

    @property
    def program(self) -> Program:
        """The instructions, the same for every backend; made when they are first needed."""
        return self._recorded.program

    def __str__(self) -> str:
        return str(self.program)

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        """A program of its own for a copied model; native code is shared, and made when it is first used."""
        twin = object.__new__(type(self))
        made = {name for kind in type(self).__mro__ for name, x in vars(kind).items() if isinstance(x, cached_property)}
        memo[id(self)] = twin
        vars(twin).update({name: deepcopy(x, memo) for name, x in vars(self).items() if name not in made})
        return twin

    def __reduce_ex__(self, protocol: Any) -> Any:
        raise TypeError(
            f"pickle does not take a {type(self).__name__}, since native code belongs to its process: keep parameter_vector() or "
            "save_parameters, and compile again where it is used; copy.deepcopy copies it"
        )

    def python(self) -> str:
        """The program as a Python module that imports nothing of ours: one function, ``value_and_grad``, of all inputs one by one.

        Raises:
            TypeError: an operation is not in the table and has no expansion.
        """
        return python_source(self.program)

    def javascript(self) -> str:
        """The program as a JavaScript module that imports nothing: one function, ``valueAndGrad``, of all inputs one by one.

        It gives ``[y, [d_a, d_b]]``.  Where Python raises, it goes on with infinity or NaN.

        Raises:
            TypeError: an operation is not in the table and has no expansion.
        """
        return javascript_source(self.program)

    def c(self, name: str = "f") -> CSource:
        """The program as C99, a source file and its header, which need the C library's mathematics alone.

        Functions of arrays: the value, the value with its gradient (several results: with their Jacobian), and the same for many
        rows.  Of a loss: its value and gradient for one sample, and its mean and the gradient of that over many.

        Args:
            name: of the function that gives the value; the other names begin with it.

        Raises:
            TypeError: an operation is not in the table and has no expansion.
            ValueError: no function of C can have this name.

        >>> print(compile_function(lambda x: x[0] * x[1], ["a", "b"]).c("area").source)  # doctest: +ELLIPSIS
        /* ...
        double area_gradient(const double inputs[2], double gradient[2]) {
            const double a = inputs[0];
            const double b = inputs[1];
            // forward
            const double result = a * b;
            gradient[0] = b;
            gradient[1] = a;
            return result;
        }
        ...
        """
        return c_source(self.program, self._arguments, name)

    def to_jax(self, *, gradient: bool = False) -> Callable[..., Any]:
        """A pure function for JAX's ``jit``, ``vmap``, ``grad`` and sharding, of one point or of one sample.

        It takes one array (n,), or for a loss two, parameters (n,) and a sample (m,), and gives the result (), or the results
        (results,) if there are several.  Differentiated by JAX it gives our derivatives, at kinks too.

        Args:
            gradient: give a tuple, the value and its derivatives as in `value_and_grad` or `jacobian`, by the program's own
                instructions and not by ``jax.grad``.

        Warns:
            UserWarning: JAX is set to 32 bits.

        Raises:
            ImportError: JAX is not installed.
            TypeError: an operation is not in the table and has no expansion.
        """
        from autograd_tiny.lowering.jax import to_jax

        return to_jax(self.program, self._arguments, gradient)

    def _runner(self, recorded: Recorded, layout: Layout) -> Runner:
        if self.backend == "python":
            return Interpreted(recorded.program, layout)
        from autograd_tiny.lowering.native.llvm import shared_kernel

        return Native(shared_kernel(recorded, layout))


class CompiledFunction(Compiled):
    """A function of n numbers and its derivatives, for many points at once or for one.

    `compile_function` makes it.
    """

    def __init__(self, recorded: Recorded, backend: str | None) -> None:
        super().__init__(recorded, backend)
        self.n_inputs, self.n_results = len(recorded.inputs), len(recorded.results)
        self._arguments = {"the inputs": self.n_inputs}

    def __call__(self, *point: float) -> Any:
        """The value at one point and the tuple of its derivatives, by plain Python: ``value, (d_a, d_b) = program(a, b)``.

        For several results, the tuple of the values and the tuple of their gradients.
        """
        return self._scalar(*point)

    @cached_property
    def _scalar(self) -> Callable[..., Any]:
        return python_function(self.program)

    @cached_property
    def _values(self) -> Runner:
        return self._runner(self._recorded.values_alone(), Layout(0, self.n_inputs, self.n_results, 0, 0))

    @cached_property
    def _all(self) -> Runner:
        return self._runner(self._recorded, Layout(0, self.n_inputs, self.n_results, self.n_results * self.n_inputs, 0))

    def value(self, points: Any) -> Any:
        """The values (rows,) at points (rows, n); (rows, results) if the function gives several."""
        values, _, _ = self._values((), points)
        return _first_column(values) if self.n_results == 1 else values

    def value_and_grad(self, points: Any) -> tuple[Any, Any]:
        """The values (rows,) and the gradients (rows, n) at points (rows, n).

        Raises:
            TypeError: the function gives several results.
            ValueError: the points have another shape.
        """
        if self.n_results != 1:
            raise TypeError(f"value_and_grad needs a function with one result, this one has {self.n_results}; use jacobian")
        values, gradients, _ = self._all((), points)
        return _first_column(values), gradients

    def jacobian(self, points: Any) -> tuple[Any, Any]:
        """The values (rows, results) and the derivatives (rows, results, n) at points (rows, n)."""
        values, derivatives, _ = self._all((), points)
        if isinstance(derivatives, list):
            return values, [[row[i : i + self.n_inputs] for i in range(0, len(row), self.n_inputs)] for row in derivatives]
        return values, derivatives.reshape(len(values), self.n_results, self.n_inputs)


class CompiledLoss(Compiled):
    """The loss of one sample as a function of parameters, and its mean and gradient over a batch.

    `compile_loss` and `compile_model` make it.
    """

    def __init__(self, recorded: Recorded, backend: str | None) -> None:
        super().__init__(recorded, backend)
        self.n_parameters = len(recorded.wrt)
        self.n_columns = len(recorded.inputs) - self.n_parameters
        self._arguments = {"the parameters": self.n_parameters, "the sample": self.n_columns}

    @cached_property
    def _values(self) -> Runner:
        return self._runner(self._recorded.values_alone(), Layout(self.n_parameters, self.n_columns, 1, 0, 0))

    @cached_property
    def _means(self) -> Runner:
        return self._runner(self._recorded, Layout(self.n_parameters, self.n_columns, 0, 0, 1 + self.n_parameters))

    def value(self, theta: Any, batch: Any) -> Any:
        """The loss of each row (rows,), for parameters (n,) and a batch (rows, m)."""
        values, _, _ = self._values(theta, batch)
        return _first_column(values)

    def value_and_grad(self, theta: Any, batch: Any) -> tuple[float, Any]:
        """The mean loss over a batch (rows, m), and its gradient (n,) by the parameters (n,).

        Both arrays are read while the call runs, with other threads running: give a copy of what another thread changes.

        Raises:
            ValueError: an array has another shape, or no rows.
            TypeError: an array of something else than real numbers.
        """
        if not len(batch):
            raise ValueError("the mean loss of no rows is not defined; the batch has 0 rows")
        _, _, means = self._means(theta, batch)
        return float(means[0]), means[1:]


def _first_column(values: Any) -> Any:
    return [row[0] for row in values] if isinstance(values, list) else values[:, 0]


def compile_function(function: Callable[[Sequence[Any]], Any], n_inputs: Arguments, *, backend: str | None = None) -> CompiledFunction:
    """Compile ``function(inputs)``, which takes a list of numbers and gives one result or a list of them.

    The function is called once, with formulas for numbers; so it may loop, but not branch on them (use ``where``).

    Args:
        function: built from the operations of the table.
        n_inputs: how many inputs, or a list of their names.
        backend: "llvm" or "python"; by default native code where llvmlite is installed.

    Raises:
        TypeError: the function cannot be recorded; the message names the line.
        ImportError: the backend is not installed.

    >>> program = compile_function(lambda x: x[0] * x[1] + x[0], ["a", "b"])
    >>> program(2.0, 3.0)
    (8.0, (4.0, 2.0))
    >>> program.value_and_grad([[2.0, 3.0], [1.0, 0.5]])
    (array([8. , 1.5]), array([[4. , 2. ],
           [1.5, 1. ]]))
    """
    inputs = symbols(n_inputs, "x")
    if not inputs:
        raise ValueError("a function of no inputs has no derivatives: there is nothing to compile")
    result = trace(function, inputs)
    results = result if isinstance(result, (list, tuple)) else [result]
    return CompiledFunction(Recorded(inputs, results, inputs), backend)


def compile_formula(text: str, *, backend: str | None = None) -> CompiledFunction:
    """Compile a formula as it is typed, as a function of the names in it that have no value, in the order of their first use.

    Args:
        text: as `read_formula` takes it.
        backend: "llvm" or "python"; by default native code where llvmlite is installed.

    Raises:
        FormulaError: the text is no formula.
        ValueError: it has no inputs.

    >>> neuron = compile_formula("z = w*x + b; y = tanh(z)")
    >>> neuron.program.inputs
    ('w', 'x', 'b')
    >>> neuron(-3.0, 2.0, 6.5)[0]
    0.46211715726000973
    """
    formula = read_formula(text)
    recorded = formula.express()
    inputs = [recorded.nodes[name] for name in formula.inputs]
    if not inputs:
        raise ValueError("a function of no inputs has no derivatives: give the formula a name without a value")
    return CompiledFunction(Recorded(inputs, [recorded.output], inputs), backend)


def compile_loss(
    function: Callable[[Sequence[Any], Sequence[Any]], Any], parameters: Arguments, sample: Arguments, *, backend: str | None = None
) -> CompiledLoss:
    """Compile ``function(parameters, sample)``, the loss of one sample.

    The function is called once, with formulas for numbers; so it may loop, but not branch on them (use ``where``).

    Args:
        function: takes two lists and gives one scalar.
        parameters: how many parameters, or a list of them or of their names.
        sample: how many numbers a sample has, inputs and targets together, or a list of their names.
        backend: "llvm" or "python"; by default native code where llvmlite is installed.

    Raises:
        TypeError: the function cannot be recorded; the message names the line.
        ImportError: the backend is not installed.

    >>> line = compile_loss(lambda p, s: (p[0] * s[0] + p[1] - s[1]) ** 2, ["w", "b"], ["x", "y"])
    >>> line.value_and_grad([2.0, 1.0], [[1.0, 2.0], [3.0, 5.0]])
    (2.5, array([7., 3.]))
    >>> line.value([2.0, 1.0], [[1.0, 2.0], [3.0, 5.0]])
    array([1., 4.])
    """
    return CompiledLoss(_recorded_loss(function, parameters, sample), backend)


def _recorded_loss(function: Callable[..., Any], parameters: Arguments, sample: Arguments) -> Recorded:
    theta, x = symbols(parameters, "theta"), symbols(sample, "x")
    if not theta:
        raise ValueError("a loss without parameters has no gradient: there is nothing to compile")
    result = trace(function, theta, x)
    if not isinstance(result, Expression):
        raise TypeError(f"a loss is one scalar, but the function returned {len(result)}; add them up with total, or take their mean")
    return Recorded([*theta, *x], [result], theta, finite=theta)


class CompiledModel(CompiledLoss):
    """The loss of a model, compiled; `compile_model` makes it.

    Attributes:
        model: the model that was compiled; its Values are read and written only by `parameter_vector`, `assign` and `fit`.
        names: the model's parameters in the order of ``theta``.
    """

    def __init__(self, model: Module, recorded: Recorded, backend: str | None) -> None:
        self.model, self.names = model, list(model.named_parameters())
        super().__init__(recorded, backend)

    def parameter_vector(self) -> Any:
        """The numbers of the model's parameters now, in the order of ``theta``.

        Raises:
            ValueError: the model has other parameters than when it was compiled.
        """
        self._check_shape()
        return parameter_vector(self.model)

    def assign(self, theta: Any) -> None:
        """Give the model's parameters the numbers in ``theta``."""
        self._check_shape()
        assign(self.model, theta)

    def _check_shape(self) -> None:
        if list(self.model.named_parameters()) != self.names:
            raise ValueError(
                f"the model was compiled with {len(self.names)} parameters and has others now, {len(self.model.parameters())}: "
                "compile it again"
            )

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
) -> CompiledModel:
    """Compile the loss of a model on one sample, a row with the inputs and then the targets.

    Args:
        model: is called with a list of inputs.
        loss: ``loss(outputs, targets)`` of what the model gives and the list of the sample's targets.
        n_inputs: how many inputs the model takes; an `MLP` says so itself.
        n_targets: how many targets a sample has.
        backend: "llvm" or "python"; by default native code where llvmlite is installed.

    >>> from random import Random
    >>> from autograd_tiny.losses import half_squared_error
    >>> from autograd_tiny.nn import MLP
    >>> compiled = compile_model(MLP([2, 3, 1], ["tanh", "linear"], rng=Random(0)), half_squared_error)
    >>> loss, gradient = compiled.value_and_grad(compiled.parameter_vector(), [[0.5, -0.5, 1.0]])
    >>> gradient.shape
    (13,)
    """
    if n_inputs is None:
        if not isinstance(model, MLP):
            raise TypeError(f"say how many inputs the {type(model).__name__} takes: compile_model(model, loss, n_inputs=...)")
        n_inputs = len(model.layers[0].weights)
    parameters = model.named_parameters()
    size = n_inputs

    def of_sample(theta: Sequence[Expression], sample: Sequence[Expression]) -> Any:
        twin = Container(model, "the model").rebuild(theta)
        return loss(twin(sample[:size]), sample[size:])

    names = [f"x[{i}]" for i in range(n_inputs)] + [f"y[{i}]" for i in range(n_targets)]
    labels = [parameter.label or name for name, parameter in parameters.items()]
    return CompiledModel(model, _recorded_loss(of_sample, labels, names), backend)


def parameter_vector(model: Module) -> Any:
    """The numbers of a model's parameters, (n,), in the order of ``model.parameters()``; a list where NumPy is not installed."""
    numbers = [parameter.data for parameter in model.parameters()]
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
    parameters, numbers = model.parameters(), [float(x) for x in theta]
    if len(parameters) != len(numbers):
        raise ValueError(f"the model has {len(parameters)} parameters, got {len(numbers)} numbers")
    for parameter, number in zip(parameters, numbers):
        parameter.data = number
