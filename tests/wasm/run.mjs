// node run.mjs PYODIDE GRAPHVIZ ROOT PACKAGES PART [pytest's arguments]: pytest on CPython as WebAssembly.
import { pathToFileURL } from "node:url";

const [pyodide, graphviz, root, packages, part, ...options] = process.argv.slice(2);
const load = (folder, file) => import(pathToFileURL(`${folder}/${file}`));

const { loadPyodide } = await load(pyodide, "pyodide.mjs");
const { instance } = await load(graphviz, "dist/viz.js");
globalThis.autogradTinyGraphviz = await instance();

const env = { HOME: "/home/pyodide", PYTHONDONTWRITEBYTECODE: "1", NO_COLOR: "1", TESTS_PART: part };
const python = await loadPyodide({ indexURL: pyodide, env });
python.mountNodeFS("/project", root);
python.mountNodeFS("/packages", packages);
python.globals.set("options", python.toPy(options));
const pytest = `
import js  # before a folder of that name is found
import os
import sys

sys.path[:0] = ["/packages", "/project"]
os.chdir("/project")
import pytest

int(pytest.main(options))
`;
try {
  process.exitCode = python.runPython(pytest);
} catch (error) {
  console.error(`\nThis test ended Python itself: ${globalThis.currentTest}\n${error.message}`);
  process.exitCode = 70; // EX_SOFTWARE
}
