"""The C file of a network beside the C that CasADi writes of the same, and beside our machine code; compiled with ``cc -O2``.

Each gives the mean loss and its gradient of a batch, and is called through ctypes.
"""

from __future__ import annotations

import ctypes
import subprocess
from collections.abc import Callable
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from autograd_tiny.losses import hinge
from autograd_tiny.lowering import compile_model
from benchmarks.measure import Measurement, check_agreement, versus
from benchmarks.native import at_least, new_model, ours, samples

HIDDEN, ROWS = 16, 100

LOOP = """
int peer(const double **arg, double **res, long long *iw, double *w, int mem);
double peer_mean_gradient(size_t rows, const double *parameters, const double *samples, double *gradient, double *one, double *w) {
    double sum = 0.0, loss = 0.0;
    for (int k = 0; k < N; k++) gradient[k] = 0.0;
    for (size_t i = 0; i < rows; i++) {
        const double *arg[ARGS] = {parameters, samples + 3 * i};
        double *res[RESULTS] = {&loss, one};
        peer(arg, res, 0, w, 0);
        sum += loss;
        for (int k = 0; k < N; k++) gradient[k] += one[k];
    }
    for (int k = 0; k < N; k++) gradient[k] /= (double)rows;
    return sum / (double)rows;
}
"""
"""The mean over a batch, as our own file has it, around CasADi's function of one sample."""

Step = Callable[[], tuple[float, Any]]


def compiled(folder: Path, file: str) -> ctypes.CDLL:
    """A C file as a shared library."""
    library = folder / f"{file}.so"
    subprocess.run(["cc", "-O2", "-fPIC", "-shared", f"{file}.c", "-o", library.name, "-lm"], cwd=folder, check=True)
    return ctypes.CDLL(str(library))


def pointer(x: Any) -> Any:
    return x.ctypes.data_as(ctypes.c_void_p)


def from_c(folder: Path, theta: Any, batch: Any) -> Step:
    """Our own file."""
    model = compile_model(new_model(HIDDEN), hinge, backend="python")
    model.c("loss").save(folder)
    function = compiled(folder, "loss").loss_mean_gradient
    return called(function, theta, batch, [])


def called(function: Any, theta: Any, batch: Any, further: list[Any]) -> Step:
    """A step that calls a C function for the mean loss and its gradient."""
    function.restype = ctypes.c_double
    gradient = np.empty(len(theta))
    arguments = [ctypes.c_size_t(len(batch)), *map(pointer, (theta, batch, gradient, *further))]
    kept = theta, batch, further

    def step() -> tuple[float, Any]:
        assert kept
        return function(*arguments), gradient

    return step


def from_casadi(folder: Path, theta: Any, batch: Any) -> Step:
    """CasADi's file, with a loop over the batch."""
    import casadi

    symbols, sample = casadi.SX.sym("theta", len(theta)), casadi.SX.sym("sample", 3)
    h, at = sample[:2], 0
    for n, m in ((2, HIDDEN), (HIDDEN, HIDDEN), (HIDDEN, 1)):
        weights = casadi.reshape(symbols[at : at + n * m], m, n)
        h = casadi.mtimes(weights, h) + symbols[at + n * m : at + n * m + m]
        h, at = casadi.fmax(h, 0) if m > 1 else h, at + n * m + m
    loss = casadi.fmax(1 - sample[2] * h, 0)
    function = casadi.Function("peer", [symbols, sample], [loss, casadi.gradient(loss, symbols)])
    generator = casadi.CodeGenerator("peer.c")
    generator.add(function)
    generator.generate(str(folder) + "/")
    n_args, n_results, _, n_floats = function.sz_arg(), function.sz_res(), function.sz_iw(), function.sz_w()
    loop = LOOP.replace("ARGS", str(n_args)).replace("RESULTS", str(n_results)).replace("N;", f"{len(theta)};")
    with (folder / "peer.c").open("a", encoding="utf-8") as file:
        file.write("#include <stddef.h>\n" + loop)
    return called(compiled(folder, "peer").peer_mean_gradient, theta, batch, [np.empty(len(theta)), np.empty(n_floats)])


def run(repeats: int) -> list[Measurement]:
    """Against CasADi's file, and against our own machine code."""
    batch = samples(ROWS)
    native = ours(new_model(HIDDEN), batch)
    theta = native.args[0]
    with TemporaryDirectory() as folder:
        own = from_c(Path(folder), theta, batch)
        peer = from_casadi(Path(folder), theta, batch)
        expected = native()
        for step in (own, peer):
            loss, gradient = step()
            check_agreement([loss, *gradient], [expected[0], *expected[1]], 1e-12)
        what = f"C file: loss and gradient, 2-{HIDDEN}-{HIDDEN}-1 on {ROWS} points"
        return [
            versus(what, own, "CasADi's C", peer, repeats, at_least(1.5)),
            versus(what, own, "our native code", partial(native), repeats, at_least(0.5)),
        ]
