/**
 * The axes of a sweep as they are chosen: what is varied, over which values.
 *
 * @typedef {import("./sweepaxes.js").Axis} Axis
 * @typedef {import("./sweepaxes.js").Range} Range
 * @typedef {import("./choices.js").Kinds} Kinds
 * @typedef {object} Options
 * @property {string} title
 * @property {number} place
 * @property {Kinds} kinds
 * @property {boolean} optional Whether there may be none.
 * @property {() => void} onchange
 * @property {(chosen: Axis | null, before: Axis | null) => void} onchoose Another axis is chosen, and not yet shown.
 */

import { complaint } from "./complaints.js";
import { element, fill } from "./dom.js";
import { typed } from "./numbers.js";
import { LONGEST, NAMED, SHORTEST, faultsOf } from "./sweepaxes.js";

const SCALES = { linear: "equal steps", log: "equal ratios" };
const NUMBERS = { start: "From", stop: "To", count: "Values" };
const UNFIT = ["softmax", "expression"]; // no activation of hidden layers, and no kind without a formula

/** The fields of one axis. */
export class AxisFields {
  /**
   * @param {HTMLElement} host
   * @param {Options} options
   */
  constructor(host, { title, place, kinds, optional, onchange, onchoose }) {
    this.place = place;
    this.onchange = onchange;
    this.name = "";
    const names = Object.entries(NAMED).map(([name, { label }]) => element("option", { value: name }, label));
    this.select = element("select", { id: `${host.id}-name`, "data-pointer": `/axes/${place}/name` });
    this.select.append(...(optional ? [element("option", { value: "" }, "nothing else")] : []), ...names);
    this.select.addEventListener("change", () => onchoose(this.chosen, this.axis));
    const what = field(title, this.select, complaint(`/axes/${place}/name`));
    this.numbers = Object.entries(NUMBERS).map(([part, label]) => this.number(`${host.id}-${part}`, part, label));
    const pointer = `/axes/${place}/range/scale`;
    this.scale = element("select", { id: `${host.id}-scale`, "data-pointer": pointer, onchange });
    this.scale.append(...Object.entries(SCALES).map(([scale, words]) => element("option", { value: scale }, words)));
    const scale = field("In", this.scale, complaint(`/axes/${place}/range`));
    this.range = element("div", { class: "range" }, ...this.numbers.map(({ line }) => line), scale);
    const offered = [...kinds.activations.keys()].filter((kind) => !UNFIT.includes(kind));
    this.boxes = offered.map((kind) => box(`${host.id}-${kind}`, kind, () => this.onchange()));
    const boxes = element("div", { class: "boxes" }, ...this.boxes.map(({ label }) => label));
    this.kinds = element("div", { class: "kinds" }, boxes);
    this.kinds.append(complaint(`/axes/${place}/values`));
    const line = element("div", { class: "axis" }, what, this.range, this.kinds, complaint(`/axes/${place}`));
    fill(host, element("fieldset", {}, element("legend", { class: "unseen" }, title), line));
  }

  /** @param {string} id @param {string} part @param {string} label */
  number(id, part, label) {
    const pointer = `/axes/${this.place}/range/${part}`;
    const counts = part === "count";
    const limits = { min: counts && SHORTEST, max: counts && LONGEST, step: counts ? 1 : "any" };
    const input = element("input", { id, type: "number", ...limits, "data-pointer": pointer });
    input.addEventListener("input", () => this.onchange());
    return { part, input, line: field(label, input, complaint(pointer)) };
  }

  /** What the select says, with the values it is offered with. */
  get chosen() {
    return this.select.value ? NAMED[this.select.value].preset : null;
  }

  /** @param {Axis | null} axis */
  show(axis) {
    const { name = "", range, values = [] } = axis ?? {};
    this.name = name;
    this.select.value = name;
    this.range.hidden = !range;
    this.kinds.hidden = name !== "activation";
    for (const { part, input } of this.numbers) input.value = range ? String(range[/** @type {"start"} */ (part)]) : "";
    if (range) this.scale.value = range.scale;
    for (const { kind, input } of this.boxes) input.checked = values.includes(kind);
  }

  /** The axis as it is chosen, numbers that are none as NaN; null where there is none. @returns {Axis | null} */
  get axis() {
    const { name } = this;
    if (name === "") return null;
    const checked = this.boxes.filter(({ input }) => input.checked);
    if (name === "activation") return { name, values: checked.map(({ kind }) => kind) };
    const [start, stop, count] = this.numbers.map(({ input }) => typed(input.value) ?? NaN);
    return { name, range: { scale: this.scale.value === "log" ? "log" : "linear", start, stop, count } };
  }

  /** What is wrong with it, as the service would tell it. @returns {{pointer: string, detail: string}[]} */
  get faults() {
    const { axis } = this;
    if (!axis) return [];
    const within = axis.range ? `/axes/${this.place}/range` : `/axes/${this.place}`;
    return faultsOf(axis).map(({ part, detail }) => ({ pointer: `${within}/${part}`, detail }));
  }
}

/**
 * A control below its name.
 *
 * @param {string} label
 * @param {HTMLElement} control
 * @param {HTMLElement} wrong
 * @returns {HTMLElement}
 */
function field(label, control, wrong) {
  return element("div", { class: "part" }, element("label", { for: control.id }, label), control, wrong);
}

/**
 * @param {string} id
 * @param {string} kind
 * @param {() => void} onchange
 * @returns {{kind: string, input: HTMLInputElement, label: HTMLElement}}
 */
function box(id, kind, onchange) {
  const input = element("input", { id, type: "checkbox", onchange });
  return { kind, input, label: element("label", { for: id }, input, kind) };
}
