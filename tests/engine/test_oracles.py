"""The engine against numbers from mpmath and PyTorch; `oracles/make.py` says how they were made."""

import inspect
import json
import math
import re
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest
from oracles.bounds import FIRST, LOSSES, SECOND, VALUES, Bound, absolute, allowed

from autograd_tiny import TABLE, Value, gradient, losses, mean, nn, optim
from autograd_tiny.engine.row import Primitive

ORACLES = Path(__file__).parents[1] / "oracles"
MPMATH = json.loads((ORACLES / "rows.json").read_text(encoding="utf-8"))
ROWS = MPMATH["rows"]
PYTORCH = json.loads((ORACLES / "pytorch.json").read_text(encoding="utf-8"))

# Recorded, but refused by ``gradient``, whose nodes need derivatives of their own.
REFUSED_BY_GRADIENT = [("power", [1e-300], 0.5), ("power", [1e-300], 0.1), ("pow", [1e-200, 1e-100], None)]


def row_of(record: dict[str, Any]) -> Primitive:
    entry = TABLE[record["row"]]
    return entry if record["parameter"] is None else entry[record["parameter"]]


def by_row(oracle: str) -> list[Any]:
    chosen = [record for record in ROWS if record["oracle"] == oracle]
    return [pytest.param(list(records), id=name) for name, records in groupby(chosen, key=lambda record: record["row"])]


def complaint(kind: str, record: dict[str, Any], got: float, expected: float, *bounds: Bound | None) -> list[str]:
    error = abs(got - expected)
    if error <= allowed(expected, record["at"], *bounds):
        return []
    return [f"{kind} of {row_of(record).name} at {record['at']}: {got!r}, not {expected!r}; {error / math.ulp(expected):.1f} ulp"]


@pytest.mark.parametrize("records", by_row("mpmath"))
def test_rows_equal_mpmath(records: list[dict[str, Any]]):
    complaints = []
    for record in records:
        name, at = record["row"], record["at"]
        operands = tuple([Value(x) for x in at])
        out = Value.record(row_of(record), operands)
        complaints += complaint("value", record, out.data, record["value"], VALUES.get(name))
        for d, expected in zip(out.local_derivatives, record["first"], strict=True):
            complaints += complaint("derivative", record, d, expected, FIRST.get(name))
        if (name, at, record["parameter"]) in REFUSED_BY_GRADIENT:
            continue
        in_range = all(None not in row for row in record["second"])  # where one overflows, others are inf - inf
        for slope, first, second in zip(gradient(out, operands), record["first"], record["second"], strict=True):
            complaints += complaint("gradient", record, slope.data, first, FIRST.get(name))
            for d, expected in zip(gradient(slope, operands), second, strict=True) if in_range else ():
                complaints += complaint("second derivative", record, d.data, expected, SECOND, FIRST.get(name))
    assert not complaints, "\n".join(complaints)


@pytest.mark.parametrize("records", by_row("torch"))
def test_kinks_equal_pytorch(records: list[dict[str, Any]]):
    for record in records:
        operands = tuple([Value(x) for x in record["at"]])
        out = Value.record(row_of(record), operands)
        slopes = gradient(out, operands)
        assert out.data == record["value"], record
        assert list(out.local_derivatives) == record["first"] == [d.data for d in slopes], record
        assert [[d.data for d in gradient(slope, operands)] for slope in slopes] == record["second"], record


def test_every_row_has_an_oracle_and_every_kink_has_pytorch():
    assert {record["row"] for record in ROWS} == set(TABLE)
    with_kink = {record["row"] for record in ROWS if row_of(record).kink}
    assert {record["row"] for record in ROWS if record["oracle"] == "torch"} == with_kink


def test_rows_are_read_at_many_points():
    for name, records in groupby(ROWS, key=lambda record: record["row"]):
        assert len(list(records)) >= 7, name


@pytest.mark.parametrize(("name", "at", "parameter"), REFUSED_BY_GRADIENT)
def test_points_refused_by_gradient_are_refused(name: str, at: list[float], parameter: float | None):
    operands = [Value(x) for x in at]
    out = TABLE[name](*operands) if parameter is None else TABLE[name][parameter](*operands)
    out.backward()
    with pytest.raises(OverflowError, match="its derivative there is not finite"):
        gradient(out, operands)


@pytest.mark.parametrize("kind", ["value", "first"])
def test_every_exception_is_needed(kind: str):
    needed = set()
    for record in ROWS:
        out = Value.record(row_of(record), tuple([Value(x) for x in record["at"]]))
        pairs = [(out.data, record["value"])] if kind == "value" else zip(out.local_derivatives, record["first"])
        if any(complaint(kind, record, got, expected) for got, expected in pairs):
            needed.add(record["row"])
    assert needed == set(VALUES if kind == "value" else FIRST)


