"""A program as C99: a source file and its header, which need nothing but the C library's mathematics."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from autograd_tiny.engine.table import TABLE, equal, greater, less, where
from autograd_tiny.lowering.program import Program
from autograd_tiny.lowering.sources.blocks import FOR_COMPILERS, block_function
from autograd_tiny.lowering.sources.definitions import Definitions
from autograd_tiny.lowering.sources.names import Names, ascii_identifier
from autograd_tiny.lowering.sources.writer import ARITHMETIC, CHOICE, Language, Writer, condition, in_rows_of_the_table
from autograd_tiny.storage.files import write_file
from autograd_tiny.text.words import quoted

KEYWORDS = """
    auto break case char const continue default do double else enum extern float for goto if inline int long register
    restrict return short signed sizeof static struct switch typedef union unsigned void volatile while
    alignas alignof bool complex constexpr false imaginary nullptr static_assert thread_local true typeof
    and and_eq asm bitand bitor catch class compl const_cast delete dynamic_cast explicit export friend mutable
    namespace new not not_eq operator or or_eq private protected public reinterpret_cast static_cast template this
    throw try typeid typename using virtual wchar_t xor xor_eq
    main linux unix
"""
"""Of C99, of later C, of C++, which reads the header too, and what compilers define beforehand."""

MACROS = """
    FP_ILOGB0 FP_ILOGBNAN FP_INFINITE FP_NAN FP_NORMAL FP_SUBNORMAL FP_ZERO HUGE_VAL HUGE_VALF HUGE_VALL INFINITY NAN
    NULL MATH_ERREXCEPT MATH_ERRNO math_errhandling M_1_PI M_2_PI M_2_SQRTPI M_E M_LN10 M_LN2 M_LOG10E M_LOG2E M_PI
    M_PI_2 M_PI_4 M_SQRT1_2 M_SQRT2
"""
"""Constants of the headers that every file includes, those of C99 and those that compilers add."""

LOCAL = """
    inputs parameters sample samples results gradient jacobian values gradients jacobians rows i k sum sums one row
    BLOCK FOR_THIS_PROCESSOR NULL size_t isfinite INFINITY NAN
"""
"""Names of our own in every file."""

MATHEMATICS = """
    acos acosh asin asinh atan atan2 atanh cbrt ceil copysign cos cosh erf erfc exp exp2 expm1 fabs fdim floor fma fmax
    fmin fmod frexp hypot ilogb ldexp lgamma llrint llround log log10 log1p log2 logb lrint lround modf nan nearbyint
    nextafter nexttoward pow remainder remquo rint round scalbln scalbn sin sinh sqrt tan tanh tgamma trunc
"""
OTHERS = """
    abort abs atexit atof atoi atol atoll bsearch calloc div exit free getenv labs ldiv llabs lldiv malloc mblen
    mbstowcs mbtowc qsort rand realloc srand strtod strtof strtol strtold strtoll strtoul strtoull system wcstombs
    wctomb fpclassify isinf isnan isnormal signbit
"""
DECLARED = frozenset([*(x + kind for x in MATHEMATICS.split() for kind in ("", "f", "l")), *OTHERS.split()])
"""What math.h and stdlib.h declare in C99: a variable may be called so where the function is not used."""


def _call(function: str, operands: Sequence[str], any_number: bool) -> str:
    listed = ", ".join(operands)
    return f"{function}({len(operands)}, (const double[]){{{listed}}})" if any_number else f"{function}({listed})"


C = Language(
    name="C",
    notations={**ARITHMETIC, less: condition("<"), greater: condition(">"), equal: condition("=="), where: CHOICE},
    has_power=lambda row: False,
    functions={name: name for name in TABLE}
    | {"power": "pow", "power[2]": "square", "pow_log": "power_times_log", "abs": "fabs"},
    reserved=frozenset([*KEYWORDS.split(), *MACROS.split(), *LOCAL.split()]),
    line=("const double {name} = ", ";"),
    comment="// ",
    identifier=ascii_identifier,
    call=_call,
    several=("double {name}[{n}]; {function}({operands}, (const double[]){{", "}}, {name});"),
)


class CSource(NamedTuple):
    """A program in C.

    Attributes:
        name: of its first function, and of the files.
        source: the text of ``name.c``.
        header: the text of ``name.h``, which tells what the functions take and give.
    """

    name: str
    source: str
    header: str

    def save(self, directory: str | os.PathLike[str]) -> tuple[Path, Path]:
        """Write ``name.c`` and ``name.h`` into a directory.

        Raises:
            OSError: the directory does not exist or cannot be written to.
        """
        folder = Path(directory)
        return write_file(folder / f"{self.name}.c", self.source), write_file(folder / f"{self.name}.h", self.header)


def c_source(program: Program, arguments: Mapping[str, int], name: str) -> CSource:
    """A source file and its header.

    Args:
        program: what is computed.
        arguments: what the functions take, arrays: each name with its length; a second one is the sample of a loss.
        name: of the function that gives the value; the others begin with it.

    Raises:
        TypeError: a row of the user's own has no expansion.
        ValueError: no function of C can have this name.
    """
    file = _file(program, arguments, name)
    return CSource(name, file.source(), file.header())


def c_interface(program: Program, arguments: Mapping[str, int], name: str) -> tuple[str, dict[str, str]]:
    """The header alone, and the prototypes in it: of the "value", of the value with its "gradient", and of the "batch".

    Args:
        program: as for `c_source`.
        arguments: as for `c_source`.
        name: as for `c_source`.

    Raises:
        TypeError, ValueError: as `c_source`.
    """
    file = _file(program, arguments, name)
    return file.header(), {kind: prototype for kind, (prototype, _) in file.functions().items()}


def _file(program: Program, arguments: Mapping[str, int], name: str) -> _File:
    _check_name(name)
    program = in_rows_of_the_table(program, C.name)
    derived = [f"{name}_{end}" for end in ("gradient", "jacobian", "batch", "block", "mean_gradient")]
    given = list(zip(("inputs",) if len(arguments) == 1 else ("parameters", "sample"), arguments.values()))
    return _File(Writer(program, C, [name, *derived]), name, given)


def _check_name(name: str) -> None:
    if not isinstance(name, str) or not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", name):
        raise ValueError(
            f"a function in C is called by letters, digits and underscores, a letter first, got {quoted(name)}"
        )
    if name in C.reserved | DECLARED or name in C.functions.values() or name in definitions().blocks:
        raise ValueError(
            f"{name!r} means something else in C or in the file itself; choose another name, as {name + '_of'!r}"
        )


@lru_cache(maxsize=1)
def definitions() -> Definitions:
    """The functions that C's mathematics lacks."""
    text = (Path(__file__).parent / "functions.c").read_text(encoding="utf-8")
    return Definitions(text, r"^static (?:double|void) (\w+)")


