"""Our answers to GradBench's messages, without the engines that they are compared with in ``python -m benchmarks.gradbench``."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]


def test_messages_are_answered_line_by_line():
    rng = np.random.default_rng(0)
    matrix, x = rng.random((5, 5)), rng.random(40)
    messages = [
        {"kind": "start", "eval": "det"},
        {"kind": "define", "module": "det"},
        {"kind": "define", "module": "ht"},
        *[
            {"kind": "evaluate", "module": module, "function": function, "input": given}
            for module, function, given in [
                ("hello", "square", 3.0),
                ("hello", "double", 3.0),
                ("det", "primal", {"A": matrix.ravel().tolist(), "ell": 5}),
                ("det", "gradient", {"A": matrix.ravel().tolist(), "ell": 5}),
                ("lse", "primal", {"x": x.tolist()}),
                ("lse", "gradient", {"x": x.tolist()}),
                ("ode", "gradient", {"x": [0.5, 0.25, 2.0], "s": 4}),
                ("ba", "jacobian", {}),
            ]
        ],
        {"kind": "analysis"},
    ]
    lines = "".join(json.dumps({"id": i, **message}) + "\n" for i, message in enumerate(messages))
    command = [sys.executable, "-m", "benchmarks.gradbench", "--tool"]
    said = subprocess.run(command, input=lines, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    answers = [json.loads(line) for line in said.splitlines()]
    assert [a["id"] for a in answers] == list(range(len(messages)))
    assert [a.get("success") for a in answers] == [None, True, False, *[True] * 7, False, None]
    assert answers[10]["status"] == "unimplemented"
    square, double, determinant, minors, lse, softmax, ode = [a["output"] for a in answers[3:10]]
    assert (square, double) == (9.0, 6.0)
    np.testing.assert_allclose(determinant, np.linalg.det(matrix), rtol=1e-12)
    np.testing.assert_allclose(minors, (determinant * np.linalg.inv(matrix).T).ravel(), rtol=1e-10)
    np.testing.assert_allclose(lse, np.log(np.exp(x).sum()), rtol=1e-14)
    np.testing.assert_allclose(softmax, np.exp(x - lse), rtol=1e-13)
    # y2(t) = x0 x1 x2 t³ / 6, exactly by a method of fourth order, and t is 2
    np.testing.assert_allclose(ode, [4 / 3 * 0.25 * 2.0, 4 / 3 * 0.5 * 2.0, 4 / 3 * 0.5 * 0.25], rtol=1e-14)
    assert answers[9]["timings"][0]["nanoseconds"] > 0
