// The Python of a page: a worker that is started when it is first asked something, and can be stopped at any time.

export class StoppedError extends Error {}

export class Python {
  #worker = null;
  #waiting = new Map();
  #last = 0;

  /** @param site where the site and its Python are: `site`, `version`, `files`, `megabytes`. */
  constructor(site) {
    this.site = site;
    this.base = new URL(`assets/python-${site.version}/`, site.site).href;
    this.starts = 0;
  }

  get isStarted() {
    return this.#worker !== null;
  }

  /** What one of the functions of session.py answers; rejected where Python was stopped meanwhile. */
  ask(name, question = {}) {
    if (!this.#worker) this.#start();
    const id = ++this.#last;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#worker.postMessage({ id, name, question: JSON.stringify(question) });
    });
  }

  /** End whatever runs, and all that was defined; the next question starts a new Python. */
  stop(reason = "stopped") {
    this.#worker?.terminate();
    this.#worker = null;
    for (const { reject } of this.#waiting.values()) reject(new StoppedError(reason));
    this.#waiting.clear();
  }

  #start() {
    this.starts += 1;
    this.#worker = new Worker(new URL("worker.js", import.meta.url), { type: "module" });
    this.#worker.postMessage({ base: this.base });
    this.#worker.onmessage = ({ data }) => {
      if (data.fatal) return this.stop(data.fatal);
      if (data.ready) return this.#keep();
      this.#waiting.get(data.id)?.resolve(JSON.parse(data.answer));
      this.#waiting.delete(data.id);
    };
    this.#worker.onerror = (event) => this.stop(event.message || "Python could not be loaded");
  }

  /** Let the site's service worker keep what was loaded, so that the page opens without a network next time. */
  async #keep() {
    if (!navigator.serviceWorker || !window.caches) return;
    try {
      await navigator.serviceWorker.register(new URL("offline.js", this.site.site));
      const loaded = performance.getEntriesByType("resource").map((entry) => entry.name);
      const own = [location.href, new URL("worker.js", import.meta.url).href, ...loaded].map((url) => url.split("#")[0]);
      const files = this.site.files.map((name) => this.base + name);
      const cache = await caches.open("autograd-tiny");
      const here = [...new Set([...own, ...files])].filter((url) => new URL(url).origin === location.origin);
      await Promise.allSettled(here.map((url) => cache.add(url)));
      document.documentElement.dataset.offline = "ready";
    } catch {
      // A browser that keeps nothing, as in private windows, loads it again.
    }
  }
}
