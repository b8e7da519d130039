"""A program as a function for JAX, which can compile it, differentiate it, vectorise it and spread it over devices.

Instructions that apply one row and do not wait for each other become one operation on arrays.  So XLA, whose time of
compilation grows faster than the number of operations, is given a layer where the program has neurons: their `dot`
instructions are one product with a matrix again.

JAX differentiates sums, products and choices by itself.  Every other row takes its rule along, so that ``jax.grad``
gives the derivatives of `backward`, at kinks and in the tails of functions too.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache, reduce
from itertools import accumulate, islice
from operator import add, or_
from types import MappingProxyType
from typing import Any, NamedTuple

from autograd_tiny.engine import table as p
from autograd_tiny.engine.row import Primitive
from autograd_tiny.lowering.program import Program, opened, program_of
from autograd_tiny.lowering.recording.tracing import symbols

INSTALL = 'pip install "autograd_tiny[jax]"'


def to_jax(program: Program, arguments: Mapping[str, int], gradient: bool) -> Callable[..., Any]:
    """A pure function of arrays that computes a program's results, with or without their derivatives.

    It computes in the type of the arrays, which have 64 bits only where JAX is set to that.

    Args:
        program: what is computed.
        arguments: what the function takes: arrays of shape (n,), each name with its n; together they are the program's
            inputs.
        gradient: whether the function gives a tuple, results and derivatives, and not the results alone.

    Raises:
        ImportError: JAX is not installed.
        TypeError: an operation is not in the table and has no expansion.
    """
    jnp = _jax().numpy
    if jnp.result_type(float) != "float64":
        warnings.warn(
            "JAX is set to 32 bits: results agree with autograd_tiny's to about 1e-6, not to 1e-12; for 64 bits write "
            'jax.config.update("jax_enable_x64", True) right after import jax',
            stacklevel=3,
        )
    n = program.n_values
    program = opened(program, program.outputs if gradient else program.outputs[:n])
    schedule = Schedule(program, list(arguments.values()), [program.outputs[:n], program.outputs[n:]][: 1 + gradient])

    def function(*arrays: Any) -> Any:
        results, *derivatives = schedule.run(_checked(arrays, arguments))
        value = results[0] if n == 1 else results
        return (value, derivatives[0].reshape(*value.shape, -1)) if gradient else value

    return function


def _jax() -> Any:
    try:
        import jax.scipy.special
    except ImportError as error:
        raise ImportError(f"to_jax needs JAX ({error}): {INSTALL}") from None
    return jax


def _checked(given: Sequence[Any], arguments: Mapping[str, int]) -> list[Any]:
    """What a function was called with, as floating-point arrays of one type."""
    jnp = _jax().numpy
    if len(given) != len(arguments):
        raise TypeError(f"the function takes {' and '.join(arguments)}, got {len(given)} arrays")
    arrays = [jnp.asarray(x) for x in given]
    kind = jnp.result_type(float, *arrays)
    if not jnp.issubdtype(kind, jnp.floating):
        raise TypeError(f"{' and '.join(arguments)} must be real numbers, got {kind}")
    for x, (name, n) in zip(arrays, arguments.items()):
        if x.shape != (n,):
            raise ValueError(f"{name} must have shape ({n},), got {x.shape}; for many rows at once use jax.vmap")
    return [x.astype(kind) for x in arrays]


class Gather(NamedTuple):
    """Which values an operation takes: some rows of some of the arrays, these laid end to end."""

    sources: list[int]
    rows: Any
    shape: tuple[int, ...]

    def __call__(self, arrays: Sequence[Any]) -> Any:
        """The values in this shape; then come the further axes of the arrays."""
        jnp = _jax().numpy
        parts = [arrays[i] for i in self.sources]
        axes = jnp.broadcast_shapes(*[x.shape[1:] for x in parts])
        whole = jnp.concatenate([jnp.broadcast_to(x, x.shape[:1] + axes) for x in parts])
        return whole.at[self.rows].get(mode="promise_in_bounds").reshape(self.shape + axes)


class Schedule:
    """A program as operations on arrays, in their order.

    The arrays hold one value in each row: first come the arguments, then the constants, then the results of each group
    of instructions.  Whatever axes the arguments have besides, the others have too, or of length 1.

    Args:
        program: what is computed.
        sizes: how many of its inputs lie in each argument.
        wanted: the numbers of the values in each result.
    """

    def __init__(self, program: Program, sizes: Sequence[int], wanted: Sequence[Sequence[int]]) -> None:
        self.constants = program.constants
        self.sizes = [*sizes, len(program.constants)]
        self.places = dict(enumerate((i, k) for i, size in enumerate(self.sizes) for k in range(size)))
        self.steps: list[tuple[Callable[..., Any], list[Gather]]] = []
        for row, numbers in _groups(program, sizes):
            blocks = [_blocks(row, program.instructions[x - program.n_leaves].operands) for x in numbers]
            gathers = [self._gather(block) for block in zip(*blocks)]
            self.steps.append((_function(row, [len(block) for block in blocks[0]]), gathers))
            self.places.update({x: (len(self.sizes), k) for k, x in enumerate(numbers)})
            self.sizes.append(len(numbers))
        self.results = [self._gather(numbers) for numbers in wanted]

    def _gather(self, numbers: Sequence[Any]) -> Gather:
        """Values by their numbers, (n,); or the blocks of k instructions, (k, m), which gives (m, k)."""
        import numpy as np

        places = np.array([self.places[x] for x in np.ravel(numbers)], int).reshape(*np.shape(numbers), 2).T
        if places.ndim == 3 and (places == places[..., :1]).all():
            places = places[..., :1]  # neurons of one layer have their inputs in common: (m, 1)
        sources, of = np.unique(places[0], return_inverse=True)
        starts = np.array([0, *accumulate(self.sizes[i] for i in sources)])
        rows = starts[of.ravel()] + places[1].ravel()
        if len(rows) and (rows == rows[0] + np.arange(len(rows))).all():
            rows = slice(int(rows[0]), int(rows[-1]) + 1)  # of which XLA makes quicker code
        return Gather(sources.tolist(), rows, places.shape[1:])

    def run(self, arguments: Sequence[Any]) -> list[Any]:
        """The results, of shape (n, ...), for arguments of shape (size, ...)."""
        first = arguments[0]
        constants = _jax().numpy.array(self.constants, first.dtype).reshape(-1, *[1] * (first.ndim - 1))
        arrays = [*arguments, constants]
        for function, operands in self.steps:
            arrays.append(function(*[of(arrays) for of in operands])[0])
        return [of(arrays) for of in self.results]


def _groups(program: Program, sizes: Sequence[int]) -> list[tuple[Primitive, list[int]]]:
    """The numbers of the instructions that make one operation each, in an order in which they can be computed.

    They have one row, none has the result of another among its operands, and their operands depend on the same
    arguments:  what is the same for all samples is not repeated for each of them because it stands beside what is not.
    """
    # A bit per argument.
    depends = [1 << i for i, size in enumerate(sizes) for _ in range(size)] + [0] * len(program.constants)
    level = [0] * program.n_leaves
    groups: dict[Any, list[int]] = {}
    for number, (row, operands) in enumerate(program.instructions, program.n_leaves):
        level.append(1 + max(level[x] for x in operands))
        of_blocks = [(len(block), reduce(or_, [depends[x] for x in block])) for block in _blocks(row, operands)]
        depends.append(reduce(or_, [bits for _, bits in of_blocks]))
        groups.setdefault((level[-1], row, *of_blocks), []).append(number)
    return [(key[1], numbers) for key, numbers in sorted(groups.items(), key=lambda group: group[0][0])]


def _blocks(row: Primitive, operands: tuple[int, ...]) -> list[tuple[int, ...]]:
    """The operands as a row's function takes them: each by itself, or together where there can be any number."""
    if row is p.dot:
        n = len(operands) // 2
        return [block for block in (operands[:n], operands[n : 2 * n], operands[2 * n :]) if block]
    return [operands] if row.arity is None else [(x,) for x in operands]


