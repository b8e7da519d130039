// Once Python was loaded, pages that were seen and Python itself open without a network.

const CACHE = "autograd-tiny";

globalThis.addEventListener("install", () => globalThis.skipWaiting());
globalThis.addEventListener("activate", (event) => event.waitUntil(globalThis.clients.claim()));
globalThis.addEventListener("fetch", (event) => {
  const url = new URL(event.request.url);
  if (event.request.method !== "GET" || url.origin !== location.origin) return;
  event.respondWith(url.pathname.includes("/assets/python-") ? kept(event.request) : current(event.request));
});

/** Files that never change under their name: what is kept is as good as what the server has. */
async function kept(request) {
  return (await caches.match(request)) ?? current(request);
}

/** Everything else: as the server has it, or where there is none, as it was last. */
async function current(request) {
  try {
    const response = await fetch(request);
    if (response.ok) (await caches.open(CACHE)).put(request, response.clone());
    return response;
  } catch (error) {
    const before = await caches.match(request, { ignoreSearch: true });
    if (before) return before;
    throw error;
  }
}
