// What was typed, as the part of an address behind #, and back; whatever the address holds, what comes back is text and numbers.

const LONGEST = { formula: 4000, claims: 4000, wrt: 100 };
const INPUT = "in.";

export function toAddress({ formula, values, wrt, claims }) {
  const fields = new URLSearchParams({ formula, wrt, claims });
  for (const [name, value] of Object.entries(values)) fields.set(INPUT + name, String(value));
  return `#${fields}`;
}

/** The state that an address holds, or null where it holds no formula. */
export function fromAddress(hash) {
  const fields = new URLSearchParams(hash.replace(/^#/, ""));
  if (!fields.get("formula")) return null;
  const state = { values: {} };
  for (const [name, length] of Object.entries(LONGEST)) state[name] = (fields.get(name) ?? "").slice(0, length);
  for (const [name, text] of fields) {
    const value = Number(text);
    if (name.startsWith(INPUT) && text.trim() && Number.isFinite(value)) state.values[name.slice(INPUT.length)] = value;
  }
  return state;
}