# Rows as functions of arrays: each takes blocks of operands (m, k, ...) and gives (1, k, ...), for k instructions at
# once.


def _function(row: Primitive, sizes: Sequence[int]) -> Callable[..., Any]:
    """A row's function, with the row's rule where JAX might differentiate it in another way."""
    return _arithmetic().get(row) or _with_rule(row, tuple(sizes))


@lru_cache(maxsize=1)
def _arithmetic() -> Mapping[Primitive, Callable[..., Any]]:
    """Sums, products and choices."""
    jnp, lax = _jax().numpy, _jax().lax

    def indicator(condition: Callable[..., Any]) -> Callable[..., Any]:
        # Not astype: XLA takes a product with a converted bit for a choice, and 0 times nan for 0.
        return lambda *x: jnp.where(condition(*x), 1.0, 0.0).astype(x[0].dtype)

    return MappingProxyType({
        p.add: jnp.add, p.sub: jnp.subtract, p.neg: jnp.negative, p.mul: jnp.multiply, p.dot: _dot,
        p.total: lambda x: x.sum(axis=0, keepdims=True), p.mean: lambda x: x.mean(axis=0, keepdims=True),
        p.less: indicator(jnp.less), p.greater: indicator(jnp.greater), p.equal: indicator(jnp.equal),
        p.step: lambda x: lax.stop_gradient(jnp.where(x > 0.0, 1.0, jnp.where(x <= 0.0, 0.0, x)).astype(x.dtype)),
        p.where: lambda condition, x, y: jnp.where(condition != 0.0, x, y),
    })  # fmt: skip


