/**
 * A choice of a kind from the catalog, with a field for each of its parameters.
 *
 * @typedef {import("api").components["schemas"]} Schemas
 * @typedef {Schemas["CatalogEntry"]} Entry
 * @typedef {Schemas["KindField"]} KindField
 * @typedef {import("./networks.js").Choice} Choice
 * @typedef {Record<string, Map<string, Entry>>} Kinds
 * @typedef {object} Options
 * @property {string} label
 * @property {string} pointer
 * @property {Map<string, Entry>} kinds
 * @property {string[]} [without] Kinds that are not offered.
 * @property {Record<string, string>} [names] What a kind is called, where that is not its name.
 * @property {Record<string, string>} [hints] What a kind means at this place, where its own summary is about another.
 * @property {string[]} [elsewhere] Parameters that have a control of their own.
 * @property {(chosen: Choice) => void} onchange
 */

import { complaint } from "./complaints.js";
import { element, fill } from "./dom.js";
import { typed } from "./numbers.js";

const LARGEST_SHOWN = 1e6;
/** @type {Record<string, string>} */
const MISSING = { formula: "z*tanh(z)", parameters: "" };

/**
 * The families of the catalog, by name, with their kinds by name.
 *
 * @param {Schemas["Catalog"]} catalog
 * @returns {Kinds}
 */
export function kindsOf({ families }) {
  return Object.fromEntries(
    families.map(({ family, kinds }) => [family, new Map(kinds.map((entry) => [entry.kind, entry]))]),
  );
}

/**
 * A kind as it is at first: with the defaults of its parameters.
 *
 * @param {Entry} entry
 * @returns {Choice}
 */
export function defaultChoice({ kind, parameters }) {
  return { kind, values: Object.fromEntries(parameters.map((parameter) => [parameter.name, presetOf(parameter)])) };
}

/**
 * @param {KindField} parameter
 * @returns {number | string}
 */
function presetOf({ name, default: preset }) {
  const given = JSON.parse(preset ?? "null");
  return (typeof given === "object" ? null : given) ?? MISSING[name] ?? 0; // an object is text here, as in a formula
}

/**
 * The select and the fields of its parameters, in `host`.
 *
 * @param {HTMLElement} host
 * @param {Options} options
 * @returns {import("./controls.js").Field<Choice>}
 */
export function choiceField(host, options) {
  const { label, pointer, kinds, without = [], names = {}, hints = {}, elsewhere = [], onchange } = options;
  const id = `${host.id}-kind`;
  const offered = [...kinds.values()].filter(({ kind }) => !without.includes(kind));
  const select = element("select", { id, "data-pointer": pointer, onchange: choose });
  const hint = element("p", { class: "hint", id: `${id}-hint` });
  const fields = element("div", { class: "parameters" });
  select.append(...offered.map(({ kind }) => element("option", { value: kind }, names[kind] ?? kind)));
  select.setAttribute("aria-describedby", hint.id);
  host.append(element("label", { for: id }, label), select, complaint(pointer), fields, hint);
  let shown = { kind: "", values: /** @type {Choice["values"]} */ ({}) };

  function choose() {
    const entry = kinds.get(select.value);
    if (entry) onchange(defaultChoice(entry));
  }

  /** @param {string} name @param {number | string} value */
  function set(name, value) {
    shown = { kind: shown.kind, values: { ...shown.values, [name]: value } };
    onchange(shown);
  }

  /** @param {Choice} chosen */
  function show(chosen) {
    const entry = kinds.get(chosen.kind);
    const another = chosen.kind !== shown.kind;
    shown = chosen;
    if (!entry) return;
    const own = entry.parameters.filter((one) => !elsewhere.includes(one.name) && isSimple(one));
    if (another) {
      select.value = chosen.kind;
      hint.textContent = hints[chosen.kind] ?? entry.summary;
      fill(fields, ...own.map((one) => parameterField(one, `${host.id}-${one.name}`, `${pointer}/${one.name}`, set)));
    }
    for (const one of own) showValue(`${host.id}-${one.name}`, chosen.values[one.name] ?? presetOf(one));
  }
  return { show };
}

/**
 * Whether a parameter is a number or a word; formulas have a panel of their own.
 *
 * @param {KindField} parameter
 * @returns {boolean}
 */
function isSimple({ name, value_type: type }) {
  return name !== "formula" && ["number", "integer", "string"].includes(type);
}

/**
 * @param {KindField} parameter
 * @param {string} id
 * @param {string} pointer
 * @param {(name: string, value: number | string) => void} set
 * @returns {HTMLElement}
 */
function parameterField(parameter, id, pointer, set) {
  const { name, choices, description } = parameter;
  const label = element("label", { for: id, title: description }, name.replaceAll("_", " "));
  const control = choices.length ? wordSelect(parameter, id, set) : numberInput(parameter, id, set);
  control.setAttribute("data-pointer", pointer);
  return element("div", { class: "parameter" }, label, control, complaint(pointer));
}

/**
 * @param {KindField} parameter
 * @param {string} id
 * @param {(name: string, value: string) => void} set
 * @returns {HTMLSelectElement}
 */
function wordSelect({ name, choices }, id, set) {
  const select = element("select", { id, onchange: () => set(name, select.value) });
  select.append(...choices.map((word) => element("option", { value: word }, word.replaceAll("_", " "))));
  return select;
}

/**
 * @param {KindField} parameter
 * @param {string} id
 * @param {(name: string, value: number) => void} set
 * @returns {HTMLInputElement}
 */
function numberInput(parameter, id, set) {
  const low = parameter.minimum ?? parameter.exclusive_minimum;
  const high = parameter.maximum ?? parameter.exclusive_maximum;
  const input = element("input", {
    id,
    type: "number",
    step: "any",
    min: low !== null && Math.abs(low) < LARGEST_SHOWN ? low : null,
    max: high !== null && Math.abs(high) < LARGEST_SHOWN ? high : null,
    oninput: () => {
      const value = typed(input.value);
      if (value !== null) set(parameter.name, value);
    },
  });
  return input;
}

/**
 * @param {string} id
 * @param {number | string | undefined} value
 */
function showValue(id, value) {
  const control = document.getElementById(id);
  const editable = control instanceof HTMLInputElement || control instanceof HTMLSelectElement;
  if (editable && control !== document.activeElement) control.value = String(value ?? "");
}
