// An exercise on the formula: a field for each number, what is said of each, hints in three grades.

import { make } from "./run.js";

const GRADES = 3; // which rule, the formula, the number

export class Exercise {
  /** @param ask asks Python a question about what is typed in the playground. */
  constructor(place, ask) {
    [this.place, this.ask, this.about] = [place, ask, ""];
  }

  /** Show the blanks for a formula and its inputs; what was filled in stays while these do. */
  async offer(about) {
    if (about === this.about) return;
    const answer = await this.ask("exercise");
    if (!answer) return;
    this.about = about;
    if (answer.error) return this.place.replaceChildren(make("pre", "play-error", answer.error));
    const check = Object.assign(make("button", "live-button", "Check"), { type: "submit" });
    this.summary = make("span", "play-status");
    this.summary.setAttribute("role", "status");
    this.rows = new Map(answer.blanks.map((name) => [name, this.#row(name)]));
    const form = make("form", "play-blanks");
    form.autocomplete = "off";
    const last = make("p", "play-row");
    last.append(check, this.summary);
    form.append(make("p", "", "Compute these from the inputs, with three significant digits, and do not look at the picture: it shows them all."), ...[...this.rows.values()].map(({ row }) => row), last);
    form.onsubmit = (event) => {
      event.preventDefault();
      this.#check();
    };
    this.place.replaceChildren(form);
  }

  #row(name) {
    const row = make("div", "play-blank");
    const label = make("label", "", name);
    const field = Object.assign(document.createElement("input"), { type: "text", inputMode: "decimal", size: 9 });
    const hint = Object.assign(make("button", "live-button", "Hint"), { type: "button" });
    const said = make("span", "play-said");
    hint.setAttribute("aria-label", `A hint for ${name}`);
    said.setAttribute("role", "status");
    label.append(field);
    row.append(label, hint, said);
    let grade = 0;
    hint.onclick = async () => {
      grade = Math.min(grade + 1, GRADES);
      const answer = await this.ask("hinted", { blank: name, grade });
      if (answer) said.textContent = answer.hint ?? answer.error;
    };
    return { row, field, said };
  }

  async #check() {
    const answers = Object.fromEntries([...this.rows].map(([name, { field }]) => [name, field.value.trim()]).filter(([, text]) => text));
    const answer = await this.ask("checked", { answers });
    if (!answer) return;
    this.summary.textContent = answer.error ?? answer.summary;
    for (const [name, { row, said }] of this.rows) {
      const outcome = answers[name] && answer.answers?.[name];
      row.dataset.accepted = outcome ? String(outcome.accepted) : "";
      if (outcome) said.textContent = outcome.said;
    }
  }
}
