/** What every page is made of: elements, buttons, and how a page starts or says why it does not. */

const ICONS = {
  first: "M5 4v12M16 4 8 10l8 6z",
  previous: "M14 4 6 10l8 6z",
  play: "M6 3.5v13L16.5 10z",
  pause: "M6.5 4v12M13.5 4v12",
  next: "M6 4l8 6-8 6z",
  last: "M15 4v12M4 4l8 6-8 6z",
};

/** The data of a page is not what it should be; the message says so to the reader of the page. */
export class BrokenData extends Error {}

function maker(document) {
  return (tag, attributes = {}, ...children) => {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.append(...children);
    return element;
  };
}

function iconButton(make, icon, label, key) {
  const button = make("button", { type: "button", class: icon });
  button.show = (name, text) => {
    button.replaceChildren(fragment(button.ownerDocument, `<svg viewBox="0 0 20 20" aria-hidden="true"><path d="${ICONS[name]}"/></svg>`));
    button.setAttribute("aria-label", text);
    button.title = `${text} (${key})`;
  };
  button.show(icon, label);
  return button;
}

/** Markup as elements.  Python made it harmless; who could change it could change this script too. */
function fragment(document, markup) {
  const template = document.createElement("template");
  template.innerHTML = markup;
  return template.content;
}

/** Make what is in an element like the content, and touch nothing that is so already: to lay out a formula anew takes long. */
function become(element, content) {
  const [olds, news] = [[...element.childNodes], [...content.childNodes]];
  if (olds.length !== news.length) return element.replaceChildren(...news);
  olds.forEach((old, i) => {
    const fresh = news[i];
    if (old.nodeName !== fresh.nodeName || !sameAttributes(old, fresh)) old.replaceWith(fresh);
    else if (old.nodeType === 1) become(old, fresh);
    else if (old.data !== fresh.data) old.data = fresh.data;
  });
}

const sameAttributes = ({ attributes: some = [] }, { attributes: others = [] }) =>
  some.length === others.length && [...some].every(({ name, value }) => others.getNamedItem(name)?.value === value);

/** Bring elements into sight: the first in the middle, or, where all fit, all. */
function scrollTo(scroller, elements) {
  if (!elements.length) return;
  const [frame, ...boxes] = [scroller, ...elements].map((element) => element.getBoundingClientRect());
  const distance = (start, end) => {
    const [from, to] = [Math.min(...boxes.map((box) => box[start])), Math.max(...boxes.map((box) => box[end]))];
    const fits = to - from < frame[end] - frame[start];
    return ((fits ? from + to : boxes[0][start] + boxes[0][end]) - frame[start] - frame[end]) / 2;
  };
  scroller.scrollTo?.(scroller.scrollLeft + distance("left", "right"), scroller.scrollTop + distance("top", "bottom"));
}

/** Disabling the button that has the focus would lose the focus. */
function disable(button, disabled) {
  button.setAttribute("aria-disabled", String(disabled));
}

/** Start a page with its data, or say on it why it does not start. */
function start(document, fault, begin) {
  const notice = document.getElementById("incomplete");
  try {
    begin(JSON.parse(document.getElementById("data").textContent));
    notice.remove();
  } catch (error) {
    notice.className = "certain";
    notice.append(` (${error instanceof BrokenData ? error.message : fault})`);
    throw error;
  }
}
