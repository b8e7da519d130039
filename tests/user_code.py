"""Code as a user writes it, type-checked as a user's is: by `mypy --strict` and Pyright, against the package and its py.typed.

It is also run.  Each `assert_type` says what an editor shows; where a public type becomes wider or narrower, a checker fails.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

import autograd_tiny as ag
from autograd_tiny import Expression, Primitive, Stepper, Value, losses, nn, optim
from autograd_tiny.formulas import read_formula
from autograd_tiny.marking.report import Report
from autograd_tiny.views.derivation import Derivation
from autograd_tiny.views.drawing.draw import Drawing
from autograd_tiny.views.explain import Explanation
from autograd_tiny.views.steps import BackwardStep, ForwardStep

if TYPE_CHECKING:
    from typing_extensions import assert_type
else:

    def assert_type(value, _):
        return value


def arithmetic() -> Value:
    w, x = Value(-3.0, "w"), Value(2.0, "x")
    z = w * x + 6.5
    assert_type(z, Value)
    assert_type(2.0 * w, Value)
    assert_type(1 - w, Value)
    assert_type(w**2, Value)
    assert_type(-w, Value)
    assert_type(z.tanh(), Value)
    assert_type(z.data, float)
    assert_type(z.grad, float)
    assert_type(z.label, str)
    assert_type(w < x, bool)
    y = z.tanh()
    y.label = "y"
    assert_type(y.backward(), None)
    assert_type(y.local_derivatives, tuple[float, ...])
    return y


def functions_of_functions() -> None:
    f: Any = lambda p: p[0] ** 2 * p[1]  # noqa: E731
    assert_type(ag.grad(f)([2.0, 5.0]), Any)
    assert_type(ag.jvp(f, [[2.0, 5.0]], [[1.0, 0.0]]), tuple[Any, Any])
    t = Value(0.5)
    (slope,) = ag.gradient(t.sin(), [t])
    assert_type(slope, Value)
    assert_type(ag.gradient(t.sin(), [t]), list[Value])


def formulas() -> None:
    x = Expression("x")
    assert_type(x * 2 + 1, Expression)
    assert_type(x.sin(), Expression)
    recorded = read_formula("z = w*x + b; y = tanh(z)").record({"w": -3, "x": 2, "b": 6.5})
    assert_type(recorded.output, Value)
    assert_type(recorded.nodes["z"], Value)


def networks() -> None:
    model = nn.MLP([2, 3, 1], ["tanh", "linear"], rng=Random(0))
    assert_type(model.parameters(), list[Value])
    assert_type(model.named_parameters(), dict[str, Value])
    assert_type(model.state_dict(), dict[str, float])
    assert_type(model.frozen(), nn.MLP)
    optimizer = optim.SGD(model.parameters(), learning_rate=0.1)
    loss: Value = losses.half_squared_error(model([0.5, -1.0]), [0.25])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()


def pictures_and_steps(y: Value, w: Value, folder: Path) -> None:
    assert_type(ag.draw(y), Drawing)
    assert_type(ag.draw(y).svg(), str)
    assert_type(ag.draw(y).save(folder / "graph.svg"), Path)
    assert_type(ag.explain(y, wrt=w), Explanation)
    assert_type(ag.explain(y, wrt=w).latex, str)
    assert_type(ag.derivation(y, [w], learning_rate=0.1), Derivation)
    assert_type(ag.derivation(y, w).save(folder / "page.toml"), Path)
    assert_type(ag.backward_steps(y), Iterator[BackwardStep])
    assert_type(ag.forward_steps(y), Iterator[ForwardStep])
    stepper = ag.Stepper(y)
    assert_type(stepper, Stepper)
    assert_type(stepper.step, int)
    assert_type(stepper.save(folder / "steps.html"), Path)


def marking(y: Value) -> None:
    report = ag.mark(y, {"y": "0.462"})
    assert_type(report, Report)
    assert_type(report.ok, bool)
    for mark in report.marks:
        assert_type(mark.verdict, str)


def files(y: Value, folder: Path) -> None:
    assert_type(ag.save_graph(y, folder / "graph.json"), Path)
    again: Value = ag.load_graph(folder / "graph.json")
    assert again.data == y.data
    model = nn.MLP([2, 1], ["tanh"], rng=Random(0))
    assert_type(ag.save_parameters(model, folder / "parameters.json"), Path)
    assert_type(ag.load_parameters(model, folder / "parameters.json"), None)


def own_operation() -> None:
    cube = Primitive("cube", lambda x: x**3, lambda out, x: (3.0 * x**2,), doc="x to the third power")
    ag.check_primitive(cube)
    assert_type(ag.TABLE, Mapping[str, "ag.Primitive | ag.Family | ag.MultiPrimitive"])


def mistakes(y: Value) -> None:
    """What a checker must find; an ignore that is not needed is itself an error."""
    Value("3")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    _ = y + "1"  # type: ignore[arg-type]  # pyright: ignore[reportOperatorIssue]
    y.backwards()  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
    ag.draw(3.0)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    ag.explain(y, y, "all")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


def main(folder: Path) -> None:
    """Everything but the mistakes, run."""
    y = arithmetic()
    functions_of_functions()
    formulas()
    networks()
    w = Value(2.0, "w")
    product = w * w
    pictures_and_steps(product, w, folder)
    marking(y)
    files(y, folder)
    own_operation()
