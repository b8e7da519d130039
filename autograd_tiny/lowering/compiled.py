"""What a compiled function is called with: numbers in the function's own form, or arrays of points."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from autograd_tiny.arrays.containers import Container
from autograd_tiny.calculus.sparse import Entries
from autograd_tiny.engine.refusals import in_floats
from autograd_tiny.lowering.program import Program
from autograd_tiny.lowering.recording.derived import entries_of, hessian_of, hvp_of, jvp_of, vjp_of
from autograd_tiny.lowering.recording.failures import reason, told
from autograd_tiny.lowering.recording.recorded import Recorded
from autograd_tiny.lowering.recording.signature import Signature, is_row
from autograd_tiny.lowering.runners import (
    LONG_ROW,
    ByRows,
    Interpreted,
    Layout,
    Native,
    Runner,
    as_floats,
    checked_threads,
    chosen_backend,
    n_rows,
    numbers_in,
    unfinished,
)
from autograd_tiny.lowering.sources import CSource, c_source, javascript_source, python_function, python_source
from autograd_tiny.symbols.expression import Expression
from autograd_tiny.text.words import counted, listed


class Compiled:
    """A function as it was recorded, and the means to run it.

    Attributes:
        backend: "llvm", or "python" where llvmlite is not installed.
        threads: among how many native code shares the rows of a batch; None for as many as pay.
    """

    _arguments: dict[str, int]  # what `to_jax` makes a function of: names and lengths

    def __init__(self, recorded: Recorded, backend: str | None, threads: int | None) -> None:
        self._recorded, self.backend, self.threads = recorded, chosen_backend(backend), checked_threads(threads)

    @property
    def program(self) -> Program:
        """The instructions, the same for every backend; made when they are first needed."""
        return self._recorded.program

    def __str__(self) -> str:
        return str(self.program)

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        """One of its own for a copied model; the record and native code are shared."""
        twin = object.__new__(type(self))
        made = {name for kind in type(self).__mro__ for name, x in vars(kind).items() if isinstance(x, cached_property)}
        memo[id(self)] = twin
        vars(twin).update({name: x for name, x in vars(self).items() if name not in made})
        return twin

    def __reduce_ex__(self, protocol: Any) -> Any:
        raise TypeError(
            f"pickle does not take a {type(self).__name__}, since native code belongs to its process: "
            "keep parameter_vector() or save_parameters, and compile again where it is used; copy.deepcopy copies it"
        )

    def python(self) -> str:
        """The program as a Python module that imports nothing of ours: one function, ``value_and_grad``, of all
        inputs one by one.

        Raises:
            TypeError: an operation is not in the table and has no expansion.
        """
        return python_source(self.program)

    def javascript(self) -> str:
        """The program as a JavaScript module that imports nothing: one function, ``valueAndGrad``, of all inputs one
        by one.

        It gives ``[y, [d_a, d_b]]``.  Where Python raises, it goes on with infinity or NaN.

        Raises:
            TypeError: an operation is not in the table and has no expansion.
        """
        return javascript_source(self.program)

    def c(self, name: str = "f") -> CSource:
        """The program as C99, a source file and its header, which need the C library's mathematics alone.

        Functions of arrays: the value, the value with its gradient (several results: with their Jacobian), and the
            same for many rows.  Of a loss: its value and gradient for one sample, and its mean and the gradient of
            that over many.

        Args:
            name: of the function that gives the value; the other names begin with it.

        Raises:
            TypeError: an operation is not in the table and has no expansion.
            ValueError: no function of C can have this name.

        >>> from autograd_tiny import compile_function
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

    def save(self, path: str | os.PathLike[str]) -> tuple[Path, Path]:
        """Write a shared library, ``area.so``, and its header, ``area.h``; the paths of both.

        It holds the machine code that runs here, layers as loops and rows on vectors, and has the functions that `c`
        writes, called by the name of the file.  It runs on processors that have what this one has, and needs nothing
        but the C library.

        Args:
            path: of the library, with the ending .so or .dylib.

        Raises:
            ImportError: llvmlite is not installed.
            ValueError: the path ends otherwise, or no function of C can have its name.
            TypeError: an operation is not in the table and has no expansion.
            FileNotFoundError: no C compiler is installed, or the directory does not exist.
            OSError: a file cannot be written.
        """
        chosen_backend("llvm")
        from autograd_tiny.lowering.library import save_library

        return save_library(path, self._recorded, self._arguments, self._layouts())

    def _layouts(self) -> tuple[Layout, Layout]:
        """What the values alone are, and what all is that there is."""
        raise NotImplementedError

    def to_jax(self, *, gradient: bool = False) -> Callable[..., Any]:
        """A pure function for JAX's ``jit``, ``vmap``, ``grad`` and sharding, of one point or of one sample.

        It takes one array (n,), or for a loss two, parameters (n,) and a sample (m,), and gives the result (), or the
        results (results,) if there are several.  Differentiated by JAX it gives our derivatives, at kinks too.

        Args:
            gradient: give a tuple, the value and its derivatives as in `value_and_grad` or `jacobian`, by the
                program's own instructions and not by ``jax.grad``.

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

        if layout.n_means or layout.n_columns + layout.n_values + layout.n_derivatives < LONG_ROW:
            return Native(shared_kernel(recorded, layout), self.threads)
        return ByRows(lambda width: Native(shared_kernel(recorded, layout, width), self.threads))


class CompiledFunction(Compiled):
    """A function of n numbers and its derivatives, for many points at once or for one.

    Called, it takes what the function takes: ``value, derivatives = program(...)``.  Its methods take arrays, a point
    (n,) or points (rows, n), as `flat` makes them, and give results for one or for every row.  `compile_function`
    makes it.

    Attributes:
        n_inputs: how many numbers it takes.
        n_results: how many it gives.
    """

    __slots__ = ("_of_floats",)  # found quicker than what else it has

    def __init__(self, signature: Signature, result: Any, backend: str | None, threads: int | None) -> None:
        self._signature, self._results = signature, Container(result, "the result")
        super().__init__(Recorded(signature.inputs, self._results.numbers, signature.inputs), backend, threads)
        self.n_inputs, self.n_results = len(signature.inputs), len(self._results.numbers)
        self._arguments = {"the inputs": self.n_inputs}
        is_row_of_results = isinstance(result, Expression) or (
            is_row(result, self.n_results) and not hasattr(result, "shape")
        )
        self._is_flat = signature.is_flat and is_row_of_results
        # The usual call, of floats one by one: a look at all the rest would take longer than the program.
        self._of_floats: Callable[..., Any] = _no_answer

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        twin = super().__deepcopy__(memo)
        twin._of_floats = self._of_floats
        return twin

    def __repr__(self) -> str:
        names = listed([x.label for x in self._recorded.inputs], 6)
        return f"<{type(self).__name__} of {names}: {counted(self.n_results, 'result')}, {self.backend}>"

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """The value at one point and its derivatives, by plain Python: ``value, (d_a, d_b) = program(a, b)``.

        The arguments are those of the function, by position or by name, or all numbers in one list or array.  Value
        and derivatives are arranged as the function's own: a tuple of derivatives for numbers, as `grad` gives them
        for what is like an example; for several results, the tuple of the values and the tuple of their derivatives.

        Raises:
            ArithmeticError, ValueError: as the engine raises them, with the operation and its operands.
            TypeError: other arguments than the function has.
        """
        if not kwargs:
            try:
                found = self._of_floats(*args)
            except (TypeError, ArithmeticError, ValueError):
                found = None  # what is wrong is told below
            if found is not None:
                return found
        numbers = self._signature.numbers(args, kwargs)
        try:
            point = self._in_floats(numbers)
        except TypeError as error:
            instead = "a call takes one point, and value_and_grad or jacobian many, as rows"
            raise TypeError(f"{error}; {instead}") from None
        try:
            found = self._scalar(*point)
        except (ArithmeticError, ValueError) as error:
            raise (reason(self._recorded, point) or error) from None
        if not self._is_flat:
            return self._arranged(*found)
        self._of_floats = self._scalar
        return found

    def _arranged(self, values: Any, derivatives: Any) -> tuple[Any, Any]:
        rows = [derivatives] if self.n_results == 1 else derivatives
        columns = [iter(column) for column in zip(*rows)]
        blocks = self._results.blocks
        entries = [
            self._signature.arranged([b.rebuild([next(column) for _ in b.numbers]) for column in columns])
            for b in blocks
        ]
        return self._results.rebuild([values] if self.n_results == 1 else values), self._results.assemble(entries)

    def flat(self, *args: Any, **kwargs: Any) -> Any:
        """The numbers in the function's arguments, (n,); a list where NumPy is not installed."""
        numbers = list(self._in_floats(self._signature.numbers(args, kwargs)))
        return (
            numbers
            if self.backend == "python" and "numpy" not in sys.modules
            else as_floats(numbers, (self.n_inputs,), "a point")
        )

    def arranged(self, row: Sequence[Any]) -> Any:
        """One thing for each of the n inputs, a gradient or a point, arranged as the function's arguments."""
        if len(row) != self.n_inputs:
            raise ValueError(f"{counted(self.n_inputs, 'number')} can be arranged, got {len(row)}")
        return self._signature.arranged(self._in_floats(row))

    def _in_floats(self, row: Sequence[Any]) -> Sequence[float]:
        return in_floats(row, lambda place: f"the argument {self._recorded.inputs[place].label}")

    @cached_property
    def _scalar(self) -> Callable[..., Any]:
        """Value and derivatives, of floats."""
        return python_function(self.program)

    def _layouts(self) -> tuple[Layout, Layout]:
        n, results = self.n_inputs, self.n_results
        return Layout(0, n, results, 0, 0), Layout(0, n, results, results * n, 0)

    @cached_property
    def _values(self) -> Runner:
        return self._runner(self._recorded.values_alone(), self._layouts()[0])

    @cached_property
    def _all(self) -> Runner:
        return self._runner(self._recorded, self._layouts()[1])

    def value(self, points: Any, *, check: bool = False) -> Any:
        """The values (rows,) at points (rows, n), or (rows, results) if the function gives several; without rows for
        one point.

        Args:
            points: as many as there are rows; or one, (n,).
            check: whether results that are not finite are an error, which says in which rows, and why.

        Raises:
            ValueError: the points have another shape.
        """
        rows, is_one = self._rows(points)
        values, _, _ = self._values(None, rows)
        if check:
            self._check(rows, values)
        values = first_column(values) if self.n_results == 1 else values
        return _only(values) if is_one else values

    def value_and_grad(self, points: Any, *, check: bool = False) -> tuple[Any, Any]:
        """The values (rows,) and the gradients (rows, n) at points (rows, n); a float and (n,) for one point.

        Args:
            points: as for `value`.
            check: as for `value`; a gradient that is not finite is an error, too.

        Raises:
            TypeError: the function gives several results.
            ValueError: the points have another shape.
        """
        self._refuse_several("value_and_grad", "; use jacobian")
        rows, is_one = self._rows(points)
        values, gradients, _ = self._all(None, rows)
        if check:
            self._check(rows, values, gradients)
        values = first_column(values)
        return (_only(values), gradients[0]) if is_one else (values, gradients)

    def value_and_jacobian(self, points: Any, *, check: bool = False) -> tuple[Any, Any]:
        """The values (rows, results) and the derivatives (rows, results, n) at points (rows, n); without rows for one
        point."""
        rows, is_one = self._rows(points)
        values, derivatives, _ = self._all(None, rows)
        if check:
            self._check(rows, values, derivatives)
        blocks = _blocks(derivatives, self.n_results, self.n_inputs)
        return (values[0], blocks[0]) if is_one else (values, blocks)

    def jacobian(self, points: Any, *, check: bool = False, sparsity: bool = False) -> Any:
        """The derivatives (rows, results, n) at points (rows, n); (results, n) for one point.

        Args:
            points: as for `value`.
            check: as for `value`.
            sparsity: whether only those are computed that the record does not know to be 0; each row's are then a
                ``scipy.sparse.csr_array``, (results, n), and those of several rows a list of them.

        Raises:
            ImportError: for ``sparsity``, SciPy is not installed.
        """
        return (
            self._sparse(self._entries, points, check) if sparsity else self.value_and_jacobian(points, check=check)[1]
        )

    def hessian(self, points: Any, *, sparsity: bool = False) -> Any:
        """The second derivatives (rows, n, n) at points (rows, n); (n, n) for one point.

        Args:
            points: as for `value`.
            sparsity: as for `jacobian`.

        Raises:
            ImportError: for ``sparsity``, SciPy is not installed.
            TypeError: the function gives several results.
        """
        self._refuse_several("hessian")
        if sparsity:
            return self._sparse(self._hessian_entries, points)
        rows, is_one = self._rows(points)
        _, derivatives, _ = self._hessian(None, rows)
        blocks = _blocks(derivatives, self.n_inputs, self.n_inputs)
        return blocks[0] if is_one else blocks

    def hvp(self, points: Any, vectors: Any) -> Any:
        """The Hessian times a vector, (rows, n), without the Hessian; a vector (n,) for all rows, or one for each.

        Raises:
            TypeError: the function gives several results.
        """
        self._refuse_several("hvp")
        rows, is_one = self._with_vectors(points, vectors, self.n_inputs)
        products, _, _ = self._hvp(None, rows)
        return products[0] if is_one else products

    def jvp(self, points: Any, tangents: Any) -> tuple[Any, Any]:
        """The values (rows, results), and how fast they change, (rows, results), where the inputs change as fast as
        ``tangents`` say."""
        rows, is_one = self._with_vectors(points, tangents, self.n_inputs)
        values, pushed, _ = self._jvp(None, rows)
        return (values[0], pushed[0]) if is_one else (values, pushed)

    def vjp(self, points: Any, cotangents: Any) -> tuple[Any, Any]:
        """The values (rows, results), and ``cotangents`` (rows, results) times the Jacobian, (rows, n)."""
        rows, is_one = self._with_vectors(points, cotangents, self.n_results)
        values, pulled, _ = self._vjp(None, rows)
        return (values[0], pulled[0]) if is_one else (values, pulled)

    @cached_property
    def _hessian(self) -> Runner:
        return self._runner(hessian_of(self._recorded), Layout(0, self.n_inputs, self.n_inputs, self.n_inputs**2, 0))

    @cached_property
    def _entries(self) -> tuple[Entries, Runner]:
        return self._sparse_runner(self._recorded)

    @cached_property
    def _hessian_entries(self) -> tuple[Entries, Runner]:
        return self._sparse_runner(hessian_of(self._recorded))

    def _sparse_runner(self, recorded: Recorded) -> tuple[Entries, Runner]:
        entries, values = entries_of(recorded)
        if not entries.numbers:  # of a linear function no second derivative; the values look at the points all the same
            return entries, self._values
        return entries, self._runner(values, Layout(0, self.n_inputs, len(entries.numbers), 0, 0))

    @cached_property
    def _hvp(self) -> Runner:
        return self._runner(hvp_of(self._recorded), Layout(0, 2 * self.n_inputs, self.n_inputs, 0, 0))

    @cached_property
    def _jvp(self) -> Runner:
        return self._runner(jvp_of(self._recorded), Layout(0, 2 * self.n_inputs, self.n_results, self.n_results, 0))

    @cached_property
    def _vjp(self) -> Runner:
        return self._runner(
            vjp_of(self._recorded), Layout(0, self.n_inputs + self.n_results, self.n_results, self.n_inputs, 0)
        )

    def _sparse(self, matrix: tuple[Entries, Runner], points: Any, check: bool = False) -> Any:
        """A matrix at one point as a sparse array, or at several as a list of them."""
        (entries, runner), (rows, is_one) = matrix, self._rows(points)
        numbers, _, _ = runner(None, rows)
        if not entries.numbers:
            numbers = [[] for _ in rows]
        if check:
            self._check(rows, numbers)
        found = [entries.with_numbers(row) for row in numbers]
        return found[0] if is_one else found

    def _rows(self, points: Any) -> tuple[Any, bool]:
        """Points as rows, and whether it was one point."""
        n = self.n_inputs
        if n == 1 and (getattr(points, "shape", None) == () or not hasattr(points, "__len__")):
            return [self._in_floats([points])], True
        if is_row(points, n):
            return (points[None] if hasattr(points, "shape") else [points]), True
        rows, is_list = n_rows(points, "the points"), isinstance(points, (list, tuple))
        if rows and (is_list or getattr(points, "ndim", 0) == 1) and not hasattr(points[0], "__len__"):
            raise ValueError(f"a point has shape ({n},), and points have shape (rows, {n}); got ({rows},)")
        return points, False

    def _with_vectors(self, points: Any, vectors: Any, n: int) -> tuple[Any, bool]:
        """Points, each with its vector of ``n`` numbers behind it."""
        rows, is_one = self._rows(points)
        own = [vectors] * len(rows) if is_row(vectors, n) else vectors
        if (n_own := n_rows(own, "the vectors")) != len(rows):
            raise ValueError(
                f"{counted(len(rows), 'point')} and {counted(n_own, 'vector')}: give one for all, ({n},), "
                "or one for each"
            )
        if self.backend == "python":
            both = enumerate(zip(rows, own))
            return [
                [*numbers_in(x, self.n_inputs, f"point {i}"), *numbers_in(v, n, f"vector {i}")] for i, (x, v) in both
            ], is_one
        import numpy as np

        return np.hstack(
            [as_floats(rows, (None, self.n_inputs), "the points"), as_floats(own, (None, n), "the vectors")]
        ), is_one

    def _refuse_several(self, what: str, remedy: str = "") -> None:
        if self.n_results != 1:
            raise TypeError(f"{what} needs a function with one result, this one has {self.n_results}{remedy}")

    def _check(self, rows: Any, *results: Any) -> None:
        """Raise what the engine says of the first rows without finite results."""
        if bad := unfinished(*results):
            raise told(bad, len(rows), lambda i: reason(self._recorded, [float(x) for x in rows[i]]))


def first_column(values: Any) -> Any:
    """What is alone in each row."""
    return [row[0] for row in values] if isinstance(values, list) else values[:, 0]


def _no_answer(*args: Any) -> None:
    """What a function gives whose arguments must be looked at first."""


def _only(values: Any) -> Any:
    """What stands in the one row: a float, or the row."""
    return values[0] if hasattr(values[0], "__len__") else float(values[0])


def _blocks(derivatives: Any, n_results: int, n_inputs: int) -> Any:
    """Rows of derivatives as a matrix for each."""
    if isinstance(derivatives, list):
        return [[row[i : i + n_inputs] for i in range(0, len(row), n_inputs)] for row in derivatives]
    return derivatives.reshape(len(derivatives), n_results, n_inputs)
