/**
 * What a network of the laboratory is, and the specification that the service reads.
 *
 * @typedef {import("api").components["schemas"]} Schemas
 * @typedef {Schemas["SimulationSpec"]} Spec
 * @typedef {{kind: string, values: Record<string, number | string>}} Choice A kind with those parameters that were set.
 * @typedef {object} Network
 * @property {number} depth Hidden layers.
 * @property {number} width Units of each.
 * @property {Choice} activation
 * @property {Choice} weights
 * @property {Choice} bias
 * @property {Choice} output The activation of the output layer.
 * @property {number} units Units of the output layer.
 * @property {Choice} outputWeights
 * @property {Choice} outputBias
 * @property {Choice} loss
 * @property {number} features
 * @property {number} std Of the inputs.
 * @property {number} samples
 * @property {number} trials
 * @property {number} seed
 * @property {Choice} policy
 * @property {string} precision
 */

import { typed } from "./numbers.js";

export const MOST_NETWORKS = 4;
export const LETTERS = ["A", "B", "C", "D"];
export const LIMITS = { depth: [1, 200], width: [1, 512] };
export const GAINS = { lowest: 0.1, highest: 10 };

/** Where in a specification each part of a network stands. */
export const POINTERS = {
  depth: "/network/layers/0/times",
  width: "/network/layers/0/layers/0/units",
  activation: "/network/layers/0/layers/0/activation",
  weights: "/network/layers/0/layers/0/weights",
  bias: "/network/layers/0/layers/0/bias",
  output: "/network/layers/1/activation",
  units: "/network/layers/1/units",
  outputWeights: "/network/layers/1/weights",
  outputBias: "/network/layers/1/bias",
  loss: "/loss",
  features: "/network/features",
  std: "/data/inputs/std",
  samples: "/data/samples",
  trials: "/trials",
  seed: "/seed",
  policy: "/policy",
  precision: "/precision",
};

/** @type {Network} */
export const DEFAULT = {
  depth: 10,
  width: 32,
  activation: choice("tanh"),
  weights: choice("variance_scaling", { scale: 1 }),
  bias: choice("zeros"),
  output: choice("sigmoid"),
  units: 1,
  outputWeights: choice("lecun_normal"),
  outputBias: choice("zeros"),
  loss: choice("squared_error"),
  features: 4,
  std: 1,
  samples: 64,
  trials: 32,
  seed: 0,
  policy: choice("sgd"),
  precision: "float64",
};

/**
 * A kind with parameters.
 *
 * @param {string} kind
 * @param {Record<string, number | string>} [values]
 * @returns {Choice}
 */
export function choice(kind, values = {}) {
  return { kind, values };
}

/**
 * The default network with some parts replaced.
 *
 * @param {Partial<Network>} parts
 * @returns {Network}
 */
export function network(parts) {
  return structuredClone({ ...DEFAULT, ...parts });
}

/**
 * The specification of a network; what the service would assume anyway is left out where that makes it shorter.
 *
 * @param {Network} net
 * @returns {Spec}
 */
export function specOf(net) {
  const hidden = {
    kind: "dense",
    units: net.width,
    activation: jsonOf(net.activation),
    weights: jsonOf(net.weights),
    ...unlessDefault(net, "bias", jsonOf(net.bias)),
  };
  const last = {
    kind: "dense",
    units: net.units,
    activation: jsonOf(net.output),
    ...unlessDefault(net, "outputWeights", jsonOf(net.outputWeights), "weights"),
    ...unlessDefault(net, "outputBias", jsonOf(net.outputBias), "bias"),
  };
  const inputs = net.std === DEFAULT.std ? {} : { inputs: { kind: "gaussian", std: net.std } };
  const data = { ...unlessDefault(net, "samples", net.samples), ...inputs };
  const spec = {
    network: { features: net.features, layers: [{ kind: "repeat", times: net.depth, layers: [hidden] }, last] },
    loss: jsonOf(net.loss),
    ...(Object.keys(data).length ? { data } : {}),
    ...unlessDefault(net, "trials", net.trials),
    ...unlessDefault(net, "seed", net.seed),
    ...unlessDefault(net, "policy", jsonOf(net.policy)),
    ...unlessDefault(net, "precision", net.precision),
  };
  return /** @type {Spec} */ (/** @type {unknown} */ (spec)); // kinds are the catalog's, known only while running
}

