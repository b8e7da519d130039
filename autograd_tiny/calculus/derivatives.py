"""Derivatives of Python functions: gradient, Jacobian, Hessian, forward and reverse mode, nested to any order.

Every function here runs ``f`` once on *variables of its own*, copies of the arguments.  So a derivative is always by an
argument, never by another node that happens to hold the same number or even to be the same Value, and derivatives
inside derivatives do not get mixed up (Siskind and Pearlmutter, 2005, Perturbation confusion and referential
transparency).

The results are floats, from the recorded local derivatives, unless they depend on Values from outside: on arguments
that are Values, or on Values that ``f`` found elsewhere.  Then the rules run on the nodes, and the results are Values
that can be differentiated by these.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

from autograd_tiny.arrays.containers import Container
from autograd_tiny.calculus.sparse import sparse_jacobian
from autograd_tiny.calculus.taylor import chained, derivatives_along
from autograd_tiny.engine.graph import Node, adjoints, gradient, siblings_among, topological_order
from autograd_tiny.engine.row import Primitive, recorder_of
from autograd_tiny.engine.table import dot, power
from autograd_tiny.engine.value import Constant, Value
from autograd_tiny.text.numbers import as_whole
from autograd_tiny.text.words import quoted

Function = Callable[..., Any]
_copy = power[1]  # x ** 1: a node of its own, with the number of x and derivative 1

# No row of the table: its rule is meant to be wrong.  Compilers differentiate first, so they may take it for x itself.
_stop = Primitive("stop_gradient", lambda x: x, (0.0,), stable=lambda x: x, symbol="stop", doc="x, taken as a constant")


def grad(f: Function, argnums: int | Sequence[int] = 0) -> Function:
    """The function that gives the gradient of ``f``, in reverse mode.

    Args:
        f: gives one Value; its arguments are numbers, or containers of them (`Container`).
        argnums: the place of the argument to differentiate by, counted from 0, or a list of places.  The other
            arguments, and all keyword arguments, are passed on as they are.

    Returns:
        A function with the arguments of ``f``.  Its result is arranged as the argument; with a list of places, it is a
        tuple.

    Raises:
        TypeError: if ``f`` gives no Value, or an argument holds something that is no number.

    >>> slope = grad(lambda x, y: x * y**2)
    >>> slope(2.0, 3.0)
    9.0
    >>> grad(slope, 1)(2.0, 3.0)
    6.0
    >>> grad(lambda p: p["x"] * p["w"][0])({"x": 2.0, "w": [5.0]})
    {'x': 5.0, 'w': [2.0]}
    """
    check_function(f, "grad")
    both = value_and_grad(f, argnums)
    return lambda *args, **kwargs: both(*args, **kwargs)[1]


def value_and_grad(f: Function, argnums: int | Sequence[int] = 0) -> Function:
    """The function that gives the pair of ``f``'s value and its gradient, from one run; arguments as for `grad`.

    >>> value_and_grad(lambda x: x**2)(3.0)
    (9.0, 6.0)
    """
    check_function(f, "value_and_grad")

    def value_and_gradient(*args: Any, **kwargs: Any) -> tuple[Any, Any]:
        with _run(f, argnums, args, kwargs) as run:
            y = run.scalar()
            return run.given(y), run.inputs.rebuild(run.gradient(y))

    return value_and_gradient


def derivative(f: Function, order: int = 1) -> Function:
    """The function that gives the derivative of ``f`` by its first argument, a number, so many times over.

    From order 2 on by Taylor series (`calculus.taylor`): the time grows with the square of the order.

    Raises:
        ValueError: the order is no whole number from 0 up.
        TypeError: the first argument is no number, or ``f`` gives no Value.
        ArithmeticError, ValueError: a derivative of this order is not defined there, or larger than any float.

    >>> derivative(lambda x: x**3, order=2)(5.0)
    30.0
    >>> f"{derivative(lambda x: x.sin().exp(), order=20)(0.7):.6e}"
    '4.279536e+11'
    """
    n = as_whole(order)
    if n is None or n < 0:
        raise ValueError(f"derivative: the order is a whole number from 0 up, got {order!r}")

    check_function(f, "derivative")

    def nth_derivative(x: Any, *args: Any, **kwargs: Any) -> Any:
        with _run(f, 0, (x, *args), kwargs) as run:
            y = run.scalar()
            if run.inputs.names() != [run.inputs.name]:
                raise TypeError(
                    f"derivative of {_name(f)}: its first argument must be a number, got a {type(x).__name__}; use grad"
                )
            if n < 2:
                return run.gradient(y)[0] if n else run.given(y)
            result = derivatives_along(y, run.variables[0], n, run.given)[n]
            return y.constant(result) if run.recorded and not isinstance(result, Node) else result

    return nth_derivative


def jacobian(f: Function, argnums: int | Sequence[int] = 0, *, sparsity: bool = False) -> Function:
    """The function that gives the derivatives of all outputs of ``f`` by all numbers in the argument.

    In forward mode where there are fewer inputs than outputs, else in reverse mode.

    Args:
        f: gives a Value or a container of Values.
        argnums: as for `grad`.
        sparsity: whether only the entries that the record knows of are computed, in reverse mode, for a large matrix
            of few (`calculus.sparse`).

    Returns:
        A function whose result is arranged as what ``f`` gives, each number replaced by the whole argument's
        arrangement: lists of m and of n numbers give a list of m lists of n.  Two arrays give one array, with the
        output's axes before the input's.  With ``sparsity``, it is a ``scipy.sparse.csr_array``, a row for each number
        that ``f`` gives and a column for each number in the argument, in order.

    Raises:
        ImportError: for ``sparsity``, SciPy is not installed.
        TypeError: for ``sparsity``, the result depends on Values from outside, which such an array cannot hold.

    >>> jacobian(lambda x: [x[0] * x[1], x[0] ** 2, 3 * x[1]])([2.0, 5.0])
    [[5.0, 2.0], [4.0, 0.0], [0.0, 3.0]]
    """
    check_function(f, "jacobian")

    def jacobian_of_f(*args: Any, **kwargs: Any) -> Any:
        with _run(f, argnums, args, kwargs) as run:
            if sparsity:
                return run.sparse_jacobian()
            if len(run.variables) < len(run.outputs.numbers):
                columns = [run.push_forward({v: 1.0}) for v in run.variables]
            else:
                rows = [run.gradient(y) for y in run.outputs.numbers]
                columns = [[row[j] for row in rows] for j in range(len(run.variables))]
            rest = [iter(column) for column in columns]
            blocks = run.outputs.blocks
            entries = [
                run.inputs.rebuild([b.rebuild([next(column) for _ in b.numbers]) for column in rest]) for b in blocks
            ]
            return run.outputs.assemble(entries)

    return jacobian_of_f


def hessian(f: Function, argnums: int | Sequence[int] = 0, *, sparsity: bool = False) -> Function:
    """The function that gives the second derivatives of ``f``: the Jacobian of its gradient.

    An argument that is a list of n numbers gives a list of n lists, an array of shape s one of shape s + s.  With
    ``sparsity``, as for `jacobian`, the time grows with the number of entries that need not be 0.

    >>> hessian(lambda x: x[0] ** 2 * x[1])([3.0, 5.0])
    [[10.0, 6.0], [6.0, 0.0]]
    >>> from autograd_tiny import total
    >>> chain = hessian(lambda x: total([(b - a) ** 4 for a, b in zip(x, x[1:])]), sparsity=True)
    >>> chain([float(i) for i in range(1000)]).nnz
    2998
    """
    return jacobian(grad(f, argnums), argnums, sparsity=sparsity)


def hvp(f: Function) -> Function:
    """The function that gives the Hessian of ``f`` times a vector, ``hvp(f)(x, v, *args)``, without the Hessian.

    Forward mode over reverse mode: the derivative of the gradient at ``x`` in the direction ``v``.  Both have the same
    arrangement, and so has the result; further arguments are passed on to ``f``.  Pearlmutter (1994), Fast exact
    multiplication by the Hessian.

    >>> hvp(lambda x: x[0] ** 2 * x[1])([3.0, 5.0], [1.0, 0.0])
    [10.0, 6.0]
    """

    def product(x: Any, v: Any, *args: Any, **kwargs: Any) -> Any:
        return jvp(lambda x: grad(f)(x, *args, **kwargs), (x,), (v,))[1]

    return product


def jvp(f: Function, primals: Sequence[Any], tangents: Sequence[Any]) -> tuple[Any, Any]:
    """The value of ``f`` and its derivative in one direction, in forward mode.

    Args:
        f: gives a Value or a container of Values.
        primals: the arguments of ``f``.
        tangents: how fast each of them changes, in the same arrangement.

    Returns:
        ``f(*primals)`` and how fast it changes, both arranged as what ``f`` gives.

    >>> jvp(lambda x, y: [x * y, x + y], (2.0, 3.0), (1.0, 10.0))
    ([6.0, 5.0], [23.0, 11.0])
    """
    with _run(f, range(len(primals)), primals, {}, "primals") as run:
        directions = Container(tuple(tangents), "tangents").numbers_as(run.inputs)
        pushed = run.push_forward(dict(zip(run.variables, directions)))
        return run.value(), run.outputs.rebuild(pushed)


def vjp(f: Function, *primals: Any) -> tuple[Any, Function]:
    """The value of ``f``, and the function that pulls cotangents back to its arguments, in reverse mode.

    Args:
        f: gives a Value or a container of Values.
        primals: the arguments of ``f``.

    Returns:
        ``f(*primals)``, and a function: from the derivatives of something by the outputs, in their arrangement, it
        gives the derivatives by the arguments, as a tuple.

    >>> outputs, pull_back = vjp(lambda x, y: [x * y, x + y], 2.0, 3.0)
    >>> outputs, pull_back([1.0, 10.0])
    ([6.0, 5.0], (13.0, 12.0))
    """
    with _run(f, range(len(primals)), primals, {}, "primals") as run:
        outputs = run.value()

    def pull_back(cotangents: Any) -> Any:
        weights = Container(cotangents, "cotangents").numbers_as(run.outputs)
        return run.inputs.rebuild(run.gradient(dot(run.outputs.numbers, weights), recorded=_any_recorded(weights)))

    return outputs, pull_back


def stop_gradient(x: Any) -> Any:
    """``x``, which may be a container, as constants: the same numbers, through which no derivative passes.

    >>> grad(lambda x: x * stop_gradient(x))(3.0)
    3.0
    """
    container = Container(x, "the argument of stop_gradient")
    return container.rebuild([_stop(number) for number in container.numbers])


class _Run:
    """One call of ``f``, recorded on variables of its own.

    Attributes:
        inputs, outputs: the arguments to differentiate by, and what ``f`` gave.
        variables: one node per number in ``inputs``.
        recorded: whether results are nodes, since they depend on nodes from outside; otherwise they are floats.
    """

    def __init__(self, f: Function, inputs: Container, variables: list[Any], result: Any) -> None:
        self.inputs, self.variables, self.result, self.outputs = inputs, variables, result, _outputs(f, result)
        self._order: list[Any] = topological_order(*self.outputs.numbers)
        self.recorded = _any_recorded(inputs.numbers) or self._reaches_outside()

    def _reaches_outside(self) -> bool:
        known = set(self.variables)
        operands = (x for node in self._order for x in node.operands)
        return any(
            x.op is None and x.__class__ is not Constant and x not in known for x in (*self.outputs.numbers, *operands)
        )

    def scalar(self) -> Any:
        """What ``f`` gave, where that is one Value."""
        if not isinstance(self.result, Node):
            raise TypeError(
                f"{self.outputs.name} must be one Value, got the {type(self.result).__name__} {quoted(self.result)}; "
                "for several outputs use jacobian, or return their sum"
            )
        return self.result

    def given(self, y: Any) -> Any:
        """A node as it is handed out."""
        return y if self.recorded else y.data

    def value(self) -> Any:
        """What ``f`` gave, as it is handed out."""
        return self.outputs.rebuild([self.given(y) for y in self.outputs.numbers])

    def gradient(self, y: Any, *, recorded: bool = False) -> list[Any]:
        """The derivatives of ``y`` by the variables, in reverse mode."""
        if recorded or self.recorded:
            return gradient(y, self.variables)
        found = adjoints(y)
        return [found.get(v, 0.0) for v in self.variables]

    def sparse_jacobian(self) -> Any:
        """The derivatives of all outputs by all variables as a sparse array of floats."""
        if self.recorded:
            raise TypeError(
                "sparsity=True gives an array of floats, but the result depends on Values from outside: give numbers, "
                "or leave sparsity out"
            )
        entries = sparse_jacobian(self.outputs.numbers, self.variables, recorded=False)
        return entries.with_numbers(entries.numbers)

    def push_forward(self, tangents: Mapping[Any, Any]) -> list[Any]:
        """The derivatives of the outputs in the direction where the variables have these tangents, in forward mode.

        The chain rule in topological order: a node's tangent is the sum of *local derivative times tangent* over its
        operands.
        """
        moving = dict(tangents)
        siblings = siblings_among(self._order)
        for node in self._order:
            operands = node.operands
            if moving.keys().isdisjoint(operands):
                continue
            local = (
                node.op.derivatives(node, operands, partial(siblings, node))
                if self.recorded
                else node.local_derivatives
            )
            terms = [chained(d, moving[x]) for x, d in zip(operands, local) if x in moving]
            moving[node] = sum(terms[1:], terms[0])
        pushed = [moving.get(y, 0.0) for y in self.outputs.numbers]
        if self.recorded or _any_recorded(pushed):
            return [t if isinstance(t, Node) else y.constant(t) for y, t in zip(self.outputs.numbers, pushed)]
        return pushed


def _any_recorded(numbers: Iterable[Any]) -> bool:
    return any(isinstance(x, Node) for x in numbers)


def check_function(f: object, taker: str) -> None:
    """Refuse what cannot be called; most often it is the result of a computation."""
    if not callable(f):
        remedy = "; for the gradients of a Value use its backward(), or gradient(y, [x])" if isinstance(f, Node) else ""
        raise TypeError(f"{taker} takes a function, got {f!r}{remedy}")


@contextmanager
def _run(
    f: Function, argnums: int | Sequence[int], args: Sequence[Any], kwargs: Mapping[str, Any], name: str = ""
) -> Iterator[_Run]:
    """Call ``f`` with variables in place of the arguments at ``argnums``.

    A variable is a copy of the number or Value that was given.  Meanwhile it is a leaf: no walk goes on to what the
    argument was computed from.  Afterwards it is a copy again, so that an outer derivative goes on, or ends at a
    constant.
    """
    one = as_whole(argnums)
    listed: Any = argnums if hasattr(argnums, "__len__") and hasattr(argnums, "__getitem__") and one is None else [one]
    places = [as_whole(i) for i in listed]
    if any(i not in range(len(args)) for i in places) or len(set(places)) < len(places):
        raise ValueError(
            f"{_name(f)} was called with {len(args)} arguments, and argnums is {argnums!r}: it must be the place of an "
            "argument, counted from 0, or a list of places, each of them once, as in grad(f, argnums=1)(x, y)"
        )
    chosen = tuple([args[i] for i in places if i is not None]) if one is None else args[one]
    inputs = Container(chosen, name or ("arguments" if one is None else "argument") + f" {argnums}")
    variables = [_copied(x) for x in inputs.numbers]
    for v in variables:
        v.op = None
    try:
        given = inputs.rebuild(variables)
        replaced = dict(zip(places, given if one is None else [given]))
        yield _Run(f, inputs, variables, f(*[replaced.get(i, x) for i, x in enumerate(args)], **kwargs))
    finally:
        for v in variables:
            v.op = _copy


def _copied(x: Any) -> Any:
    return (recorder_of([x]) or Value).record(_copy, (x,))


def _outputs(f: Function, result: Any) -> Container:
    """What ``f`` gave; refused unless it holds Values and nothing else."""
    if result is None:
        raise TypeError(f"{_name(f)} returned None where a Value is needed; is its return statement missing?")
    outputs = Container(result, f"the result of {_name(f)}")
    for i, y in enumerate(outputs.numbers):
        if not isinstance(y, Node):
            raise TypeError(
                f"{outputs.names()[i]} is the {type(y).__name__} {y!r} where a Value is needed; "
                "was it computed from .data, so that "
                f"the derivative is lost?  A constant is returned as Constant({y!r})"
            )
    return outputs


def _name(f: Function) -> str:
    return str(getattr(f, "__name__", None) or getattr(f, "name", None) or repr(f))
