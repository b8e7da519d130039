"""The command line: ``autograd-tiny``.

Exit codes: 0 done, 1 claims or checks failed, 2 wrong use.
"""

from __future__ import annotations

import argparse
import codecs
import os
import re
import shlex
import shutil
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from autograd_tiny import __version__
from autograd_tiny.arrays import Array
from autograd_tiny.engine.value import Constant, Value
from autograd_tiny.formulas import Recorded, read_assignments, read_formula
from autograd_tiny.lowering import compile_formula
from autograd_tiny.marking.answers.class_files import mark_class
from autograd_tiny.marking.answers.sheet import Sheet
from autograd_tiny.marking.files.corrections import corrected
from autograd_tiny.marking.files.sources import PAGES, files_in, pages_in
from autograd_tiny.marking.reports import FORMATS
from autograd_tiny.marking.reports.in_terminal import print_outcomes, print_report, print_tally
from autograd_tiny.marking.reports.outcomes import Outcome, outcomes_of
from autograd_tiny.storage.files import decoded, make_directory, write_file
from autograd_tiny.text.numbers import short_number
from autograd_tiny.text.tables import print_whole
from autograd_tiny.text.words import did_you_mean, listed
from autograd_tiny.views.derivation import derived
from autograd_tiny.views.drawing.draw import draw
from autograd_tiny.views.drawing.render import RenderError
from autograd_tiny.views.explain import Explainer, explained
from autograd_tiny.views.matrices.graph import ALL_ARRAYS, ARRAYS
from autograd_tiny.views.named import seen_through
from autograd_tiny.views.steps import backward_steps, forward_steps
from autograd_tiny.views.widget import Stepper
from autograd_tiny.worked import three_three_three

DONE, FAILED, WRONG_USE, INTERRUPTED = 0, 1, 2, 130
PLAIN = {"∂": "d", "·": "*", "×": "*", "→": ">", "−": "-", "δ": "d", "σ": "s", "…": ".", "⁽": "(", "⁾": ")"}
"""For a terminal that cannot show signs of mathematics: one character for one, so that tables keep their columns."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit code."""
    codecs.register_error("autograd_tiny.plain", _in_plain_signs)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="autograd_tiny.plain")
    parser = _parser()
    options, rest = parser.parse_known_args(arguments)
    if hasattr(options, "values"):  # argparse leaves the words name=value that stand after an option
        options.values += [word for word in rest if "=" in word and not word.startswith("-")]
        rest = [word for word in rest if word not in options.values]
    if rest:
        is_formula = rest[0][:2] != "--" and rest[0].startswith("-")
        hint = "; put a formula that begins with - in brackets: '(-x**2)'" if is_formula else ""
        parser.error(f"{options.command} has no use for {' '.join(rest)}{hint}")
    try:
        return int(options.run(options, Console(highlight=False)))
    except (ValueError, ArithmeticError, OSError, RenderError) as error:
        print(f"autograd-tiny {options.command}: {error}", file=sys.stderr)
        return WRONG_USE
    except KeyboardInterrupt:
        print(f"autograd-tiny {options.command}: interrupted", file=sys.stderr)
        return INTERRUPTED


