"""Running a program over the rows of a batch: as native code, or by the Python source where llvmlite is not installed.

Both take parameters of shape (n,) and a batch of shape (rows, m), and give what the layout asks for: values and
derivatives of every row, and means over the rows.
"""

from __future__ import annotations

import ctypes
import math
import os
import struct
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache, cached_property
from importlib import import_module
from threading import Thread
from typing import Any, NamedTuple, Protocol

from autograd_tiny.engine.refusals import in_floats
from autograd_tiny.engine.row import Primitive
from autograd_tiny.lowering.program import Chooser, Program
from autograd_tiny.lowering.sources.python import python_function
from autograd_tiny.text.numbers import as_whole
from autograd_tiny.text.words import quoted

INSTALL = 'pip install "autograd_tiny[fast]"'


class Layout(NamedTuple):
    """What the inputs and outputs of a program are, in their order.

    Attributes:
        n_parameters: the first inputs, the same for every row.
        n_columns: the other inputs, a column of the batch each.
        n_values, n_derivatives: outputs wanted for every row.
        n_means: the other outputs, of which the mean over the rows is wanted.
    """

    n_parameters: int
    n_columns: int
    n_values: int
    n_derivatives: int
    n_means: int


class Computation(Protocol):
    """What native code is made of: a program, or a record that has not become one yet."""

    @property
    def inputs(self) -> Sequence[Any]:
        """What it takes."""

    def in_rows(self, expansion: Chooser) -> Program:
        """The program in simpler rows, as `opened` gives it."""

    def calls(self, row: Primitive) -> Iterable[tuple[int, ...]]:
        """The operands of a row: the inputs by their numbers, others by larger ones."""


class Code(Protocol):
    """Native code that can be called.

    Attributes:
        layout: of its inputs and outputs.
        workspace: how many floats it works in; the first are the means, after a call.
        work: how many operands its instructions have for a row, a measure of its time.
        run: the function; it takes a pointer to the number of rows and the addresses of parameters, batch, values,
            derivatives and workspace.
    """

    layout: Layout
    workspace: int
    work: int
    run: Any


class Runner(Protocol):
    """Runs one program with one layout."""

    def __call__(self, parameters: Any, batch: Any, /) -> tuple[Any, Any, Any]:
        """Values (rows, n_values), derivatives (rows, n_derivatives) and means (n_means,).

        Args:
            parameters: (n_parameters,); None for a program that has none.
            batch: (rows, n_columns).
        """


def chosen_backend(backend: str | None) -> str:
    """The backend asked for; native code if nothing is asked for and llvmlite and NumPy are installed.

    Raises:
        ImportError: native code is asked for, and what it needs is missing.
    """
    if backend not in (None, "llvm", "python"):
        raise ValueError(f"a backend is 'llvm' or 'python', got {backend!r}")
    if backend == "python":
        return backend
    try:
        for module in ("llvmlite.binding", "numpy"):
            import_module(module)
    except ImportError as error:
        if backend == "llvm":
            raise ImportError(f"native code needs llvmlite and NumPy ({error}): {INSTALL}") from None
        return "python"
    return "llvm"


WORTH_A_THREAD = 2**25
"""How many operands of instructions, times rows, a thread of its own must have: half a millisecond, ten times what
starting it takes.
"""


def checked_threads(threads: Any) -> int | None:
    """How many threads a user asks for, or None for as many as pay.

    Raises:
        ValueError: not a whole number from 1 up.
    """
    number = as_whole(threads)
    if threads is not None and (number is None or number < 1):
        raise ValueError(
            f"threads is a whole number from 1 up, or None for as many as pay on this machine; got {threads!r}"
        )
    return number


