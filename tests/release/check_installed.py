"""Try an installed autograd_tiny the way its users do: python -I tests/release/check_installed.py EXTRA

Runs in an environment that holds the package, one extra ("none", "fast", "jax", "notebook") and what these need, and nothing
else; so it uses unittest, not pytest.  Nothing of the source tree is imported, and no program called dot is found.
"""

from __future__ import annotations

import importlib.util
import math
import os
import subprocess
import sys
import sysconfig
import tempfile
import unittest
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import autograd_tiny as ag

EXTRA = "none"
MODULES = {"fast": ("llvmlite", "numpy"), "jax": ("jax", "numpy"), "notebook": ("anywidget", "matplotlib")}
"""What each extra is there for."""


def loss(parameters: Sequence[Any], sample: Sequence[Any]) -> Any:
    """Something to compile: one neuron, squared error."""
    (w, b), (x, target) = parameters, sample
    return ((w * x + b).tanh() - target) ** 2


class Everywhere(unittest.TestCase):
    """What works without any extra."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.w, self.x, self.b = ag.Value(-3.0, "w"), ag.Value(2.0, "x"), ag.Value(6.5, "b")
        self.y = (self.w * self.x + self.b).tanh()
        self.y.label = "y"
        self.y.backward()

    def test_it_is_the_installed_package(self) -> None:
        home = Path(ag.__file__).resolve().parent
        self.assertTrue(home.is_relative_to(Path(sys.prefix).resolve()), home)
        self.assertTrue((home / "py.typed").is_file())
        self.assertEqual(version("autograd_tiny"), ag.__version__)

    def test_only_this_extra_is_installed(self) -> None:
        for extra, modules in MODULES.items():
            for module in modules:
                if extra == EXTRA:
                    self.assertIsNotNone(importlib.util.find_spec(module), module)
                elif module != "numpy":  # which other extras need, too
                    self.assertIsNone(importlib.util.find_spec(module), module)

    def test_every_public_name_is_there(self) -> None:
        for name in ag.__all__:
            self.assertTrue(hasattr(ag, name), name)

    def test_gradients(self) -> None:
        slope = 1.0 - math.tanh(0.5) ** 2
        for got, wanted in ((self.w.grad, 2.0 * slope), (self.x.grad, -3.0 * slope), (self.b.grad, slope)):
            self.assertAlmostEqual(got, wanted, places=14)
        self.assertEqual(ag.grad(lambda p: p[0] ** 3 * p[1])([2.0, 5.0]), [60.0, 8.0])

    def test_draw_without_a_dot(self) -> None:
        file = self.folder / "graph.svg"
        ag.draw(self.y).save(file)
        svg = file.read_text(encoding="utf-8")
        self.assertIn("<svg", svg)
        self.assertIn("0.4621", svg)

    def test_explain(self) -> None:
        self.assertIn("∂y/∂w", str(ag.explain(self.y, wrt=self.w)))
        self.assertIn("<math", ag.explain(self.y, wrt=self.w).mathml)

    def test_step(self) -> None:
        stepper = ag.Stepper(self.y)
        page = stepper.save(self.folder / "steps.html").read_text(encoding="utf-8")
        self.assertIn("createStepper", page)
        self.assertEqual(len(stepper.save_frames(self.folder / "frames")), stepper.last + 1)

    def test_mark(self) -> None:
        report = ag.mark(self.y, {"y": "0.462", "y/w": "2.000"})
        self.assertEqual([mark.verdict for mark in report.marks], ["right", "mistake"])

    def test_save_and_load(self) -> None:
        file = self.folder / "graph.json"
        ag.save_graph(self.y, file)
        self.assertEqual(ag.load_graph(file).data, self.y.data)

    def test_data_files_of_the_worked_examples(self) -> None:
        from autograd_tiny.worked import char_gpt, three_three_three

        self.assertEqual(len(three_three_three.page().claims), 133)
        self.assertGreater(len(char_gpt.names()), 1000)

    def test_the_command_line(self) -> None:
        programs = Path(sysconfig.get_path("scripts"))
        command = str(programs / ("autograd-tiny.exe" if os.name == "nt" else "autograd-tiny"))
        said = self.program(command, "--version")
        self.assertEqual(said.strip(), ag.__version__)
        said = self.program(command, "demo", "--out", "demo")
        self.assertIn("133 numbers: 39 right", said)
        self.assertEqual(sorted(os.listdir(self.folder / "demo")), ["graph.svg", "marks.json", "steps.html"])
        said = self.program(sys.executable, "-I", "-m", "autograd_tiny", "explain", "y = w*x", "w=2", "x=3", "--wrt", "w")
        self.assertIn("∂y/∂w", said)

    def program(self, *command: str) -> str:
        environment = os.environ | {"PYTHONIOENCODING": "utf-8", "COLUMNS": "120"}
        done = subprocess.run(
            command, cwd=self.folder, env=environment, encoding="utf-8", stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
        )
        self.assertEqual(done.returncode, 0, done.stdout)
        return done.stdout


class Extras(unittest.TestCase):
    """Each extra: with it what it gives, without it an error that says how to install it."""

    def test_fast(self) -> None:
        if EXTRA != "fast":
            with self.assertRaisesRegex(ImportError, r'pip install "autograd_tiny\[fast\]"'):
                ag.compile_loss(loss, 2, 2, backend="llvm")
            self.assertEqual(ag.compile_loss(loss, 2, 2).backend, "python")
            return
        compiled = ag.compile_loss(loss, 2, 2)
        self.assertEqual(compiled.backend, "llvm")
        samples = [[0.5, 0.1], [-1.0, 0.7], [2.0, -0.4]]
        value, slopes = compiled.value_and_grad([0.3, -0.2], samples)
        eager = [ag.value_and_grad(lambda p, s=s: loss(p, s))([0.3, -0.2]) for s in samples]
        self.assertAlmostEqual(float(value), sum(v for v, _ in eager) / 3, places=14)
        for i in range(2):
            self.assertAlmostEqual(float(slopes[i]), sum(g[i] for _, g in eager) / 3, places=14)

    def test_jax(self) -> None:
        compiled = ag.compile_function(lambda p: p[0] * p[1].sin(), 2)
        if EXTRA != "jax":
            with self.assertRaisesRegex(ImportError, r'pip install "autograd_tiny\[jax\]"'):
                compiled.to_jax()
            return
        os.environ["JAX_ENABLE_X64"] = "1"
        import jax

        value, slopes = jax.jit(compiled.to_jax(gradient=True))(jax.numpy.array([2.0, 0.5]))
        self.assertAlmostEqual(float(value), 2.0 * math.sin(0.5), places=14)
        for got, wanted in zip(slopes, (math.sin(0.5), 2.0 * math.cos(0.5))):
            self.assertAlmostEqual(float(got), wanted, places=14)

    def test_notebook(self) -> None:
        stepper = ag.Stepper(ag.Value(2.0, "x") ** 2)
        self.assertIn("<iframe", stepper._repr_html_())
        curve = ag.step_size_curve(lambda x: x**3, 2.0)
        if EXTRA != "notebook":
            with self.assertRaisesRegex(ImportError, r'pip install "autograd_tiny\[notebook\]"'):
                stepper.widget()
            with self.assertRaisesRegex(ImportError, r'pip install "autograd_tiny\[notebook\]"'):
                curve.plot()
            return
        widget = stepper.widget()
        self.assertIn("application/vnd.jupyter.widget-view+json", widget._repr_mimebundle_())
        widget.step = 1
        self.assertEqual((stepper.step, widget.traits()["playing"].metadata["sync"]), (1, True))
        import matplotlib

        matplotlib.use("agg")
        self.assertIsNotNone(curve.plot())


if __name__ == "__main__":
    EXTRA = sys.argv.pop(1)
    if EXTRA != "none" and EXTRA not in MODULES:
        sys.exit(f"no extra is called {EXTRA!r}; one of none, {', '.join(MODULES)}")
    os.environ["PATH"] = ""  # what the package needs comes with it
    unittest.main(verbosity=1)