def _in_plain_signs(error: UnicodeError) -> tuple[str, int]:
    """What a stream shows in place of characters that its encoding lacks: d for ∂, ? where nothing looks alike."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    missing = error.object[error.start : error.end]
    return "".join([PLAIN.get(c, "?") for c in missing]), error.end


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="autograd-tiny", description="Backpropagation you can see, step through, check and run."
    )
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    formula = argparse.ArgumentParser(add_help=False)
    formula.add_argument("formula", type=_text, help="as 'z = w*x + b; y = tanh(z)'; - reads it from standard input")
    numbers = "for every input of the formula a number, or a list: 'W=[[1,2],[3,4]]'"
    formula.add_argument("values", type=_text, nargs="*", metavar="name=value", help=numbers)
    formula.add_argument("--digits", type=_digits, default=4, help="significant digits shown (default: 4)")

    demo = commands.add_parser(
        "demo", help="mark every number of the published 3-3-3 example, draw it, step through it"
    )
    demo.add_argument(
        "--out", type=Path, default=Path("demo"), metavar="DIR", help="where the files go (default: demo)"
    )
    demo.set_defaults(run=_demo)

    mark_it = commands.add_parser(
        "mark", help="mark the numbers of pages: which are right, and what went wrong where they are not"
    )
    pages = (
        "formulas, inputs and printed numbers: .toml, or a block ```backprop in .md or .ipynb; "
        "or a folder of such files"
    )
    mark_it.add_argument("pages", type=Path, nargs="+", metavar="PAGE", help=pages)
    mark_it.add_argument(
        "--format", choices=["text", *FORMATS], default="text", help="of what is printed (default: text)"
    )
    mark_it.add_argument("--diff", action="store_true", help="first show what --write would change")
    mark_it.add_argument("--write", action="store_true", help="show it, and put right numbers in place of wrong ones")
    mark_it.add_argument("--strict", action="store_true", help="a last digit that is one unit off is wrong, too")
    mark_it.add_argument("--brief", action="store_true", help="only the story, without the table")
    mark_it.add_argument("--margin", action="store_true", help="only what a teacher would write in the margin")
    mark_it.add_argument("--json", type=Path, metavar="FILE", help="also write the marks as JSON")
    mark_it.add_argument(
        "-o", "--out", "--output", type=Path, metavar="FILE", help="also draw the graph with the marks: .svg, .png, ..."
    )
    mark_it.add_argument(
        "--answers",
        type=Path,
        metavar="CLASS.csv",
        help="mark a class: a row per person, a column per claim of the page",
    )
    mark_it.add_argument("--encoding", default="", metavar="NAME", help="of the answers, as cp1252 (default: UTF-8)")
    mark_it.add_argument(
        "--plot", type=Path, metavar="FILE", help="of a class also draw how many made which mistake: .svg or .png"
    )
    mark_it.set_defaults(run=_mark)

    draw_it = commands.add_parser(
        "draw", parents=[formula], help="draw a formula's graph: values, gradients, local derivatives"
    )
    draw_it.add_argument(
        "-o", "--out", "--output", type=Path, required=True, metavar="FILE", help=".svg, .png, .pdf, .tex, .dot or .gv"
    )
    draw_it.add_argument(
        "--scale", type=float, default=1.0, metavar="N", help="of a .png: 2 for twice the width and height (default: 1)"
    )
    draw_it.add_argument(
        "--direction", choices=["LR", "TB", "RL", "BT"], default="LR", help="where the graph leads (default: LR)"
    )
    draw_it.add_argument(
        "--expand", action="store_true", help="open fused operations such as sigmoid into simpler ones"
    )
    draw_it.add_argument("--forward-only", action="store_true", help="without gradients, as before backward")
    _add_through(draw_it, "a box")
    draw_it.set_defaults(run=_draw)

    step = commands.add_parser(
        "step", parents=[formula], help="step through forward and backward, one operation at a time"
    )
    pages = (
        "a page, .html, for a browser; .tex for overlays on a slide; "
        "or a folder, with a / at its end, for one SVG a step"
    )
    step.add_argument("-o", "--out", "--output", metavar="FILE", help=pages)
    _add_through(step, "a step")
    step.set_defaults(run=_step)

    compile_it = commands.add_parser(
        "compile", help="write a formula and its derivatives as a program of C, JavaScript or Python"
    )
    compile_it.add_argument("formula", type=_text, help="as 'z = w*x + b; y = tanh(z)'; - reads it from standard input")
    programs = "name.c, beside which name.h is written, .js or .mjs, .py; the functions of a C file are called after it"
    compile_it.add_argument("shapes", nargs="*", metavar="shape", help="of inputs that are arrays: W=2x3 x=3")
    compile_it.add_argument("-o", "--out", "--output", type=Path, required=True, metavar="FILE", help=programs)
    compile_it.set_defaults(run=_compile)

    explain_it = commands.add_parser("explain", parents=[formula], help="write out the chain rule for one derivative")
    wrt = (
        "what to differentiate by: any name, an array or its entry W[0][1]; "
        "of a --derivation several, or all inputs without it"
    )
    explain_it.add_argument("--wrt", type=_text, action="append", metavar="NAME", help=wrt)
    whole = "the whole page: every value forward, every derivative backward, and with --learning-rate every update"
    explain_it.add_argument("--derivation", action="store_true", help=whole)
    explain_it.add_argument("--learning-rate", type=float, metavar="N", help="of the updates of a --derivation")
    through = "show only values with a name, or every operation; in matrix form, arrays with a name, or all of them"
    explain_it.add_argument("--through", choices=["named", "all", ARRAYS, ALL_ARRAYS], help=through)
    explain_it.add_argument("--latex", action="store_true", help="as LaTeX, to be copied")
    written = "write it to a file; .tex is LaTeX, and of a --derivation .md Markdown, .toml a page for mark"
    explain_it.add_argument("-o", "--out", "--output", type=Path, metavar="FILE", help=written)
    explain_it.set_defaults(run=_explain)

    exercise = commands.add_parser(
        "exercise", help="numbers of a formula to be found by hand: a page that marks, Moodle, QTI, paper"
    )
    exercise.add_argument(
        "formula", type=_text,
        help="as 'z = w*x + b; y = tanh(z)'; or a file with a page, page.toml, whose claims are the blanks",
    )
    exercise.add_argument("values", type=_text, nargs="*", metavar="name=value", help=numbers)
    ask = (
        "what to find: z, y/w, w', or forward, gradients, 'local derivatives', updates (default: forward and gradients)"
    )
    exercise.add_argument("--ask", type=_text, nargs="+", metavar="WHAT", help=ask)
    exercise.add_argument(
        "--digits", type=_digits, metavar="N", help="significant digits that an answer needs (default: 3)"
    )
    exercise.add_argument("--learning-rate", type=float, metavar="N", help="of the updates that are asked for")
    exercise.add_argument("-o", "--out", "--output", type=Path, metavar="FILE", help="a page that marks answers: .html")
    others = "so many exercises with other numbers, for --moodle, --qti and --worksheet"
    exercise.add_argument("--variants", type=int, metavar="N", help=others)
    exercise.add_argument(
        "--seed", type=int, default=1, metavar="N", help="of the variants; another one gives others (default: 1)"
    )
    exercise.add_argument("--moodle", type=Path, metavar="FILE", help="a question bank for Moodle: .xml")
    exercise.add_argument("--qti", type=Path, metavar="FILE", help="a question bank for other platforms, QTI 2.1: .zip")
    exercise.add_argument("--worksheet", type=Path, metavar="FILE", help="a sheet to print: .html or .tex")
    exercise.add_argument("--solution", type=Path, metavar="FILE", help="the same filled in")
    exercise.set_defaults(run=_exercise)
    return parser


def _add_through(command: argparse.ArgumentParser, what: str) -> None:
    told = f"{what} for each operation (default), value with a name, array with a name, or for all arrays"
    command.add_argument("--through", choices=["all", "named", ARRAYS, ALL_ARRAYS], default="all", help=told)


def _text(word: str) -> str:
    """A word of the command line, in UTF-8 even where the locale knows ASCII alone."""
    try:
        return os.fsencode(word).decode("utf-8") if any("\udc80" <= c <= "\udcff" for c in word) else word
    except UnicodeDecodeError:
        raise argparse.ArgumentTypeError(f"{word!r} is no text in the encoding of this terminal") from None


def _digits(word: str) -> int:
    if not word.isdecimal() or not 1 <= int(word) <= 17:
        raise argparse.ArgumentTypeError(f"a number of digits is from 1 to 17, got {word!r}")
    return int(word)


def _recorded(options: argparse.Namespace) -> Recorded[Value]:
    """The formula of the command line at its values; what of it is left out is told."""
    recorded = read_formula(_formula(options)).record(read_assignments(options.values))
    _tell_unused(options, recorded)
    return recorded


def _tell_unused(options: argparse.Namespace, recorded: Recorded[Any]) -> None:
    if unused := recorded.unused:
        are, it = ("is", "it") if len(unused) == 1 else ("are", "them")
        by = f"{recorded.output.label}, the last formula," if recorded.output.label else "the last formula"
        told = f"{listed(unused, 6)} {are} not used by {by} and so left out; use {it} there, or put last what you want"
        print(f"autograd-tiny {options.command}: {told}", file=sys.stderr)


def _formula(options: argparse.Namespace) -> str:
    if options.formula == "-":
        options.formula = _standard_input()
    return str(options.formula)


def _standard_input() -> str:
    if sys.stdin is None:
        raise ValueError("the formula is to be read from standard input, which is closed")
    try:
        return decoded(sys.stdin.buffer.read())
    except ValueError as error:
        raise ValueError(f"standard input: {error}") from None


def _draw(options: argparse.Namespace, console: Console) -> int:
    output = _recorded(options).output
    if not options.forward_only:
        output.backward()
    drawing = draw(
        output, through=options.through, direction=options.direction, digits=options.digits, expand=options.expand
    )
    path = drawing.save(options.out, scale=options.scale)
    console.print(f"wrote {path}", soft_wrap=True, markup=False)
    return DONE


def _step(options: argparse.Namespace, console: Console) -> int:
    output = _recorded(options).output
    if options.out:
        stepper = Stepper(output, through=options.through, digits=options.digits, title=_one_line(options.formula))
        if options.out.endswith(("/", os.sep)) or os.path.isdir(options.out):
            stills = stepper.save_frames(options.out)
            console.print(f"wrote {stills[0]} to {stills[-1].name}", soft_wrap=True, markup=False)
        else:
            _tell_written([stepper.save(options.out)], console)
        return DONE
    if options.through in (ARRAYS, ALL_ARRAYS):
        text = derived(output, None, None, options.through, {}, options.digits).text
        console.print(text, soft_wrap=True, markup=False)
        return DONE
    explainer = Explainer(seen_through([output], options.through, {})[output], digits=options.digits)
    output, called = explainer.root, explainer.names

    def number(x: float) -> str:
        return short_number(x, options.digits)

    forward = _table("forward", "step", "node", "computed as", "data")
    for f in forward_steps(output):
        first_line = explainer.step(f).text.splitlines()[0]
        forward.add_row(
            str(f.number), Text(called[f.node], "bold"), Text(first_line.partition(" = ")[2]), number(f.node.data)
        )
    backward = _table("backward", "step", "node", "upstream", "operand", "× local", "= adds", "grad")
    for b in backward_steps(output):
        backward.add_section()
        for place, c in enumerate(b.contributions):
            head = [str(b.number), Text(called[b.node], "bold"), number(b.upstream)] if place == 0 else ["", "", ""]
            gradient = f"{number(c.before)} → {number(c.after)}" if c.before else number(c.after)
            operand = number(c.operand.data) if isinstance(c.operand, Constant) else called[c.operand]
            backward.add_row(*head, Text(operand), number(c.local_derivative), number(c.contribution), gradient)
    for table in (forward, backward):
        print_whole(table, console)
    return DONE


def _one_line(formula: str) -> str:
    """The formula without comments, its lines one after the other."""
    lines = [re.sub(r"#.*", "", line).strip(" \t;") for line in formula.splitlines()]
    return "; ".join(filter(None, lines))


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    words = ("node", "operand", "computed as")
    for column in columns:
        table.add_column(
            column, no_wrap=column != "computed as", overflow="fold", justify="left" if column in words else "right"
        )
    return table


def _compile(options: argparse.Namespace, console: Console) -> int:
    text, shapes = _formula(options), dict(map(_shape, options.shapes))
    program = compile_formula(text, shapes=shapes, backend="python")
    _tell_unused(options, read_formula(text).express(shapes))
    suffix = options.out.suffix.lower()
    if suffix == ".c":
        _tell_written(program.c(options.out.stem).save(options.out.parent), console)
        return DONE
    write = {".js": program.javascript, ".mjs": program.javascript, ".py": program.python}.get(suffix)
    if write is None:
        raise ValueError(f"a program is written as .c, .js, .mjs or .py, got {os.fspath(options.out)!r}")
    _tell_written([write_file(options.out, write())], console)
    return DONE


def _shape(word: str) -> tuple[str, tuple[int, ...]]:
    """An input that is an array, and its shape: ``W=2x3``."""
    match = re.fullmatch(r"(\w+)=([1-9]\d{0,5})(?:[x×*]([1-9]\d{0,5}))?", word)
    if match is None:
        raise ValueError(f"the shape of an input is written W=2x3 for a matrix, x=3 for a vector, got {word!r}")
    return match[1], tuple(int(size) for size in match.groups()[1:] if size)


def _explain(options: argparse.Namespace, console: Console) -> int:
    recorded = _recorded(options)
    named: dict[str, Value | Array] = {**recorded.nodes, **recorded.arrays}
    for name in options.wrt or ():
        if name not in named:
            hint = did_you_mean(name, named, 1)
            whole = [name for name in named if "[" not in name]
            raise ValueError(f"the formula has no {name!r}, it has {', '.join(whole)}{hint and '; '}{hint}")
    wrt = options.wrt and [named[name] for name in options.wrt]
    if options.derivation:
        derivation = derived(recorded.output, wrt, options.learning_rate, options.through, {}, options.digits)
        if options.out and not options.latex:
            _tell_written([derivation.save(options.out)], console)
            return DONE
        text = derivation.latex if options.latex else derivation.text
    else:
        if options.learning_rate is not None:
            raise ValueError("--learning-rate is for the updates of a whole derivation; add --derivation")
        if not wrt or len(wrt) > 1:
            raise ValueError(
                f"one --wrt NAME at a time, got {len(wrt or ())}; for a page about several add --derivation"
            )
        explanation = explained(recorded.output, wrt[0], options.through, {}, options.digits)
        as_latex = options.latex or (options.out is not None and options.out.suffix.lower() == ".tex")
        text = explanation.latex if as_latex else explanation.text
    if options.out:
        _tell_written([write_file(options.out, text + "\n")], console)
    else:
        console.print(text, soft_wrap=True, markup=False)
    return DONE


def _exercise(options: argparse.Namespace, console: Console) -> int:
    from autograd_tiny import exercises  # which only this command needs
    from autograd_tiny.exercises.answers import DIGITS

    ask = options.ask or []
    options.values += [word for word in ask if "=" in word]  # values behind --ask, which takes all words that follow it
    options.ask = [word for word in ask if "=" not in word]
    if (
        options.out
        and options.variants
        and not (options.moodle or options.qti or options.worksheet or options.solution)
    ):
        raise ValueError("a page has one exercise; --variants is for --moodle, --qti, --worksheet or --solution")
    page, paper = (".html", ".htm"), (".html", ".htm", ".tex")
    suffixes = {"out": page, "moodle": (".xml",), "qti": (".zip",), "worksheet": paper, "solution": paper}
    outputs = {name: getattr(options, name) for name in suffixes if getattr(options, name)}
    _check_outputs([(path, suffixes[name]) for name, path in outputs.items()])
    if Path(options.formula).suffix.lower() in PAGES:
        if options.ask or options.values or options.learning_rate is not None:
            raise ValueError("a page says itself what is asked and given; change it there")
        asked = exercises.from_page(Path(options.formula), digits=options.digits)
    else:
        ask, digits = options.ask or ["forward", "gradients"], options.digits or DIGITS
        asked = exercises.Exercise(_recorded(options), ask, digits=digits, learning_rate=options.learning_rate)
    every = [asked] if options.variants is None else asked.variants(options.variants, options.seed)
    writers: dict[str, Callable[[Path], Path]] = {
        "out": asked.save,
        "moodle": lambda path: write_file(path, exercises.moodle_bank(every)),
        "qti": lambda path: write_file(path, exercises.qti_bank(every)),
        "worksheet": lambda path: exercises.worksheet(every, path),
        "solution": lambda path: exercises.worksheet(every, path, solution=True),
    }
    for name, path in outputs.items():
        _tell_written([writers[name](path)], console)
    if not outputs:
        console.print("\n\n".join(map(str, every)), soft_wrap=True, markup=False)
    return DONE


def _check_outputs(outputs: Sequence[tuple[Path, Sequence[str]]]) -> None:
    """Refuse files of another kind, and two that are one, before any is written."""
    seen: set[Path] = set()
    for path, suffixes in outputs:
        if path.suffix.lower() not in suffixes:
            raise ValueError(f"what goes to {path} is written as {' or '.join(suffixes)}")
        if path.resolve() in seen:
            raise ValueError(f"{path} is named twice; what is written first would be lost")
        seen.add(path.resolve())


def _demo(options: argparse.Namespace, console: Console) -> int:
    make_directory(options.out, parents=True)  # first, so that nobody waits for what cannot be written
    example = three_three_three
    report = example.marked()
    console.print(
        "A published worked example of backpropagation, marked: "
        "3 inputs, then 3 ReLU, 3 sigmoid and 3 softmax neurons.\n"
    )
    print_report(report, console)
    loss = example.record().loss
    loss.backward()
    written = [
        write_file(options.out / "marks.json", report.to_json()),
        draw(loss, notes=report.notes()).save(options.out / "graph.svg"),
        Stepper(loss).save(options.out / "steps.html"),
    ]
    _tell_written(written, console)
    console.print("\nNow draw a formula of your own:")
    console.print(
        f'{_own_call()} draw "z = w*x + b; y = tanh(z)" w=-3 x=2 b=6.5 -o y.svg', soft_wrap=True, markup=False
    )
    return DONE


def _own_call() -> str:
    """What one types to start this program again, as it was started now."""
    script = Path(sys.argv[0]).absolute()
    return _call(script) if script.stem == "autograd-tiny" else f"{_call(Path(sys.executable))} -m autograd_tiny"


def _call(program: Path) -> str:
    """A program's name where a terminal finds it by that, otherwise its path from here."""
    if shutil.which(program.name) == str(program):
        return program.name
    here = Path.cwd()
    path = str(program.relative_to(here) if here in program.parents else program)
    return f'"{path}"' if os.name == "nt" else shlex.quote(path)


