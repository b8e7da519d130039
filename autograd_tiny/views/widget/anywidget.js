/** The stepper of a notebook, which no page needs. */

/** "dark" or "light" where the notebook has a theme of its own; otherwise "", for what the system says. */
function themeOf({ body, documentElement }) {
  if (body.dataset.jpThemeLight) return body.dataset.jpThemeLight === "true" ? "light" : "dark";
  const names = `${body.className} ${documentElement.className} ${documentElement.getAttribute("theme")}`;
  return names.match(/\b(?:vscode-)?(dark|light)\b/)?.[1] ?? "";
}

/** anywidget's entry: the stepper of a notebook, its step, playing and values kept the same as in Python. */
export const widget = (rows) => ({ render: (context) => render(context, rows) });

function render({ model, el }, rows) {
  const window = el.ownerDocument.defaultView;
  const root = el.appendChild(el.ownerDocument.createElement("div"));
  const follow = () => (root.dataset.theme = themeOf(el.ownerDocument));
  const themes = new window.MutationObserver(follow);
  themes.observe(el.ownerDocument.body, { attributes: true });
  follow();
  const stepper = createStepper(root, model.get("data"), {
    step: model.get("step"),
    playing: model.get("playing"),
    values: model.get("values"),
    rows,
    onChange({ step, playing, values }) {
      model.set("step", step);
      model.set("playing", playing);
      if (!sameValues(values, model.get("values"))) model.set("values", values);
      model.save_changes();
    },
  });
  const onValues = () => sameValues(stepper.values, model.get("values")) || stepper.move(model.get("values"), { quiet: true });
  const onStep = () => stepper.show(model.get("step"), { quiet: true });
  const onPlaying = () => stepper.play(model.get("playing"), { quiet: true });
  model.on("change:step", onStep);
  model.on("change:playing", onPlaying);
  model.on("change:values", onValues);
  return () => {
    model.off("change:values", onValues);
    model.off("change:step", onStep);
    model.off("change:playing", onPlaying);
    themes.disconnect();
    stepper.destroy();
  };
}

const sameValues = (some = {}, others = {}) => JSON.stringify(Object.entries(some).sort()) === JSON.stringify(Object.entries(others).sort());
