// What a page of the site does with Python, once it is asked to: the playground, or buttons beside blocks of code.

import { Python } from "./python.js";

/** Give a page its buttons; `site.python` is started by the first of them that is pressed. */
export async function start(site) {
  const place = document.querySelector("#playground");
  const blocks = site.runs ? document.querySelectorAll(".language-python.highlight, .language-pycon.highlight, .hl-python.highlight") : [];
  if (!place && !blocks.length) return;
  for (const sheet of ["live.css", "graph.css"]) {
    const style = document.createElement("link");
    Object.assign(style, { rel: "stylesheet", href: new URL(sheet, import.meta.url).href });
    document.head.append(style);
  }
  const python = new Python(site);
  if (place) (await import("./playground.js")).openPlayground(place, python);
  if (blocks.length) (await import("./run.js")).addButtons(blocks, python);
}