@pytest.mark.parametrize("case", MPMATH["losses"], ids=lambda case: f"{case['loss']}({case['outputs']}, {case['target']})")
def test_losses_from_logits_keep_their_digits(case: dict[str, Any]):
    outputs = [Value(o) for o in case["outputs"]]
    loss = getattr(losses, case["loss"])(outputs, case["target"])
    loss.backward()
    numbers = [(loss.data, case["value"]), *zip([o.grad for o in outputs], case["derivatives"], strict=True)]
    between = case["target"] in ([0.25] * 2, [0.25] * 3)
    bound = absolute("t σ(-z) and (1 - t) σ(z) cancel") if between else LOSSES.get(case["loss"])
    for got, expected in numbers:
        assert abs(got - expected) <= allowed(expected, case["outputs"], bound), (got, expected)


def test_the_page_on_accuracy_gives_these_bounds():
    page = (ORACLES.parent.parent / "docs" / "accuracy.md").read_text(encoding="utf-8").replace(r"\|", "|")
    for name, bound in [*VALUES.items(), *FIRST.items(), *LOSSES.items()]:
        row = rf"^\| `{name}\b.*\| {re.escape(bound.text)} \|.*\| {re.escape(bound.reason)} \|$"
        assert re.search(row, page, re.MULTILINE), f"{name}: {bound.text}; make the page again: python -m benchmarks.accuracy"


def close(got: float, expected: float) -> bool:
    return math.isclose(got, expected, rel_tol=1e-13, abs_tol=1e-15)


def assert_close(got: Any, expected: Any):
    if isinstance(expected, list):
        assert len(got) == len(expected)
        for g, e in zip(got, expected):
            assert_close(g, e)
    else:
        assert close(got, expected), (got, expected)


@pytest.mark.parametrize("case", PYTORCH["losses"], ids=lambda case: f"{case['loss']}({case['outputs']}, {case['target']})")
def test_losses_equal_pytorch(case: dict[str, Any]):
    loss = getattr(losses, case["loss"])
    outputs = [Value(o) for o in case["outputs"]] if isinstance(case["outputs"], list) else Value(case["outputs"])
    value = loss(outputs, case["target"])
    value.backward()
    assert_close(value.data, case["value"])
    assert_close([o.grad for o in outputs] if isinstance(outputs, list) else outputs.grad, case["derivatives"])
    assert_close(loss(case["outputs"], case["target"]), case["value"])


def test_every_loss_has_an_oracle():
    public = {name for name, f in inspect.getmembers(losses, inspect.isfunction) if f.__module__ == losses.__name__ and name[0] != "_"}
    assert public - {case["loss"] for case in PYTORCH["losses"]} == {"binary_cross_entropy_terms"}  # the parts of one that has


@pytest.mark.parametrize("expanded", [False, True], ids=["fused", "expanded"])
def test_network_equals_pytorch(expanded: bool):
    (case,) = PYTORCH["networks"]
    model = nn.MLP.from_layers([nn.Layer.from_weights(c["weights"], c["biases"], c["activation"]) for c in case["layers"]])
    outputs = [model(sample["inputs"], expanded=expanded) for sample in case["samples"]]
    loss = mean([losses.cross_entropy(o, sample["target"]) for o, sample in zip(outputs, case["samples"])])
    loss.backward()
    assert_close(loss.data, case["loss"])
    for layer, expected in zip(model.layers, case["layers"], strict=True):
        assert_close([[w.grad for w in row] for row in layer.weights], expected["weight_derivatives"])
        assert_close([b.grad for b in layer.biases], expected["bias_derivatives"])
    for o, sample in zip(outputs, case["samples"], strict=True):
        assert_close([p.data for p in o], sample["outputs"])
        assert_close(model.frozen()(sample["inputs"]), sample["outputs"])


@pytest.mark.parametrize("case", PYTORCH["trajectories"], ids=lambda case: f"{case['optimizer']}({case['options']})")
def test_optimizers_equal_pytorch(case: dict[str, Any]):
    parameters = [Value(p) for p in case["start"]]
    optimizer = getattr(optim, case["optimizer"])(parameters, **case["options"])
    w1, w2, b = parameters
    for expected in case["steps"]:
        optimizer.zero_grad()
        loss = mean([((w1 * x1 + w2 * x2 + b).tanh() - t) ** 2 for x1, x2, t in case["samples"]])
        loss.backward()
        optimizer.step()
        assert_close(loss.data, expected["loss"])
        assert_close([p.data for p in parameters], expected["parameters"])