def _mark(options: argparse.Namespace, console: Console) -> int:
    if options.answers:
        return _mark_class(options, console)
    if options.encoding or options.plot:
        raise ValueError("--encoding and --plot are for a class; add --answers CLASS.csv")
    given = [name for name in ("diff", "write", "brief", "margin", "json", "out") if getattr(options, name)]
    if options.format != "text" and given:
        raise ValueError(f"--format {options.format} is all that goes to standard output; leave out --{given[0]}")
    files = files_in(options.pages)
    for file in files if options.diff or options.write else ():
        _correct(file, console, write=options.write)
    outcomes = [outcome for file in files for outcome in outcomes_of(file, strict=options.strict)]
    if (options.json or options.out) and len(outcomes) > 1:
        raise ValueError(f"--json and -o are for one page, and there are {len(outcomes)}; --format json tells of all")
    for outcome in outcomes:
        if outcome.error:
            print(f"autograd-tiny mark: {outcome.told}", file=sys.stderr)
    if options.format == "text":
        print_outcomes(outcomes, console, table=not options.brief, margin=options.margin)
        _tell_written(_mark_files(outcomes[0], options), console)
    else:
        sys.stdout.write(FORMATS[options.format](outcomes))
    if any(outcome.error for outcome in outcomes):
        return WRONG_USE
    return DONE if all(outcome.report and outcome.report.ok for outcome in outcomes) else FAILED