def _dot(weights: Any, inputs: Any, *bias: Any) -> Any:
    """Weighted sums; a matrix times a vector where all have the inputs, or all have the weights, in common."""
    einsum = _jax().numpy.einsum
    if inputs.shape[1] == 1:
        sums = einsum("mk...,m...->k...", weights, inputs[:, 0], precision="highest")
    elif weights.shape[1] == 1:
        sums = einsum("m...,mk...->k...", weights[:, 0], inputs, precision="highest")
    else:
        sums = (weights * inputs).sum(axis=0)
    return sum(bias, sums[None])


@lru_cache(maxsize=4096)
def _with_rule(row: Primitive, sizes: tuple[int, ...]) -> Callable[..., Any]:
    """A row's value, and its rule as JAX's forward derivative, which JAX itself turns into the reverse one."""
    function: Any = _jax().custom_jvp(_value(row, sizes))

    def with_tangent(blocks: Sequence[Any], tangents: Sequence[Any]) -> tuple[Any, Any]:
        out = function(*blocks)
        slopes = _rule(row, sizes).run([out, *blocks])
        return out, reduce(add, [(d * t).sum(axis=0, keepdims=True) for d, t in zip(slopes, tangents)])

    function.defjvp(with_tangent)
    differentiable: Callable[..., Any] = function
    return differentiable


@lru_cache(maxsize=4096)
def _rule(row: Primitive, sizes: tuple[int, ...]) -> Schedule:
    """A row's local derivatives by each block, from its result and operands.  Made when used: rules use each other."""
    out, *operands = symbols(1 + sum(sizes), "x")
    program = program_of([out, *operands], row.derivatives(out, operands))
    numbers = iter(program.outputs)
    return Schedule(program, [1, *sizes], [list(islice(numbers, size)) for size in sizes])


def _value(row: Primitive, sizes: tuple[int, ...]) -> Callable[..., Any]:
    """The value of a row: by JAX's own function, else by the row's expansion."""
    jax = _jax()
    if row.family is p.power:
        return lambda x: jax.numpy.power(x, row.parameter)
    if row.family is p.softmax:
        return lambda x: jax.nn.softmax(x, axis=0)[row.parameter][None]
    if row in _functions():
        return _functions()[row]
    if row.stable is None:
        raise TypeError(f"{row.name} has no counterpart in JAX: give the Primitive an expansion= in rows of the table")
    operands = symbols(sum(sizes), "x")
    expansion = program_of(operands, [row.stable(*operands)])
    schedule = Schedule(expansion, sizes, [expansion.outputs])
    return lambda *blocks: schedule.run(blocks)[0]


@lru_cache(maxsize=1)
def _functions() -> Mapping[Primitive, Callable[..., Any]]:
    """What JAX has under the same name, or nearly."""
    jax = _jax()
    jnp, special = jax.numpy, jax.scipy.special
    same = (
        p.exp, p.expm1, p.log, p.log1p, p.sqrt, p.sin, p.cos, p.tan, p.asin, p.acos, p.atan, p.atan2, p.hypot,
        p.sinh, p.cosh, p.tanh, p.absolute,
    )  # fmt: skip
    return MappingProxyType({row: getattr(jnp, row.name) for row in same} | {
        p.sign: lambda x: jnp.where(x == 0.0, 0.0, jnp.sign(x)),
        p.div: jnp.divide, p.pow_: jnp.power, p.erf: special.erf, p.erfc: special.erfc,
        p.maximum: lambda x: x.max(axis=0, keepdims=True), p.minimum: lambda x: x.min(axis=0, keepdims=True),
    })  # fmt: skip
