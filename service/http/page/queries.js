/**
 * A network ⇄ a query, `depth=20&activation=a_relu&activation.a=0.1`: what differs from the default.
 *
 * Everything read is checked against the catalog; one part that makes no sense makes the whole unreadable.
 *
 * @typedef {import("./networks.js").Network} Network
 * @typedef {import("./networks.js").Choice} Choice
 * @typedef {import("./choices.js").Kinds} Kinds
 */

import { DEFAULT, LIMITS, network, parametersOf } from "./networks.js";
import { written } from "./numbers.js";

const PRECISIONS = ["float32", "float64"];

/** Which family each choice of a network is of. */
const FAMILIES = {
  activation: "activations",
  weights: "initializers",
  bias: "initializers",
  output: "activations",
  outputWeights: "initializers",
  outputBias: "initializers",
  loss: "losses",
  policy: "policies",
};

/**
 * The query of a network.
 *
 * @param {Network} net
 * @returns {string}
 */
export function queryOf(net) {
  const query = new URLSearchParams();
  for (const [part, value] of Object.entries(net)) {
    if (JSON.stringify(value) === JSON.stringify(DEFAULT[/** @type {keyof Network} */ (part)])) continue;
    if (typeof value !== "object") query.set(part, String(value));
    else {
      query.set(part, value.kind);
      for (const [name, parameter] of Object.entries(value.values)) query.set(`${part}.${name}`, String(parameter));
    }
  }
  return query.toString();
}

/**
 * The network in a query, or null where it makes no sense.
 *
 * @param {string} query
 * @param {Kinds} kinds
 * @returns {Network | null}
 */
export function networkOf(query, kinds) {
  /** @type {Record<string, unknown>} */
  const parts = {};
  for (const [name, text] of new URLSearchParams(query)) {
    if (name.includes(".")) continue;
    const value = partOf(name, text, kinds);
    if (value === null) return null;
    parts[name] = value;
  }
  return fillValues(network(/** @type {Partial<Network>} */ (parts)), query, kinds);
}

/**
 * @param {string} part
 * @param {string} text
 * @param {Kinds} kinds
 * @returns {unknown} null where it makes no sense
 */
function partOf(part, text, kinds) {
  if (!Object.hasOwn(DEFAULT, part)) return null;
  if (part === "precision") return PRECISIONS.includes(text) ? text : null;
  if (Object.hasOwn(FAMILIES, part)) {
    const family = FAMILIES[/** @type {keyof typeof FAMILIES} */ (part)];
    return kinds[family].has(text) ? { kind: text, values: {} } : null;
  }
  const [low, high] = LIMITS[/** @type {keyof typeof LIMITS} */ (part)] ?? [0, Number.MAX_SAFE_INTEGER];
  const value = written(text) ?? NaN;
  return value >= low && value <= high && (part === "std" || Number.isInteger(value)) ? value : null;
}

/**
 * @param {Network} net
 * @param {string} query
 * @param {Kinds} kinds
 * @returns {Network | null}
 */
function fillValues(net, query, kinds) {
  for (const [name, text] of new URLSearchParams(query)) {
    if (!name.includes(".")) continue;
    const [part, parameter] = name.split(".");
    if (!Object.hasOwn(FAMILIES, part)) return null;
    const family = FAMILIES[/** @type {keyof typeof FAMILIES} */ (part)];
    const chosen = /** @type {Choice} */ (net[/** @type {keyof Network} */ (part)]);
    const known = kinds[family].get(chosen.kind)?.parameters.find((one) => one.name === parameter);
    const value = known ? valueOf(known, text) : null;
    if (value === null) return null;
    chosen.values[parameter] = value;
  }
  return net;
}

/**
 * @param {import("./choices.js").KindField} parameter
 * @param {string} text
 * @returns {number | string | null}
 */
function valueOf(parameter, text) {
  if (parameter.choices.length) return parameter.choices.includes(text) ? text : null;
  if (parameter.value_type === "number" || parameter.value_type === "integer") return written(text);
  if (parameter.name === "parameters") return parametersOf(text).unread === null ? text : null;
  return parameter.name === "formula" ? text : null;
}
