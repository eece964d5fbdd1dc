/**
 * Networks ⇄ the fragment of the page's address: `#1:0:depth=20&activation=stanh|depth=20&activation=exu`.
 *
 * It holds the version, the selected network, and of each network what differs from the default. Everything read is
 * checked against the catalog; one part that makes no sense makes the whole unreadable.
 *
 * @typedef {import("./networks.js").Network} Network
 * @typedef {import("./networks.js").Choice} Choice
 * @typedef {import("./choices.js").Kinds} Kinds
 * @typedef {{networks: Network[], selected: number}} State
 */

import { DEFAULT, LIMITS, MOST_NETWORKS, network, parametersOf } from "./networks.js";

const VERSION = "1";
const LONGEST = 8000;
const NUMBER = /^-?\d+(\.\d+)?(e[+-]?\d+)?$/;
const PRECISIONS = ["float32", "float64"];

/** Which family each choice of a network is of. */
export const FAMILIES = {
  activation: "activations",
  weights: "initializers",
  bias: "initializers",
  output: "activations",
  loss: "losses",
  policy: "policies",
};

/**
 * The fragment, without its `#`.
 *
 * @param {State} state
 * @returns {string}
 */
export function fragmentOf({ networks, selected }) {
  return [VERSION, selected, networks.map(queryOf).join("|")].join(":");
}

/**
 * The state in a fragment, or null where it cannot be read.
 *
 * @param {string} fragment
 * @param {Kinds} kinds
 * @returns {State | null}
 */
export function stateOf(fragment, kinds) {
  const [version, selected, ...rest] = fragment.split(":");
  const queries = rest.join(":").split("|");
  if (version !== VERSION || fragment.length > LONGEST || queries.length > MOST_NETWORKS) return null;
  const networks = queries.map((query) => networkOf(query, kinds));
  const index = Number(selected);
  if (!Number.isInteger(index) || index < 0 || index >= networks.length) return null;
  return networks.every((net) => net !== null) ? { networks, selected: index } : null;
}

/**
 * @param {Network} net
 * @returns {string}
 */
function queryOf(net) {
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
 * @param {string} query
 * @param {Kinds} kinds
 * @returns {Network | null}
 */
function networkOf(query, kinds) {
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
  const value = NUMBER.test(text) ? Number(text) : NaN;
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
 * @param {import("./choices.js").Parameter} parameter
 * @param {string} text
 * @returns {number | string | null}
 */
function valueOf(parameter, text) {
  if (parameter.choices.length) return parameter.choices.includes(text) ? text : null;
  if (parameter.value_type === "number" || parameter.value_type === "integer") {
    return NUMBER.test(text) ? Number(text) : null;
  }
  if (parameter.name === "parameters") return parametersOf(text).unread === null ? text : null;
  return parameter.name === "formula" ? text : null;
}
