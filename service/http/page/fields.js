/**
 * Fields of numbers and words.
 *
 * @template Value
 * @typedef {import("./controls.js").Field<Value>} Field
 */

/**
 * @typedef {object} NumberOptions
 * @property {string} label
 * @property {string} pointer
 * @property {number} min
 * @property {boolean} [whole] Whole numbers, unless said otherwise.
 * @property {(value: number) => void} onchange
 */

/**
 * @typedef {object} SliderOptions
 * @property {string} label
 * @property {string} pointer
 * @property {[number, number]} range
 * @property {"linear" | "log"} [scale]
 * @property {boolean} [fractions] Three significant digits in place of whole numbers.
 * @property {number[]} quick Values with a button of their own.
 * @property {(value: number) => void} onchange
 */

import { complaint } from "./complaints.js";
import { element } from "./dom.js";
import { clamp, short, typed } from "./numbers.js";

const STOPS = 400;

/**
 * A number that the service checks.
 *
 * @param {HTMLElement} host
 * @param {NumberOptions} options
 * @returns {Field<number>}
 */
export function numberField(host, { label, pointer, min, whole = true, onchange }) {
  const id = `${host.id}-number`;
  const input = element("input", {
    id,
    type: "number",
    min,
    step: whole ? 1 : "any",
    "data-pointer": pointer,
    oninput: () => {
      const value = typed(input.value);
      if (value !== null) onchange(value);
    },
  });
  host.classList.add("beside");
  host.append(element("label", { for: id }, label), input, complaint(pointer));
  return { show: (value) => write(input, value) };
}

/**
 * One word of a few.
 *
 * @param {HTMLElement} host
 * @param {{label: string, pointer: string, words: string[], onchange: (word: string) => void}} options
 * @returns {Field<string>}
 */
export function wordField(host, { label, pointer, words, onchange }) {
  const id = `${host.id}-word`;
  const select = element("select", { id, "data-pointer": pointer, onchange: () => onchange(select.value) });
  select.append(...words.map((word) => element("option", { value: word }, word)));
  host.classList.add("beside");
  host.append(element("label", { for: id }, label), select, complaint(pointer));
  return { show: (word) => void (select.value = word) };
}

/**
 * A slider with a number beside it and buttons for the values that are asked for most.
 *
 * @param {HTMLElement} host
 * @param {SliderOptions} options
 * @returns {Field<number>}
 */
export function sliderField(host, options) {
  const { label, pointer, range, quick, onchange } = options;
  const scale = scaleOf(options);
  const id = `${host.id}-number`;
  const slider = element("input", {
    type: "range",
    class: "slider",
    "aria-label": label,
    min: 0,
    max: scale.stops,
    step: 1,
    oninput: () => onchange(scale.value(Number(slider.value))),
  });
  const number = element("input", {
    id,
    type: "number",
    min: range[0],
    max: range[1],
    step: options.fractions ? "any" : 1,
    "data-pointer": pointer,
    oninput: () => {
      const value = typed(number.value);
      if (value !== null) onchange(scale.nearest(value));
    },
    onblur: () => void (number.value = String(current)),
  });
  const buttons = quick.map((value) =>
    element("button", { type: "button", onclick: () => onchange(value) }, short(value)),
  );
  const group = element("div", { class: "quick", role: "group", "aria-label": label }, ...buttons);
  const line = element("div", { class: "line" }, slider, number);
  host.append(element("label", { for: id }, label), line, complaint(pointer), group);
  let current = range[0];

  return {
    show(value) {
      current = value;
      write(number, value);
      slider.value = String(scale.stop(value));
      slider.setAttribute("aria-valuetext", short(value));
      buttons.forEach((button, place) => button.setAttribute("aria-pressed", String(quick[place] === value)));
    },
  };
}

/**
 * Stops of a slider ⇄ values: every whole number of a linear one, equal ratios on a logarithmic one.
 *
 * @typedef {(from: number) => number} Map
 * @param {SliderOptions} options
 * @returns {{stops: number, value: Map, stop: Map, nearest: Map}}
 */
function scaleOf({ range: [low, high], scale = "linear", fractions = false }) {
  const nearest = (/** @type {number} */ value) => {
    const inside = clamp(value, low, high);
    return fractions ? Number(inside.toPrecision(3)) : Math.round(inside);
  };
  if (scale === "linear") {
    return { stops: high - low, value: (stop) => low + stop, stop: (value) => value - low, nearest };
  }
  const ratio = Math.log(high / low);
  return {
    stops: STOPS,
    value: (stop) => nearest(low * Math.exp((ratio * stop) / STOPS)),
    stop: (value) => Math.round((STOPS * Math.log(value / low)) / ratio),
    nearest,
  };
}

/**
 * Write a number into a field, unless somebody is typing there.
 *
 * @param {HTMLInputElement} input
 * @param {number} value
 */
function write(input, value) {
  if (input !== document.activeElement || typed(input.value) === null) input.value = String(value);
}
