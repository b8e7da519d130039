// What was typed, as the part of an address behind #, and back; whatever the address holds, what comes back is text and numbers.

const LONGEST = { formula: 10000, claims: 10000, wrt: 100 };
const INPUT = "in.";

export function toAddress({ formula, values, wrt, claims, rate, parameters }) {
  const fields = new URLSearchParams({ formula, wrt, claims });
  if (rate !== null) fields.set("rate", String(rate));
  for (const name of parameters) fields.append("train", name);
  for (const [name, value] of Object.entries(values)) fields.set(INPUT + name, String(value));
  return `#${fields}`;
}

/** The state that an address holds, or null where it holds no formula. */
export function fromAddress(hash) {
  const fields = new URLSearchParams(hash.replace(/^#/, ""));
  if (!fields.get("formula")) return null;
  const state = { values: {}, rate: finite(fields.get("rate")), parameters: fields.getAll("train") };
  for (const [name, length] of Object.entries(LONGEST)) state[name] = (fields.get(name) ?? "").slice(0, length);
  for (const [name, text] of fields) {
    const value = finite(text);
    if (name.startsWith(INPUT) && value !== null) state.values[name.slice(INPUT.length)] = value;
  }
  return state;
}

/** The number that a text is, or null. */
export function finite(text) {
  const value = Number(text);
  return text?.trim() && Number.isFinite(value) ? value : null;
}
