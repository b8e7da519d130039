"""A compiled function as a shared library with a header: the machine code that Python runs, linked by the C compiler.

The functions are those of `sources.c`.  They are written in C, a few lines each, and call the machine code.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from autograd_tiny.lowering.native.llvm import MachineCode, machine_code
from autograd_tiny.lowering.native.vectors import LIBRARY, symbol
from autograd_tiny.lowering.recording.recorded import Recorded
from autograd_tiny.lowering.runners import Layout
from autograd_tiny.lowering.sources.c import c_interface
from autograd_tiny.storage.files import write_file
from autograd_tiny.text.words import quoted

ENDINGS = (".so", ".dylib")

CALLS = """
#include <math.h>
#include <stdint.h>
#include <stdlib.h>

#define NAME_hidden __attribute__((visibility("hidden")))

typedef struct {
    int64_t rows;
    const double *parameters, *batch;
    double *values, *derivatives, *workspace;
} NAME_arguments;
typedef void NAME_kernel(const NAME_arguments *);
NAME_hidden NAME_kernel NAME_values, NAME_all;

/* Call machine code with memory to work in, which then begins with the means: one of values, the others a gradient.
   Without memory, everything that is written is nan. */
static void NAME_call(NAME_kernel *run, size_t floats, size_t rows, const double *parameters, const double *batch,
                      double *values, size_t n_values, double *derivatives, size_t n_derivatives, double *mean,
                      double *gradient, size_t n_gradient) {
    char *memory = malloc(floats * sizeof(double) + 128);
    if (memory) {
        double *workspace = (double *)(memory + (128 - (uintptr_t)memory % 128));
        run(&(NAME_arguments){(int64_t)rows, parameters, batch, values, derivatives, workspace});
        if (mean) *mean = workspace[0];
        for (size_t i = 0; i < n_gradient; i++) gradient[i] = workspace[i + 1];
        free(memory);
        return;
    }
    for (size_t i = 0; i < rows * n_values; i++) values[i] = NAN;
    for (size_t i = 0; i < rows * n_derivatives; i++) derivatives[i] = NAN;
    if (mean) *mean = NAN;
    for (size_t i = 0; i < n_gradient; i++) gradient[i] = NAN;
}
"""
"""The C that every library begins with; for NAME_ stands the name of the library, and ``_of_``."""


class _Kernel(NamedTuple):
    """A layout's machine code, the name it has in the library, and that of the function that calls it."""

    name: str
    caller: str
    code: MachineCode

    def call(
        self, rows: str, parameters: str, batch: str, values: str = "0", derivatives: str = "0", means: str = "0, 0"
    ) -> str:
        """The call of it in C."""
        layout = self.code.layout
        arrays = f"{values}, {layout.n_values}, {derivatives}, {layout.n_derivatives}"
        arrays += f", {means}, {max(layout.n_means - 1, 0)}"
        return f"{self.caller}({self.name}, {self.code.workspace}, {rows}, {parameters}, {batch}, {arrays});"


def save_library(
    path: str | os.PathLike[str], recorded: Recorded, arguments: Mapping[str, int], layouts: Sequence[Layout]
) -> tuple[Path, Path]:
    """Write a shared library and its header; the paths of both.

    Args:
        path: of the library; its name without the ending is that of the function that gives the value.
        recorded: what is computed.
        arguments: as `c_source` takes them.
        layouts: of the values alone, and of all that there is.

    Raises:
        ValueError: the path ends otherwise, or no function of C can have its name.
        FileNotFoundError: no C compiler is installed, or the directory does not exist.
        OSError: the compiler fails, or a file cannot be written.
    """
    path = Path(path)
    if path.suffix not in ENDINGS:
        raise ValueError(
            f"a shared library is called {' or '.join(f'name{x}' for x in ENDINGS)}, got {quoted(path.name)}"
        )
    name = path.stem
    header, prototypes = c_interface(recorded.program, arguments, name)
    if not path.parent.is_dir():
        raise FileNotFoundError(f"cannot write {path}: the directory {path.parent} does not exist; create it first")
    own = f"{name}_of_"
    kernels = [
        _Kernel(own + what, own + "call", machine_code(computation, layout, file_name=own + what))
        for what, computation, layout in zip(("values", "all"), (recorded.values_alone(), recorded), layouts)
    ]
    bodies = _of_function(*kernels) if len(arguments) == 1 else _of_loss(*kernels)
    begin = "\n".join([CALLS, *map(_library_function, LIBRARY.items())]).replace("NAME_", own)
    functions = [f"{prototypes[kind]} {{\n    {body}\n}}" for kind, body in bodies.items()]
    source = "\n".join([f'#include "{name}.h"', begin, *functions, ""])
    with TemporaryDirectory() as folder:
        linked = _linked(Path(folder), name, {f"{name}.h": header, f"{name}.c": source}, kernels)
    return write_file(path, linked), write_file(path.with_suffix(".h"), header)


def _of_function(values: _Kernel, everything: _Kernel) -> dict[str, str]:
    several = values.code.layout.n_values > 1
    outputs, slopes = ("results", "jacobians") if several else ("values", "gradients")
    one, derivatives = ("results", "jacobian") if several else ("&value", "gradient")
    start, end = ("", "") if several else ("double value;\n    ", "\n    return value;")
    return {
        "value": start + values.call("1", "0", "inputs", one) + end,
        "gradient": start + everything.call("1", "0", "inputs", one, derivatives) + end,
        "batch": f"if ({slopes}) {everything.call('rows', '0', 'inputs', outputs, slopes)}\n"
        f"    else {values.call('rows', '0', 'inputs', outputs)}",
    }


def _of_loss(values: _Kernel, everything: _Kernel) -> dict[str, str]:
    def result(call: str) -> str:
        return f"double value;\n    {call}\n    return value;"

    return {
        "value": result(values.call("1", "parameters", "sample", "&value")),
        "gradient": result(everything.call("1", "parameters", "sample", means="&value, gradient")),
        "batch": result(everything.call("rows", "parameters", "samples", means="&value, gradient")),
    }


def _library_function(function: tuple[str, int]) -> str:
    """A function of the C library by the name under which the machine code calls it."""
    name, n = function
    operands = [f"x{i}" for i in range(n)]
    given = ", ".join([f"double {x}" for x in operands])
    called = f"{name}({', '.join(operands)})"
    return f"NAME_hidden double {symbol(name)}({given});\ndouble {symbol(name)}({given}) {{ return {called}; }}"


def _linked(folder: Path, name: str, texts: Mapping[str, str], kernels: Sequence[_Kernel]) -> bytes:
    called = os.environ.get("CC", "cc")
    compiler = shutil.which(called)
    if compiler is None:
        raise FileNotFoundError(
            f"a shared library is linked by a C compiler, and {called} is not installed; install one, "
            "or write C with c().save()"
        )
    for file, text in texts.items():
        (folder / file).write_text(text, encoding="utf-8")
    objects = [f"{kernel.name}.o" for kernel in kernels]
    for file, kernel in zip(objects, kernels):
        (folder / file).write_bytes(kernel.code.object)
    command = [compiler, "-O2", "-std=c99", "-fPIC", "-shared", f"{name}.c", *objects, "-o", "linked", "-lm"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise OSError(f"the C compiler cannot link the machine code: {done.stderr.strip()[-300:]}")
    return (folder / "linked").read_bytes()
