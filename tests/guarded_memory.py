"""Arrays between pages that may not be touched: whoever reads or writes one float too many kills this process.

Run as a program, it calls compiled programs on such arrays, of every length around the width of a vector; with the word
``overrun`` it reads one float too many on purpose.
"""

import ctypes
import itertools
import mmap
import sys

import numpy as np

PAGE = mmap.PAGESIZE
NONE, READ, READ_WRITE = 0, 1, 3
kept = []


def guarded(shape, *, at_end=True):
    """An array of floats whose last float, or first, borders on a forbidden page."""
    libc = ctypes.CDLL(None, use_errno=True)
    n = int(np.prod(shape))
    pages = max(1, -(-8 * n // PAGE))
    area = mmap.mmap(-1, PAGE * (pages + 2))
    start = ctypes.addressof(ctypes.c_char.from_buffer(area))
    for page in (start, start + PAGE * (pages + 1)):
        if libc.mprotect(ctypes.c_void_p(page), ctypes.c_size_t(PAGE), NONE):
            raise OSError(ctypes.get_errno(), "mprotect")
    offset = PAGE * (pages + 1) - 8 * n if at_end else PAGE
    array = np.frombuffer((ctypes.c_double * n).from_address(start + offset), np.float64, n) if n else np.empty(0)
    array[:] = np.nan
    kept.append((area, start, pages))
    return array.reshape(shape)


def read_only(array):
    """The same numbers in guarded memory that cannot be written to."""
    copy = guarded(array.shape)
    copy[:] = array
    _, start, pages = kept[-1]
    ctypes.CDLL(None).mprotect(ctypes.c_void_p(start + PAGE), ctypes.c_size_t(PAGE * pages), READ)
    return copy


def main():
    from autograd_tiny import dot, exp, log, mean, softmax, tanh
    from autograd_tiny.lowering import compile_function
    from autograd_tiny.lowering.native import arrangement, frame, llvm
    from autograd_tiny.lowering.native.assembly import Assembly
    from autograd_tiny.lowering.runners import Layout, Native

    def various(x):
        return dot(x, [tanh(v) for v in reversed(x)]) + log(softmax(*x)[0]) * exp(-x[-1] * x[0])

    def layers(x):
        """Layers, which native code computes in loops, with the first two thirds of the inputs as parameters."""
        n = len(x) // 3
        hidden = [tanh(dot(x[i : i + n], x[2 * n :])) for i in range(n)]
        return mean([tanh(dot(x[i : i + n], hidden)) for i in range(3)])

    rng = np.random.default_rng(0)
    for function, n, chunk, settings in (
        (various, 1, 1000, ((0, 2), (1, 8))),
        (various, 3, 5, ((0, 2), (1, 8))),
        (various, 30, 60, ((0, 2), (1, 8))),
        (layers, 24, 60, ((16, 2), (16, 8))),
        (layers, 60, 60, ((40, 2), (40, 8))),
    ):
        arrangement.CHUNK, frame.FRAME_BYTES, arrangement.SMALLEST_LOOP = chunk, 2**12, 10
        program = compile_function(function, n, backend="python")
        for n_parameters, width in settings:
            for layout in (Layout(n_parameters, n - n_parameters, 1, n, 0), Layout(n_parameters, n - n_parameters, 0, 0, 1 + n)):
                kernel = llvm.Kernel(llvm.machine_code(program.program, layout, width))
                assert function is various or any(sums for _, sums in Assembly(program.program, layout, width).steps)
                for rows, at_end in itertools.product((0, 1, 2, 7, 8, 9, 16, 31, 33), (True, False)):
                    native = Native(kernel, 1, lambda size: guarded(size, at_end=at_end))  # noqa: B023
                    native._empty = lambda shape: guarded(shape, at_end=at_end)  # noqa: B023
                    points = rng.normal(size=(rows, n))
                    points[:, :n_parameters] = points[:1, :n_parameters]
                    theta = np.array(points[0, :n_parameters]) if rows else np.zeros(n_parameters)
                    values, gradients, means = native(read_only(theta), read_only(points[:, n_parameters:]))
                    expected = program.value_and_grad(points)
                    if layout.n_values:
                        np.testing.assert_allclose(values[:, 0], expected[0], rtol=1e-12)
                        np.testing.assert_allclose(gradients, expected[1], rtol=1e-11, atol=1e-14)
                    elif rows:
                        np.testing.assert_allclose(means, [expected[0].mean(), *expected[1].mean(axis=0)], rtol=1e-11, atol=1e-14)
                kept.clear()


if __name__ == "__main__":
    if "overrun" in sys.argv:
        array = guarded((3,))
        ctypes.c_double.from_address(array.ctypes.data + 8 * 3).value  # noqa: B018
    else:
        main()