def _mark_class(options: argparse.Namespace, console: Console) -> int:
    given = [name for name in ("diff", "write", "brief", "margin", "json") if getattr(options, name)]
    given = given or ["format"] * (options.format != "text")
    if given:
        raise ValueError(f"--answers marks a class, and there is no --{given[0]} of that; leave it out")
    if options.out and options.out.suffix.lower() != ".csv":
        raise ValueError(
            f"the marks of a class are written as .csv, got {str(options.out)!r}; for a picture there is --plot"
        )
    pages = [page for file in files_in(options.pages) for page in pages_in(file)]
    if len(pages) > 1:
        raise ValueError(f"a class answers one page, and there are {len(pages)}")
    tally = mark_class(pages[0], Sheet(options.answers, options.encoding), options.out)
    print_tally(tally, console)
    _tell_written(
        [path for path in (options.out, options.plot and tally.plot(pages[0].title).save(options.plot)) if path],
        console,
    )
    return DONE


def _correct(file: Path, console: Console, *, write: bool) -> None:
    """Show what is to be changed in a file, and change it if that is wanted."""
    try:
        correction = corrected(file)
    except (ValueError, ArithmeticError, OSError):
        return  # what is wrong with it is told when it is marked
    if correction.after != correction.before:
        for line in correction.difference.splitlines():
            console.print(Text(line, {"-": "red", "+": "green"}.get(line[0], "")), soft_wrap=True)
        if write:
            _tell_written([write_file(file, correction.after)], console)


def _mark_files(outcome: Outcome, options: argparse.Namespace) -> list[Path]:
    """The files that are wanted of a page: its marks, its graph."""
    written = []
    if outcome.page and outcome.report:
        if options.json:
            written.append(write_file(options.json, outcome.report.to_json()))
        if options.out:
            output = outcome.page.record().output
            output.backward()
            written.append(draw(output, notes=outcome.report.notes()).save(options.out))
    return written


def _tell_written(paths: Sequence[Path], console: Console) -> None:
    for path in paths:
        console.print(f"wrote {path}", soft_wrap=True, markup=False)


if __name__ == "__main__":
    sys.exit(main())
