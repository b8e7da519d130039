// node tests/wasm/speed.mjs FOLDER: processor time of what the site's pages ask Python, from the packed folder site/assets/python-VERSION.
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { pathToFileURL } from "node:url";
import { gunzipSync } from "node:zlib";

const folder = process.argv[2];
const here = mkdtempSync(`${tmpdir()}/python-`); // the same files as a browser has them, unpacked
for (const name of readdirSync(folder)) {
  if (name.endsWith(".bin")) writeFileSync(`${here}/${name.slice(0, -4)}`, gunzipSync(readFileSync(`${folder}/${name}`)));
  else copyFileSync(`${folder}/${name}`, `${here}/${name}`);
}
writeFileSync(`${here}/package.json`, '{ "type": "module" }');
process.on("exit", () => rmSync(here, { recursive: true }));
const load = (name) => import(pathToFileURL(`${here}/${name}`));

/** Milliseconds of the processor, the least of some times. */
async function measured(title, times, what) {
  let least = Infinity;
  for (let i = 0; i < times; i += 1) {
    const before = process.cpuUsage();
    await what();
    const { user, system } = process.cpuUsage(before);
    least = Math.min(least, (user + system) / 1000);
  }
  console.log(`${title.padEnd(60)} ${least.toFixed(1).padStart(9)} ms`);
}

let python;
let session;
await measured("Python and Graphviz started, the package imported", 1, async () => {
  globalThis.autogradTinyGraphviz = await (await load("viz.js")).instance();
  python = await (await load("pyodide.mjs")).loadPyodide({ indexURL: here });
  python.unpackArchive(new Uint8Array(readFileSync(`${here}/packages.zip`)), "zip", { extractDir: "/lib/python3.14/site-packages" });
  session = python.pyimport("live.session");
});

const ask = (name, question) => session.answer(name, JSON.stringify(question));
const values = { w1: 0.15, w2: 0.2, w3: 0.25, w4: 0.3, w5: 0.4, w6: 0.45, i1: 0.05, i2: 0.1, b1: 0.35, b2: 0.6, target: 0.01 };
const formula = `h1 = sigmoid(w1*i1 + w2*i2 + b1)
h2 = sigmoid(w3*i1 + w4*i2 + b1)
out = sigmoid(w5*h1 + w6*h2 + b2)
E = 0.5*(target - out)**2`;
const state = { formula, values, wrt: "w1" };
const nodes = Object.keys(JSON.parse(ask("numbers", state)).nodes).length;
await measured(`numbers and chain rule, ${nodes} nodes`, 20, () => ask("numbers", state));
await measured(`a new layout of these`, 20, () => ask("picture", state));
await measured("the page of their steps", 5, () => ask("steps", state));
await measured("100 steps of training", 3, () => ask("trained", { ...state, parameters: ["w1", "w5"], steps: 100 }));
const published = JSON.parse(ask("example", {}));
await measured("133 numbers marked", 2, () => ask("marks", published));
await measured("a block of code, print(1)", 20, () => ask("run", { code: "print(1)" }));