def machine_threads() -> int:
    """How many threads this process may run at once."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Native:
    """Runs native code, on as many cores as are asked for; other threads run meanwhile, and may call the same program.

    Args:
        kernel: what is run.
        threads: among how many the rows are shared; as many as there are cores, if these have enough to do, if None.
        allocate: gives the memory to work in, so many floats.
    """

    def __init__(self, kernel: Code, threads: int | None = None, allocate: Callable[[int], Any] | None = None) -> None:
        import numpy as np

        self._kernel, self._layout, self._threads = kernel, kernel.layout, threads
        self._empty, self._float, self._array = np.empty, np.dtype(np.float64), np.ndarray
        self._allocate = allocate or _aligned
        self._memories: list[_Memory] = []  # those that no call uses; taking and giving back one is atomic

    def __call__(self, parameters: Any, batch: Any, /) -> tuple[Any, Any, Any]:
        n_parameters, n_columns, n_values, n_derivatives, _ = self._layout
        are_none = parameters is None and not n_parameters
        if not (are_none or (self._fits(parameters) and parameters.shape == (n_parameters,))):
            parameters = as_floats(parameters, (n_parameters,), "the parameters")
        if not self._fits(batch) or batch.ndim != 2 or batch.shape[1] != n_columns:
            batch = as_floats(batch, (None, n_columns), "the batch")
        rows = batch.shape[0]
        values = self._empty((rows, n_values)) if n_values else None
        derivatives = self._empty((rows, n_derivatives)) if n_derivatives else None
        threads = self._threads or rows * self._kernel.work // WORTH_A_THREAD
        if threads > 1 and self._threads is None:  # for few rows, a look at the machine would take as long as they do
            threads = min(threads, machine_threads())
        if threads < 2 or len(shares := self._shares(rows, threads)) < 2:
            return values, derivatives, self._run(parameters, batch, values, derivatives)
        return values, derivatives, self._shared(parameters, (batch, values, derivatives), shares, threads)

    def _shares(self, rows: int, threads: int) -> list[slice]:
        """The rows of each share: of all but the last a multiple of the longest vector.

        Up to eight for a thread, if each has half of what is worth a thread: where a core has other things to do, the
        others take more of them.
        """
        count = max(threads, min(8 * threads, 2 * rows * self._kernel.work // WORTH_A_THREAD))
        size = -(-rows // (16 * count)) * 16
        return [slice(start, min(start + size, rows)) for start in range(0, rows, size)] if rows else []

    def _shared(self, parameters: Any, arrays: Sequence[Any], shares: Sequence[slice], threads: int) -> Any:
        """Run the shares, each in the thread that is free for it first; the means over all of them."""
        parts: list[Any] = [None for _ in shares]
        waiting = iter(range(len(shares)))  # taking the next one is atomic

        def run() -> None:
            for i in waiting:
                batch, values, derivatives = [x if x is None else x[shares[i]] for x in arrays]
                parts[i] = self._run(parameters, batch, values, derivatives)

        others = [Thread(target=run) for _ in range(min(threads, len(shares)) - 1)]
        for thread in others:
            thread.start()
        run()
        for thread in others:
            thread.join()
        if not self._layout.n_means:
            return None
        weights = [(share.stop - share.start) / shares[-1].stop for share in shares]
        return sum(part * weight for part, weight in zip(parts, weights))  # in this order, whichever was ready first

    def _run(self, parameters: Any, batch: Any, values: Any, derivatives: Any) -> Any:
        """Run the function; the means, if there are any."""
        try:
            memory = self._memories.pop()
        except IndexError:
            memory = _Memory(self._allocate(self._kernel.workspace), self._layout.n_means)
        _pack(
            memory.arguments,
            0,
            batch.shape[0],
            0 if parameters is None else _address(parameters),
            _address(batch),
            0 if values is None else _address(values),
            0 if derivatives is None else _address(derivatives),
        )
        self._kernel.run(memory.address)
        means = None if memory.means is None else memory.means.copy()
        self._memories.append(memory)
        return means

    def _fits(self, x: Any) -> bool:
        """Whether native code can read an array as it is."""
        return x.__class__ is self._array and x.dtype is self._float and x.flags.carray


_Arguments = ctypes.c_int64 * 6
_pack = struct.Struct("5q").pack_into  # all but the last: a memory knows its workspace


class _Memory:
    """What a call works in.

    Attributes:
        arguments: of the function, the last of them in place.
        address: where they lie.
        workspace: what it begins with is the means.
        means: these, or None if there are none.
    """

    __slots__ = ("address", "arguments", "means", "workspace")

    def __init__(self, workspace: Any, n_means: int) -> None:
        self.workspace = workspace
        self.arguments = _Arguments(0, 0, 0, 0, 0, workspace.ctypes.data)
        self.address = ctypes.addressof(self.arguments)
        self.means = workspace[:n_means] if n_means else None


LONG_ROW = 2**12
"""From so many numbers in and out on, a row by itself is computed twice as quickly by scalar code.

Vectors are for rows side by side: of one row alone they have eight copies, and so much memory is slow.
"""


class ByRows:
    """Runs a row by itself by scalar code, several rows by vectors; each is compiled when it is first needed.

    Args:
        runner: gives what runs code of a width, 0 for the processor's.
    """

    def __init__(self, runner: Callable[[int], Runner]) -> None:
        self._runner = cache(runner)

    def __call__(self, parameters: Any, batch: Any, /) -> tuple[Any, Any, Any]:
        is_one = hasattr(batch, "__len__") and len(batch) == 1
        return self._runner(1 if is_one else 0)(parameters, batch)


_from_buffer, _addressof = ctypes.c_char.from_buffer, ctypes.addressof


def _address(array: Any) -> int:
    """Where an array's floats lie; five times as quick as ``array.ctypes.data`` where the array is writable."""
    try:
        return _addressof(_from_buffer(array))
    except (TypeError, ValueError):  # read-only, or empty
        address: int = array.ctypes.data
        return address


def _aligned(n: int) -> Any:
    """An array of ``n`` floats that starts at a multiple of 128 bytes, the largest vector."""
    import numpy as np

    array = np.empty(n + 16)
    start = -array.ctypes.data % 128 // 8
    return array[start : start + n]


