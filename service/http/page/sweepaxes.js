/**
 * What a sweep varies: the named axes of the service that a control of the laboratory can show, one or two at a time.
 *
 * @typedef {import("./networks.js").Network} Network
 * @typedef {import("./networks.js").Choice} Choice
 * @typedef {{scale: "linear" | "log", start: number, stop: number, count: number}} Range
 * @typedef {{name: string, range?: Range, values?: string[]}} Axis As the service reads it.
 * @typedef {number | string} Value
 * @typedef {object} Named
 * @property {string} label
 * @property {Axis} preset
 * @property {number[]} [limits] What the laboratory can show of it.
 * @property {boolean} [whole] Whether it counts something.
 * @property {(value: any) => Partial<Network>} vary What a value changes, as the service does it.
 */

import { LIMITS, choice } from "./networks.js";
import { clamp, short } from "./numbers.js";

export const SHORTEST = 2;
export const LONGEST = 50;
const TYPICAL = ["gelu", "relu", "selu", "sigmoid", "stanh", "tanh"];

/** @type {Record<string, Named>} */
export const NAMED = {
  weight_variance: {
    label: "weight variance",
    preset: over("weight_variance", "linear", 0.25, 4, 21),
    vary: (scale) => {
      const weights = choice("variance_scaling", { scale });
      return { weights, outputWeights: weights };
    },
  },
  bias_variance: {
    label: "bias variance",
    preset: over("bias_variance", "linear", 0, 0.5, 11),
    vary: (variance) => {
      const bias = choice("normal", { std: Math.sqrt(variance) });
      return { bias, outputBias: bias };
    },
  },
  depth: {
    label: "depth",
    preset: over("depth", "linear", 2, 50, 13),
    limits: LIMITS.depth,
    whole: true,
    vary: (depth) => ({ depth }),
  },
  width: {
    label: "width",
    preset: over("width", "log", 4, 128, 6),
    limits: LIMITS.width,
    whole: true,
    vary: (width) => ({ width }),
  },
  input_std: {
    label: "input std",
    preset: over("input_std", "log", 0.1, 10, 9),
    vary: (std) => ({ std }),
  },
  activation: {
    label: "activation",
    preset: { name: "activation", values: TYPICAL },
    vary: (kind) => ({ activation: choice(kind) }),
  },
};

/** Sweeps to begin with. @type {{title: string, axes: Axis[]}[]} */
export const PAIRS = Object.entries({
  "weights × depth": ["weight_variance", "depth"],
  "weights × biases": ["weight_variance", "bias_variance"],
  "width × depth": ["width", "depth"],
  "weights × activation": ["weight_variance", "activation"],
}).map(([title, names]) => ({ title, axes: names.map((name) => NAMED[name].preset) }));

/**
 * The values of an axis; the service's own are the same.
 *
 * @param {Axis} axis
 * @returns {Value[]}
 */
export function valuesOf({ name, range, values = [] }) {
  if (!range) return values;
  const { scale, start, stop, count } = range;
  const between = (/** @type {number} */ share) =>
    scale === "log" ? start * (stop / start) ** share : start + (stop - start) * share;
  const all = Array.from({ length: count }, (_, place) => between(place / (count - 1)));
  return NAMED[name].whole ? all.map(toEven) : all;
}

/**
 * How many values an axis has.
 *
 * @param {Axis} axis
 * @returns {number}
 */
export function sizeOf({ range, values = [] }) {
  return range ? range.count : values.length;
}

/**
 * What is wrong with an axis, by its parts: numbers that are none, or what the laboratory cannot show. All else is left
 * to the service.
 *
 * @param {Axis} axis
 * @returns {{part: string, detail: string}[]}
 */
export function faultsOf({ name, range, values = [] }) {
  if (!range) return values.length ? [] : [{ part: "values", detail: "One of them at least is needed." }];
  const { scale, start, stop, count } = range;
  const { label, limits: [low, high] = [-Infinity, Infinity] } = NAMED[name];
  const outside = `The laboratory shows a ${label} from ${low} to ${high}.`;
  const ends = Object.entries({ start, stop }).flatMap(([part, value]) => {
    if (!Number.isFinite(value)) return { part, detail: "This must be a number." };
    if (value < low || value > high) return { part, detail: outside };
    return scale === "log" && value <= 0 ? { part, detail: "Equal ratios need positive numbers." } : [];
  });
  const countable = Number.isInteger(count) && count >= SHORTEST && count <= LONGEST;
  const few = { part: "count", detail: `From ${SHORTEST} to ${LONGEST} values can be shown.` };
  return countable ? ends : [...ends, few];
}

/**
 * The network of one point of a sweep.
 *
 * @param {Network} base
 * @param {Axis[]} axes
 * @param {Record<string, Value>} values
 * @returns {Network}
 */
export function networkAt(base, axes, values) {
  return Object.assign({}, base, ...axes.map(({ name }) => NAMED[name].vary(values[name])));
}

/**
 * Whether values are such as these axes have: a link may name any job.
 *
 * @param {Axis[]} axes
 * @param {Record<string, unknown>} values
 * @returns {values is Record<string, Value>}
 */
export function fits(axes, values) {
  return axes.every(({ name, range }) => typeof values[name] === (range ? "number" : "string"));
}

/**
 * The network in the middle of a sweep, which costs about what one does on average.
 *
 * @param {Network} base
 * @param {Axis[]} axes
 * @returns {Network}
 */
export function middleOf(base, axes) {
  const middles = axes.map(({ name, range, values }) => [name, range ? meanOf(name, range) : values?.[0]]);
  return networkAt(base, axes, Object.fromEntries(middles));
}

/**
 * @param {string} name
 * @param {Range} range
 * @returns {number}
 */
function meanOf(name, { start, stop }) {
  const { whole, limits: [low, high] = [start, stop] } = NAMED[name];
  const mean = (start + stop) / 2;
  return whole ? clamp(Math.round(mean), low, high) : mean;
}

/**
 * Where a point is, in words: `weight variance 1.2, depth 20`.
 *
 * @param {Axis[]} axes
 * @param {Record<string, Value>} values
 * @returns {string}
 */
export function placeInWords(axes, values) {
  return axes.map(({ name }) => `${NAMED[name].label} ${inShort(values[name])}`).join(", ");
}

/**
 * A value as it is read.
 *
 * @param {Value} value
 * @returns {string}
 */
export function inShort(value) {
  return typeof value === "number" ? short(value) : String(value);
}

/**
 * What a sweep leaves as it is: `tanh, width 32`.
 *
 * @param {Network} base
 * @param {Axis[]} axes
 * @returns {string}
 */
export function fixedInWords(base, axes) {
  const { kind, values } = base.activation;
  const parts = {
    activation: kind === "expression" ? String(values.formula) : kind,
    depth: `${base.depth} layers`,
    width: `width ${base.width}`,
  };
  const varied = axes.map(({ name }) => name);
  return Object.entries(parts).flatMap(([name, text]) => (varied.includes(name) ? [] : [text])).join(", ");
}

/**
 * @param {string} name
 * @param {"linear" | "log"} scale
 * @param {number} start
 * @param {number} stop
 * @param {number} count
 * @returns {Axis}
 */
function over(name, scale, start, stop, count) {
  return { name, range: { scale, start, stop, count } };
}

/** The nearest whole number, of two as near the even one. @param {number} value */
function toEven(value) {
  const nearest = Math.round(value);
  return nearest - value === 0.5 && nearest % 2 !== 0 ? nearest - 1 : nearest;
}