class _File:
    """The two texts: what they say of the same functions."""

    def __init__(self, writer: Writer, name: str, given: Sequence[tuple[str, int]]) -> None:
        self.writer, self.name, self.given = writer, name, given
        program = writer.program
        self.n_results = program.n_values
        self.n_derivatives = (len(program.outputs) - program.n_values) // program.n_values
        self.is_loss = len(given) == 2

    def header(self) -> str:
        prefix = self.name.upper()
        names = Names(["H", *(kind.upper() for kind, _ in self.given), "RESULTS"], ascii_identifier)
        labels = [names.new(label) for label in self.writer.program.inputs]
        lines, start = [], 0
        for kind, n in self.given:
            places = [f"{prefix}_{label}" for label in labels[start : start + n]]
            lines.append(f"enum {{ {', '.join([*places, f'{prefix}_{kind.upper()}'])} }};")
            start += n
        if self.n_results > 1:
            lines.append(f"enum {{ {prefix}_RESULTS = {self.n_results} }};")
        comment = "/* Where each input stands, and how many there are. */"
        prototypes = [f"/* {what} */\n{prototype};" for prototype, what in self.functions().values()]
        return (
            f"#ifndef {prefix}_H\n#define {prefix}_H\n\n#include <stddef.h>\n\n"
            '#ifdef __cplusplus\nextern "C" {\n#endif\n\n'
            + "\n\n".join(["\n".join([comment, *_broken(lines)]), *prototypes])
            + "\n\n#ifdef __cplusplus\n}\n#endif\n\n#endif\n"
        )

    def functions(self) -> dict[str, tuple[str, str]]:
        """The functions' prototypes, and what each does."""
        name, n = self.name, self.n_derivatives
        takes = ", ".join(_array(kind, n, const=True) for kind, n in self.given)
        if self.n_results > 1:
            r = self.n_results
            return {
                "value": (f"void {name}({takes}, double results[{r}])", "The results."),
                "gradient": (
                    f"void {name}_jacobian({takes}, double results[{r}], double jacobian[{r * n}])",
                    "The results and their derivatives: "
                    "those of the first result by each input, then those of the next.",
                ),
                "batch": (
                    f"void {name}_batch(size_t rows, const double *inputs, double *results, double *jacobians)",
                    "The same for every row of inputs; without derivatives where jacobians is NULL.",
                ),
            }
        found = {
            "value": (f"double {name}({takes})", "The value."),
            "gradient": (
                f"double {name}_gradient({takes}, double gradient[{n}])",
                "The value, and its derivative by each input.",
            ),
        }
        if self.is_loss:
            takes = _array(*self.given[0], const=True)
            mean = f"double {name}_mean_gradient(size_t rows, {takes}, const double *samples, double gradient[{n}])"
            found["gradient"] = found["gradient"][0], "The loss of one sample, and its derivative by each parameter."
            found["batch"] = mean, "The mean loss of the rows of samples, and its gradient."
        else:
            batch = f"void {name}_batch(size_t rows, const double *inputs, double *values, double *gradients)"
            found["batch"] = batch, "The same for every row of inputs; without derivatives where gradients is NULL."
        return found

    def source(self) -> str:
        prototypes = {kind: prototype for kind, (prototype, _) in self.functions().items()}
        block = block_function(self.writer, self.name, self.given[1][1]) if self.is_loss else None
        bodies = {
            "value": self.value(),
            "gradient": self.gradient(),
            "batch": self.mean(in_blocks=block is not None) if self.is_loss else self.batch(),
        }
        functions = ["\n".join([f"{prototypes[kind]} {{", *body, "}"]) for kind, body in bodies.items()]
        if block:
            functions.insert(2, "\n".join(block))
        head = (
            f"/* {self.name}.h tells what is here.  Compile with: cc -O2 -std=c99 -c {self.name}.c; link with -lm. */"
        )
        includes = f'#include "{self.name}.h"\n\n#include <math.h>' + f"\n\n{FOR_COMPILERS}" * bool(block)
        helpers = definitions().needed(self.writer.functions)
        return "\n\n".join([f"{head}\n{includes}", *helpers.values(), *functions]) + "\n"

    def inputs(self, outputs: Sequence[int]) -> list[str]:
        """The inputs that are used, by their names."""
        used, lines, start = self.writer.used(outputs), [], 0
        for kind, n in self.given:
            mine = [number for number in range(start, start + n) if number in used]
            lines += [f"    const double {self.writer.names[x]} = {kind}[{x - start}];" for x in mine]
            lines += [] if mine else [f"    (void){kind};"]
            start += n
        return lines

    def value(self) -> list[str]:
        outputs = self.writer.program.outputs[: self.n_results]
        lines, texts = self.writer.body(outputs, "    ")
        lines = [*self.inputs(outputs), *lines[1:]]  # without the comment "forward": there is nothing else
        if self.n_results == 1:
            return [*lines, f"    return {texts[0]};"]
        return lines + [f"    results[{i}] = {text};" for i, text in enumerate(texts)]

    def gradient(self) -> list[str]:
        outputs = self.writer.program.outputs
        lines, texts = self.writer.body(outputs, "    ")
        results, derivatives = texts[: self.n_results], texts[self.n_results :]
        target = "gradient" if self.n_results == 1 else "jacobian"
        stores = [f"    {target}[{i}] = {text};" for i, text in enumerate(derivatives)]
        if self.n_results == 1:
            return [*self.inputs(outputs), *lines, *stores, f"    return {results[0]};"]
        return [
            *self.inputs(outputs),
            *lines,
            *[f"    results[{i}] = {text};" for i, text in enumerate(results)],
            *stores,
        ]

    def batch(self) -> list[str]:
        (_, n), r, d = self.given[0], self.n_results, self.n_derivatives * self.n_results
        if r == 1:
            with_slopes = f"values[i] = {self.name}_gradient(inputs + {n} * i, gradients + {d} * i)"
            without, slopes = f"values[i] = {self.name}(inputs + {n} * i)", "gradients"
        else:
            with_slopes = f"{self.name}_jacobian(inputs + {n} * i, results + {r} * i, jacobians + {d} * i)"
            without, slopes = f"{self.name}(inputs + {n} * i, results + {r} * i)", "jacobians"
        return [
            "    for (size_t i = 0; i < rows; i++) {",
            f"        if ({slopes})",
            f"            {with_slopes};",
            "        else",
            f"            {without};",
            "    }",
        ]

    def mean(self, *, in_blocks: bool) -> list[str]:
        """The mean of all rows: in blocks, and then those that are left one by one; or all of them one by one."""
        n, m = self.n_derivatives, self.given[1][1]
        begin = [
            f"    double sum = 0.0, one[{n}];",
            f"    for (int k = 0; k < {n}; k++) gradient[k] = 0.0;",
            "    size_t row = 0;",
        ]
        blocks = [
            f"    double sums[{n + 1}][BLOCK] = {{{{0.0}}}}; /* by each parameter, and of the loss */",
            "    for (; row + BLOCK <= rows; row += BLOCK)",
            f"        {self.name}_block(parameters, samples + {m} * row, sums);",
            "    for (int i = 0; i < BLOCK; i++) {",
            f"        for (int k = 0; k < {n}; k++) gradient[k] += sums[k][i];",
            f"        sum += sums[{n}][i];",
            "    }",
        ]
        return [
            *begin,
            *(blocks if in_blocks else []),
            "    for (; row < rows; row++) {",
            f"        sum += {self.name}_gradient(parameters, samples + {m} * row, one);",
            f"        for (int k = 0; k < {n}; k++) gradient[k] += one[k];",
            "    }",
            f"    for (int k = 0; k < {n}; k++) gradient[k] /= (double)rows;",
            "    return sum / (double)rows;",
        ]


def _array(name: str, n: int, const: bool) -> str:
    return f"{'const ' * const}double {name}[{n}]" if n else f"{'const ' * const}double *{name}"


def _broken(lines: Sequence[str]) -> list[str]:
    """Long lists over several lines."""
    return [
        line if len(line) <= 100 else line.replace("{ ", "{\n    ").replace(", ", ",\n    ").replace(" }", "\n}")
        for line in lines
    ]