def as_floats(x: Any, shape: tuple[int | None, ...], what: str) -> Any:
    """``x`` as a C-contiguous array of 64-bit floats, converted where no digits can be lost but those of large
    integers.

    Raises:
        ValueError: the shape is another one; None stands for any length.
        TypeError: not real numbers.
    """
    import numpy as np

    rows = x if isinstance(x, (list, tuple)) else ()
    if any(isinstance(part, np.ma.MaskedArray) for part in (x, *rows)):
        raise TypeError(f"{what} must be a plain array, got a masked one; fill in its missing entries first")
    try:
        array = np.asarray(x)
    except ValueError as error:
        raise ValueError(f"{what}: rows of different length make no array ({error})") from None
    if array.dtype.kind not in "fiub" or array.dtype.itemsize > 8:
        raise TypeError(f"{what} must be real numbers of at most 64 bits, got an array of {array.dtype}")
    if len(array.shape) != len(shape) or any(want not in (None, n) for want, n in zip(shape, array.shape)):
        wanted = ", ".join("rows" if n is None else str(n) for n in shape)
        hint = "; for a single row write batch[None, :]" if array.ndim == 1 < len(shape) else ""
        raise ValueError(f"{what} must have shape ({wanted}{',' * (len(shape) == 1)}), got {array.shape}{hint}")
    return np.require(array, np.float64, ["C", "A"])


class Interpreted:
    """Runs a program row by row as Python, on lists; gives arrays where NumPy is installed and lists where it is not.

    Where native code goes on with ``inf`` or ``nan``, Python raises: a logarithm of 0, a division by 0.
    """

    def __init__(self, program: Program, layout: Layout) -> None:
        self._program, self._layout = program, layout

    @cached_property
    def _function(self) -> Callable[..., Any]:
        return python_function(self._program)

    def __call__(self, parameters: Any, batch: Any, /) -> tuple[Any, Any, Any]:
        n_parameters, n_columns, n_values, n_derivatives, n_means = self._layout
        are_none = parameters is None and not n_parameters
        theta = [] if are_none else numbers_in(parameters, n_parameters, "the parameters")
        given = _each_of(batch, "the batch", "rows of numbers")
        rows = [numbers_in(row, n_columns, f"row {i} of the batch") for i, row in enumerate(given)]
        outputs = [self._row(i, theta, row) for i, row in enumerate(rows)]
        ends = n_values, n_values + n_derivatives
        values, derivatives = [out[: ends[0]] for out in outputs], [out[ends[0] : ends[1]] for out in outputs]
        means = [_mean(column) for column in zip(*[out[ends[1] :] for out in outputs])]
        return (
            _array(values, (len(rows), n_values)),
            _array(derivatives, (len(rows), n_derivatives)),
            _array(means, (n_means,)),
        )

    def _row(self, i: int, theta: Sequence[float], row: Sequence[float]) -> list[float]:
        try:
            result = self._function(*theta, *row)
        except (ArithmeticError, ValueError) as error:
            raise type(error)(f"row {i} of the batch: {error}") from error
        return _flat(result)


def _mean(column: Sequence[float]) -> float:
    try:
        return math.fsum(column) / len(column)
    except OverflowError:  # which native code does not raise: the sum is infinite
        return sum(column) / len(column)


def _flat(result: Any) -> list[float]:
    if not isinstance(result, tuple):
        return [result]
    return [x for part in result for x in _flat(part)]


def numbers_in(x: Any, n: int, what: str) -> list[float]:
    """The floats in a row, of which there must be ``n``."""
    numbers = list(in_floats(_each_of(x, what, "a row of numbers"), lambda place: f"{what}, number {place}"))
    if len(numbers) != n:
        raise ValueError(f"{what}: expected {n} numbers, got {len(numbers)}")
    return numbers


def n_rows(x: Any, what: str) -> int:
    """How many rows an array or a list has."""
    try:
        return len(x)
    except TypeError:
        raise _no_rows(x, what, "rows of numbers") from None


def _each_of(x: Any, what: str, wanted: str) -> list[Any]:
    if not hasattr(x, "__getitem__") or isinstance(x, Mapping) or getattr(x, "shape", None) == ():
        raise _no_rows(x, what, wanted)
    return list(x)


def _no_rows(x: Any, what: str, wanted: str) -> TypeError:
    return TypeError(f"{what} must be {wanted}, in a list or an array; got the {type(x).__name__} {quoted(x)}")


def _array(x: list[Any], shape: tuple[int, ...]) -> Any:
    try:
        import numpy as np
    except ImportError:
        return x
    return np.array(x, np.float64).reshape(shape)


def unfinished(*results: Any) -> list[int]:
    """The rows in which a number is not finite, of arrays or lists with as many rows."""
    try:
        import numpy as np
    except ImportError:
        return [i for i, rows in enumerate(zip(*results)) if not all(math.isfinite(x) for row in rows for x in row)]
    return [int(i) for i in np.flatnonzero(~np.logical_and.reduce([np.isfinite(x).all(axis=1) for x in results]))]
