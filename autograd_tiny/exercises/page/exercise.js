/** The page of an exercise: blanks, each marked when it is entered, and hints. */

const HINTS = ["Which rule?", "Formula", "Number"];

export function startExercise(document, rows) {
  start(document, "the exercise cannot be read", (data) => createExercise(document.getElementById("exercise"), data, rows));
}

export function createExercise(root, data, rows) {
  const { blanks, digits, limits, reading, told } = data;
  const make = maker(root.ownerDocument);
  const mark = createMarker(data, rows);
  const stated = told.map((text) => readAnswer(text, reading, digits).printed);
  const solutions = mark([...stated, ...blanks.map(() => readAnswer("0", reading, digits).printed)]).slice(told.length).map(({ value }) => value);
  const places = new Map([...root.querySelectorAll("[data-blank]")].map((element) => [Number(element.dataset.blank), element]));
  for (const place of places.values()) place.dataset.empty = place.textContent;
  const store = storeOf(root.ownerDocument.defaultView, data.key);
  const progress = make("p", { class: "progress", role: "status" });
  const again = make("button", { type: "button" }, "Start again");
  const bar = make("progress", { max: blanks.length, value: 0, "aria-label": "Accepted answers" });
  const lines = blanks.map(lineOf);

  function lineOf({ name, hints }, i) {
    const id = `blank-${i}`;
    const input = make("input", { id, type: "text", inputmode: "text", autocomplete: "off", spellcheck: "false", "aria-describedby": `said-${i} hints-${i}` });
    const said = make("p", { class: "said", id: `said-${i}`, "aria-live": "polite" });
    const shown = make("div", { class: "hints", id: `hints-${i}`, "aria-live": "polite" });
    const button = make("button", { type: "button", class: "hint" });
    const texts = [...hints, `${name} = ${shortNumber(solutions[i], digits)}`];
    let grade = 0;
    const label = () => {
      button.textContent = grade < HINTS.length ? HINTS[grade] : "No more hints";
      button.setAttribute("aria-label", grade < HINTS.length ? `Hint for ${name}: ${HINTS[grade]}` : `No more hints for ${name}`);
      disable(button, grade >= HINTS.length);
    };
    button.addEventListener("click", () => {
      if (grade >= HINTS.length) return;
      shown.append(make("p", {}, texts[grade++]));
      label();
    });
    label();
    input.addEventListener("change", update);
    input.addEventListener("keydown", (event) => {
      if (event.key !== "Enter") return;
      update();
      lines[i + 1]?.input.focus();
    });
    const element = make("li", {}, make("label", { for: id }, name), make("span", { class: "sign", "aria-hidden": "true" }), input, button, said, shown);
    return { element, input, said, sign: element.querySelector(".sign"), forget: () => { grade = 0; shown.replaceChildren(); label(); } };
  }

  function update() {
    const answers = lines.map(({ input }) => readAnswer(input.value, reading, digits));
    const marks = mark([...stated, ...answers.map(({ printed }) => printed)]).slice(told.length);
    const outcomes = answers.map((answer, i) => outcomeOf(marks[i], answer, digits, limits));
    outcomes.forEach(({ verdict, accepted, short, sentence }, i) => {
      const { element, said, sign, input } = lines[i];
      const kind = short ? "undecided" : verdict;
      if (said.textContent !== sentence) said.textContent = sentence;
      sign.textContent = limits.signs[kind] ?? "";
      element.dataset.state = accepted ? (verdict === "carried" ? "carried" : "accepted") : !answers[i].text ? "" : short || !verdict ? "open" : "wrong";
      input.setAttribute("aria-invalid", String(element.dataset.state === "wrong"));
      const place = places.get(i);
      if (place) {
        place.textContent = accepted ? answers[i].text : place.dataset.empty;
        place.dataset.state = element.dataset.state;
      }
    });
    const n = outcomes.filter(({ accepted }) => accepted).length;
    bar.value = n;
    progress.textContent = `${n} of ${blanks.length} answers accepted.`;
    store.keep(lines.map(({ input }) => input.value));
    return outcomes;
  }

  /** Show where in the graph a blank stands, and which line of the list is that of a box; nothing if there is no blank. */
  function point(i) {
    for (const element of root.querySelectorAll(".here")) element.classList.remove("here");
    const place = places.get(i);
    for (const element of [lines[i]?.element, place, boxOf(place)]) element?.classList.add("here");
    const scroller = place?.closest(".scroller");
    if (scroller && !isInSight(scroller, boxOf(place))) scrollTo(scroller, [boxOf(place)]);
  }

  lines.forEach(({ element }, i) => element.addEventListener("focusin", () => point(i)));
  for (const box of new Set([...places.values()].map(boxOf))) {
    const own = [...places].filter(([, place]) => boxOf(place) === box).map(([i]) => i).sort((a, b) => a - b);
    box.classList.add("asked");
    box.addEventListener("click", ({ target }) => {
      const open = own.find((i) => !["accepted", "carried"].includes(lines[i].element.dataset.state)) ?? own[0];
      lines["blank" in target.dataset ? Number(target.dataset.blank) : open].input.focus();
    });
  }

  again.addEventListener("click", () => {
    for (const line of lines) {
      line.input.value = "";
      line.forget();
    }
    update();
    lines[0].input.focus();
  });
  root.append(make("ol", { class: "blanks" }, ...lines.map(({ element }) => element)), make("footer", {}, bar, progress, again));
  store.kept(blanks.length).forEach((text, i) => (lines[i].input.value = text));
  update();
  return { lines, update };
}

/** The box of the graph that a blank is in. */
const boxOf = (place) => place?.closest("g.node");

/** Whether all of an element is in sight: then a click on it moves nothing. */
function isInSight(scroller, element) {
  const [outer, inner] = [scroller, element].map((one) => one.getBoundingClientRect());
  return outer.left <= inner.left && inner.right <= outer.right && outer.top <= inner.top && inner.bottom <= outer.bottom;
}

/** What was answered, kept where the browser lets a page keep something. */
function storeOf(window, key) {
  const tried = (work, otherwise) => {
    try {
      return work();
    } catch { // in a frame, or where a reader forbids it
      return otherwise;
    }
  };
  return {
    keep: (answers) => tried(() => window.localStorage.setItem(key, JSON.stringify(answers))),
    kept: (n) => {
      const found = tried(() => JSON.parse(window.localStorage.getItem(key)), []);
      return Array.isArray(found) ? found.slice(0, n).filter((text) => typeof text === "string") : [];
    },
  };
}