/**
 * A network with those parts that a patch has changed as `spec` has them, or null where they are none of the form's.
 * The patch may change more than the form has: whether both are the same network is for the service to say.
 *
 * @param {Network} net
 * @param {{path: string}[]} patch
 * @param {Spec} spec What the patch has made of it.
 * @returns {Network | null}
 */
export function patched(net, patch, spec) {
  const changed = Object.entries(POINTERS).filter(([, pointer]) => patch.some(({ path }) => overlap(path, pointer)));
  const parts = changed.map(([part, pointer]) => {
    const found = pointer.split("/").slice(1).reduce(inside, spec);
    return [part, typeof found === "object" && found !== null ? choiceOf(found) : found];
  });
  const fits = parts.every(([part, value]) => typeof value === typeof net[/** @type {keyof Network} */ (part)]);
  return fits ? network({ ...net, ...Object.fromEntries(parts) }) : null;
}

/** Whether one of two pointers is the other, or a part of it. @param {string} one @param {string} other */
function overlap(one, other) {
  return `${one}/`.startsWith(`${other}/`) || `${other}/`.startsWith(`${one}/`);
}

/** @param {any} whole @param {string} name @returns {any} */
function inside(whole, name) {
  return whole?.[name];
}

/** A choice as the form has it, of what the service reads. @param {{kind: string}} written @returns {Choice} */
function choiceOf({ kind, ...values }) {
  const texts = Object.entries(values).flatMap(([name, value]) => {
    if (value === null) return [];
    const numbers = Object.entries(typeof value === "object" ? value : {}).map((pair) => pair.join(" = "));
    return [[name, typeof value === "object" ? numbers.join(", ") : value]];
  });
  return choice(kind, Object.fromEntries(texts));
}

/**
 * A choice as the service reads it; the parameters of a formula are an object there, and text here.
 *
 * @param {Choice} chosen
 * @returns {{kind: string, [name: string]: unknown}}
 */
export function jsonOf({ kind, values }) {
  if (kind !== "expression") return { kind, ...values };
  const { numbers: parameters } = parametersOf(String(values.parameters ?? ""));
  return { kind, formula: values.formula, ...(Object.keys(parameters).length ? { parameters } : {}) };
}

/**
 * A network in a few words: `stanh, 20 × 8`.
 *
 * @param {Network} net
 * @returns {string}
 */
export function nameOf(net) {
  const kind = net.activation.kind === "expression" ? String(net.activation.values.formula) : net.activation.kind;
  return `${kind}, ${net.depth} × ${net.width}`;
}

/**
 * The parameters of a formula, written as `b = 1.7, c = 2`, and the first item that is none: a decimal comma, a product,
 * a name for the second time.
 *
 * @param {string} text
 * @returns {{numbers: Record<string, number>, unread: string | null}}
 */
export function parametersOf(text) {
  /** @type {Map<string, number>} */
  const read = new Map();
  const items = text.split(/[,;]/).map((item) => item.trim());
  const unread = items.find((item) => item !== "" && !readInto(read, item)) ?? null;
  return { numbers: Object.fromEntries(read), unread };
}

/**
 * @param {Map<string, number>} read
 * @param {string} item
 * @returns {boolean} whether it is a parameter that is not yet there
 */
function readInto(read, item) {
  const [, name = "", text = ""] = /^([A-Za-z_]\w*)\s*=(.*)$/.exec(item) ?? [];
  const value = typed(text);
  if (value === null || read.has(name)) return false;
  read.set(name, value);
  return true;
}

/**
 * `{name: value}`, or nothing where that part is the default.
 *
 * @param {Network} net
 * @param {keyof Network} part
 * @param {unknown} value
 * @param {string} [name]
 * @returns {Record<string, unknown>}
 */
function unlessDefault(net, part, value, name = part) {
  return JSON.stringify(net[part]) === JSON.stringify(DEFAULT[part]) ? {} : { [name]: value };
}
