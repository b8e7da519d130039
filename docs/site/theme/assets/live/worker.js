// Python itself, away from the page, which never waits for it: Pyodide, Graphviz, and the functions of session.py.

const network = globalThis.fetch;
const MOST_MEMORY = 2 ** 30; // bytes; beyond it Python raises its MemoryError, and the browser lives
const PAGE = 2 ** 16; // bytes, of WebAssembly
let session = null;

const grow = WebAssembly.Memory.prototype.grow;
WebAssembly.Memory.prototype.grow = function (pages) {
  if (this.buffer.byteLength + pages * PAGE > MOST_MEMORY) throw new RangeError("too much memory");
  return grow.call(this, pages);
};

/** A file of the site that lies there compressed. */
async function unpacked(url, type) {
  const response = await network(url);
  if (!response.ok) throw new Error(`${url} could not be loaded: ${response.status}`);
  return new Response(response.body.pipeThrough(new DecompressionStream("gzip")), { headers: { "Content-Type": type } });
}

async function module(url) {
  const code = await (await unpacked(url, "text/javascript")).blob();
  return import(URL.createObjectURL(code));
}

async function loaded(base) {
  globalThis.fetch = (request, options) => {
    const url = String(request.url ?? request);
    return url.endsWith(".wasm") ? unpacked(`${url}.bin`, "application/wasm") : network(request, options);
  };
  const graphviz = module(`${base}viz.js.bin`).then(({ instance }) => instance());
  const compiled = module(`${base}pyodide.asm.mjs.bin`);
  const packages = network(`${base}packages.zip`).then((response) => response.arrayBuffer());
  const { loadPyodide } = await import(`${base}pyodide.mjs`);
  const python = await loadPyodide({ indexURL: base, createPyodideModule: (await compiled).default });
  python.unpackArchive(await packages, "zip", { extractDir: python.runPython("import sysconfig; sysconfig.get_path('purelib')") });
  globalThis.autogradTinyGraphviz = await graphviz; // autograd_tiny/views/drawing/render.py
  python.runPython("import os; os.makedirs('/home/pyodide/page', exist_ok=True); os.chdir('/home/pyodide/page')");
  return python.pyimport("live.session");
}

globalThis.onmessage = async ({ data }) => {
  try {
    if (data.base) {
      session = loaded(data.base);
      await session;
      postMessage({ ready: true });
    } else {
      postMessage({ id: data.id, answer: (await session).answer(data.name, data.question) });
    }
  } catch (error) {
    const deep = error instanceof RangeError ? "it went too deep for a browser, and Python is gone" : String(error.message ?? error);
    postMessage({ fatal: deep.trim().split("\n").at(-1) });
  }
};
