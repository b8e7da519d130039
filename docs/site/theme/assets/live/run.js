// Blocks of code that can be edited and run; the blocks of a page share what they define.

import { StoppedError } from "./python.js";

/** Put a button beside every block. */
export function addButtons(elements, python) {
  const blocks = [...elements].filter((element) => element.querySelector("code")).map((element) => new Block(element));
  for (const block of blocks) block.button.onclick = () => (block.runs ? python.stop() : runUpTo(block, blocks, python));
}

/** Run a block, and before it those above that have not run as they stand: it may need what they define. */
async function runUpTo(last, blocks, python) {
  const before = blocks.slice(0, blocks.indexOf(last));
  if (blocks.some((block) => block.runs)) return;
  if (!python.isStarted) for (const block of blocks) block.ran = null;
  last.busy(python.isStarted ? "running" : `loading Python, ${python.site.megabytes} MB the first time`);
  try {
    for (const block of [...before.filter((block) => block.ran !== block.code), last]) {
      const answer = await python.ask("run", { code: block.code, session: block.isSession });
      block.show(answer);
      if (answer.failed && block !== last) {
        last.say(`not run: a block above it failed, ${answer.failed.split("\n").at(-1)}`);
        break;
      }
    }
  } catch (error) {
    if (!(error instanceof StoppedError)) throw error;
    for (const block of blocks) block.ran = null;
    last.say(`${error.message}; what the blocks of this page had defined is gone, and the next Run starts with the first of them`);
  } finally {
    last.busy("");
  }
}

class Block {
  constructor(element) {
    this.isSession = element.classList.contains("language-pycon");
    this.editor = element.querySelector("code");
    this.written = this.isSession ? withoutPrompts(this.editor.innerText) : this.editor.innerText;
    this.ran = null;
    this.bar = make("div", "run-bar");
    this.button = Object.assign(make("button", "run live-button", "Run"), { type: "button" });
    this.state = make("span", "run-state");
    this.state.setAttribute("role", "status");
    this.output = make("div", "run-output");
    this.bar.append(this.button, this.state);
    element.after(this.bar, this.output);
    if (!this.isSession) this.#edit();
  }

  get runs() {
    return this.button.textContent === "Stop";
  }

  /** What stands in the block now; of a session what stands behind its prompts. */
  get code() {
    return this.isSession ? this.written : this.editor.innerText.replaceAll("\u00a0", " ");
  }

  #edit() {
    this.editor.contentEditable = "plaintext-only";
    this.editor.spellcheck = false;
    this.editor.setAttribute("role", "textbox");
    this.editor.setAttribute("aria-multiline", "true");
    this.editor.setAttribute("aria-label", "Python code");
    this.editor.onkeydown = (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey || event.shiftKey)) {
        event.preventDefault();
        this.button.click();
      }
    };
  }

  busy(word) {
    this.button.textContent = word ? "Stop" : "Run";
    if (word || !this.said) this.state.textContent = word;
    if (word) this.said = false;
  }

  say(text) {
    this.said = true;
    this.state.textContent = text;
  }

  show({ shown = [], failed = "", files = [], error = "" }) {
    this.ran = failed || error ? null : this.code;
    this.output.replaceChildren(...shown.map(asElement), ...files.map(asLink));
    if (failed || error) this.output.append(make("pre", "run-failed", failed || error));
  }
}

function withoutPrompts(session) {
  const lines = session.split("\n").filter((line) => /^(>>>|\.\.\.)/.test(line));
  return lines.map((line) => line.slice(4)).join("\n");
}

function asElement({ text, html, kind = "stepper", page, title }) {
  if (text !== undefined) return make("pre", "run-text", text.replace(/\n$/, ""));
  const figure = make("figure", `shown ${kind}`);
  if (page) figure.append(framed(page, title));
  else figure.innerHTML = html; // written by the package, which escapes every label: session.py
  return figure;
}

/** A page of the package in a frame that may do nothing but run it. */
export function framed(page, title) {
  const frame = make("iframe", "run-page");
  Object.assign(frame, { srcdoc: page, title: title ?? "Step by step" });
  frame.setAttribute("sandbox", "allow-scripts");
  return frame;
}

function asLink({ name, content }) {
  const bytes = Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0));
  return saved(name, bytes, `${name}, written into the memory of this page: save it`);
}

/** A link that saves a file. */
export function saved(name, content, text = name) {
  const link = make("a", "run-file", text);
  return Object.assign(link, { href: URL.createObjectURL(new Blob([content])), download: name });
}

export function make(tag, classes = "", text = "") {
  const element = document.createElement(tag);
  if (classes) element.className = classes;
  element.textContent = text;
  return element;
}
