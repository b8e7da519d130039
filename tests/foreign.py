"""Programs that were written in another language, run there: in Node, and as C compiled with every warning an error."""

import ctypes
import math
import shutil
import struct
import subprocess

import pytest

COMPILE = ["-O2", "-Wall", "-Wextra", "-Werror", "-std=c99"]


def program_called(name):
    """Where a program lies; without it the test is skipped."""
    found = shutil.which(name)
    if not found:
        pytest.skip(f"{name} is not installed")
    return found


DRIVER = """
import { readFileSync, writeFileSync } from "node:fs";
const [inputs, outputs, ...modules] = process.argv.slice(2);
const bytes = readFileSync(inputs);
const all = new Float64Array(bytes.buffer, bytes.byteOffset, bytes.length / 8);
const found = [];
let at = 0;
for (const path of modules) {
  const { valueAndGrad } = await import(path);
  const [n, rows] = all.subarray(at, at += 2);
  for (let row = 0; row < rows; row += 1) {
    const given = valueAndGrad(...all.subarray(at, at += n)).flat(2);
    found.push(given.length, ...given);
  }
}
writeFileSync(outputs, new Float64Array(found));
"""


def in_node(programs, folder):
    """For each of several modules with the points it is called at, its outputs at each point: value, then derivatives.

    Numbers go there and back as bits, so that nan, infinities and the sign of a zero stay what they are.
    """
    node = program_called("node")
    numbers = []
    for i, (source, points) in enumerate(programs):
        (folder / f"m{i}.mjs").write_text(source, encoding="utf-8")
        numbers += [len(points[0]), len(points), *[x for point in points for x in point]]
    (folder / "driver.mjs").write_text(DRIVER, encoding="utf-8")
    (folder / "inputs").write_bytes(struct.pack(f"<{len(numbers)}d", *numbers))
    modules = [f"./m{i}.mjs" for i in range(len(programs))]
    done = subprocess.run(
        [node, "driver.mjs", "inputs", "outputs", *modules],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    raw = (folder / "outputs").read_bytes()
    found, results, at = struct.unpack(f"<{len(raw) // 8}d", raw), [], 0
    for _, points in programs:
        results.append([])
        for _ in points:
            count = int(found[at])
            results[-1].append(list(found[at + 1 : at + 1 + count]))
            at += 1 + count
    return results


def compiled_c(source, folder):
    """A C source as a library of this process, compiled with every warning an error."""
    cc = program_called("cc")
    source.save(folder)
    library = folder / f"{source.name}.so"
    command = [cc, *COMPILE, "-shared", "-fPIC", "-o", str(library), str(folder / f"{source.name}.c"), "-lm"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return ctypes.CDLL(str(library))


def in_c(source, points, n_results, n_derivatives, folder):
    """The outputs at each point of a function's batch in C: values, then derivatives."""
    library = compiled_c(source, folder)
    rows, flat = len(points), [x for point in points for x in point]
    inputs = (ctypes.c_double * len(flat))(*flat)
    values, slopes = (ctypes.c_double * (rows * n_results))(), (ctypes.c_double * (rows * n_derivatives))()
    batch = getattr(library, f"{source.name}_batch")
    batch.argtypes, batch.restype = [ctypes.c_size_t, *[ctypes.POINTER(ctypes.c_double)] * 3], None
    alone = (ctypes.c_double * (rows * n_results))()
    batch(rows, inputs, alone, None)
    batch(rows, inputs, values, slopes)
    for x, y in zip(alone, values):
        assert x == y or (math.isnan(x) and math.isnan(y)), "the value alone is another one"
    return [
        [*values[i * n_results : (i + 1) * n_results], *slopes[i * n_derivatives : (i + 1) * n_derivatives]]
        for i in range(rows)
    ]
