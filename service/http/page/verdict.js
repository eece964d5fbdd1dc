/**
 * The verdict in words and numbers, and the layers as a table.
 *
 * @typedef {import("api").components["schemas"]} Schemas
 * @typedef {Schemas["SimulationReport"]} Report
 * @typedef {Schemas["LayerStatistics"]} Layer
 */

import { at, element, fill, icon } from "./dom.js";
import { isTerm, term } from "./glossary.js";
import { decades, factor, percent, short, withFactor } from "./numbers.js";
import { clearOutlook, riskOf, showOutlook } from "./outlook.js";

const DEEPEST = 8; // the styles know no more
const FAR_FROM_THEORY = 0.5; // decades

/** @type {Record<string, string>} */
const SHAPES = {
  stable: "M4 13l5 5L20 6",
  vanishing: "M4 6c8 0 8 12 16 12M15 14l5 4-5 4",
  exploding: "M4 18c8 0 8-12 16-12M15 2l5 4-5 4",
  dead: "M6 6l12 12M18 6L6 18",
};

/** @type {Record<string, string>} Where the name of a cause does not say it. */
const CAUSES = {
  gain: "scale of the weights",
  small_slope: "slope too small everywhere",
  input_collapse: "inputs become one",
  signal_collapse: "signal collapses",
  rank_collapse: "tokens become one",
  mask_noise: "noise of dropout",
  zero_weights: "weights are zero",
  forward_overflow: "numbers overflow",
};

/**
 * What a verdict says in brief, that of a report or of a point in a sweep.
 *
 * @typedef {Pick<Schemas["Verdict"], "label" | "severity" | "confidence" | "seed_dependent" | "depth_ratio">} Brief
 */

/**
 * The label as a word with a shape and a colour.
 *
 * @param {{label: string, severity: string}} verdict
 * @returns {HTMLElement}
 */
export function badge({ label, severity }) {
  const word = element("span", { class: `badge ${label}` }, icon(SHAPES[label]), label);
  const beside = severity === "none" ? null : element("span", { class: "severity" }, severity);
  return element("span", { class: "badges" }, word, beside);
}

/**
 * The label and the severity, where there is one.
 *
 * @param {Brief} verdict
 * @returns {string}
 */
export function inWords({ label, severity }) {
  return severity === "none" ? label : `${label}, ${severity}`;
}

/**
 * What the gradient does now and with more layers, side by side.
 *
 * @param {Brief & {tendency: string}} verdict
 * @returns {HTMLElement}
 */
export function senses({ label, severity, tendency }) {
  const both = [
    ["Now", badge({ label, severity })],
    ["With more layers", badge({ label: tendency, severity: "none" })],
  ];
  const pairs = both.map(([name, said]) =>
    element("div", {}, element("dt", {}, term(String(name))), element("dd", {}, said)),
  );
  return element("dl", { class: "senses" }, ...pairs);
}

/**
 * The verdict of a report, in its panel; the sentences behind it, in theirs.
 *
 * @param {Report} report
 */
export function showVerdict(report) {
  const { verdict, theory } = report;
  const [first, ...others] = verdict.reasons;
  fill(
    at("verdict"),
    element("div", { class: "headline" }, senses(verdict), figure(verdict)),
    element("p", { class: "sentence" }, first),
    riskOf(verdict.failure_risk),
  );
  fill(at("facts"), ...facts(verdict, theory).map(([name, value, more]) => fact(name, value, more)));
  showOutlook(report);
  fill(at("glance"), badge(verdict), briefly(verdict));
  fill(at("reasons"), ...others.map((reason) => element("li", {}, reason)));
}

/**
 * What is shown is not of the network in the form, and why; nothing where it is.
 *
 * @param {string} network What it is of.
 * @param {string} reason
 */
export function markOutdated(network, reason) {
  const mark = at("outdated");
  mark.hidden = !reason;
  fill(mark, ...(reason ? [element("strong", {}, `Out of date: this is the result of ${network}.`), ` ${reason}`] : []));
  at("network-view").classList.toggle("stale", reason !== "");
  at("glance").classList.toggle("stale", reason !== "");
}

/**
 * There is no verdict; in its panel stands why, and nothing of another network.
 *
 * @param {string} reason
 */
export function showNoVerdict(reason) {
  fill(
    at("verdict"),
    element("div", { class: "headline" }, element("p", {}, "not judged")),
    element("p", { class: "sentence" }, reason),
  );
  fill(at("glance"), "not judged");
  for (const id of ["facts", "reasons"]) fill(at(id));
  clearOutlook();
}

/**
 * The depth ratio in brief; the median over trials that disagree, or have no gradient at all, is no summary.
 *
 * @param {Brief} verdict
 * @returns {string}
 */
export function briefly({ label, depth_ratio: ratio, seed_dependent: torn, confidence }) {
  if (torn) return `in ${percent(confidence)} of the trials`;
  return label === "dead" || ratio.median === null ? "no gradient arrives" : `${decades(ratio.median)} decades`;
}

/**
 * The same, large, and as a factor.
 *
 * @param {Schemas["Verdict"]} verdict
 * @returns {HTMLElement}
 */
function figure(verdict) {
  const [number, ...unit] = briefly(verdict).split(" ");
  if (unit[0] !== "decades") return element("p", { class: "figure" }, element("small", {}, briefly(verdict)));
  const times = element("small", {}, " ", term("decades"), `, ${factor(verdict.depth_ratio.median)}`);
  return element("p", { class: "figure" }, number, times);
}

/**
 * @param {Schemas["Verdict"]} verdict
 * @param {Schemas["Theory"]} theory
 * @returns {[string, string, string][]} a name, a number, and what is to be said of it
 */
function facts(verdict, theory) {
  const { depth_ratio: ratio, gain_per_layer: gain, gain_per_layer_interval: interval } = verdict;
  const seed = verdict.seed_dependent ? "the seed decides" : "of the trials";
  const rate = interval ? `×${short(interval.low)} to ×${short(interval.high)}` : "no trial has one";
  const steady = verdict.tendency === "stable" ? "no limit at this rate" : "there is no steady rate";
  const budget = verdict.depth_budget === null ? steady : "layers until it is severe";
  return [
    ["Depth ratio", withFactor(ratio.median), `${decades(ratio.p05)} to ${decades(ratio.p95)}, 90 % of trials`],
    ["Theory", withFactor(theory.depth_ratio), theory.reason ?? besideTheory(theory.difference)],
    ["Gain per layer", `×${short(gain.median)}`, rate],
    ["Depth budget", short(verdict.depth_budget), budget],
    ["Signal", withFactor(verdict.forward_ratio.median), "from the first layer to the last"],
    ["End-to-end ratio", withFactor(verdict.end_to_end_ratio.median), "of the error at the output, at layer 1"],
    ["Confidence", percent(verdict.confidence), seed],
    ["Cause", verdict.cause ? causeInWords(verdict.cause) : "–", IN_WORDS[verdict.tendency]],
  ];
}

/** @type {Record<string, string>} */
const IN_WORDS = {
  stable: "with more layers it stays stable",
  vanishing: "with more layers it tends to vanish",
  exploding: "with more layers it tends to explode",
};

/** @param {string} cause */
function causeInWords(cause) {
  return CAUSES[cause] ?? cause.replaceAll("_", " ");
}

/** @param {number | null} difference */
function besideTheory(difference) {
  if (difference === null || Math.abs(difference) <= FAR_FROM_THEORY) return "for infinitely wide layers";
  return `for infinitely wide layers and inputs; measured ${decades(difference)} beside it`;
}

/**
 * @param {string} name
 * @param {string} value
 * @param {string} more
 * @returns {HTMLElement}
 */
function fact(name, value, more) {
  const said = element("dd", {}, element("b", {}, value), element("small", {}, more));
  return element("div", {}, element("dt", {}, isTerm(name) ? term(name) : name), said);
}

/**
 * A column: its name, what it means, its cell, and a field of layers without which it is left out.
 *
 * @type {[name: string, meaning: string, cell: (layer: Layer) => string, requires?: string][]}
 */
const COLUMNS = [
  ["shape", "What comes out for one sample", (layer) => layer.shape.join(" × ")],
  ["parameters", "How many are trained, without those of layers inside it", ({ parameters }) => parameters.toLocaleString("en")],
  ["δ", "log10 of the norm of δ, the gradient that arrives at the layer", (layer) => decades(layer.log10_delta_norm.median)],
  ["gain", "Decades from the next layer to this one", (layer) => decades(layer.log10_backward_gain.median)],
  ["weights", "The weights' share of the gain", (layer) => decades(layer.log10_gain.weights?.median)],
  ["slope", "The share of the activation's slope φ′ in the gain", (layer) => decades(layer.log10_gain.derivative?.median)],
  ["norms", "The share of normalisation", ({ log10_gain: of }) => decades(of.normalisation?.median), "normalisation"],
  ["blocks", "The share of blocks in which signals meet", ({ log10_gain: of }) => decades(of.skip?.median), "skip"],
  ["others", "The share of all other layers", ({ log10_gain: of }) => decades(of.other?.median), "other"],
  ["signal", "log10 of the root mean square of the outputs", (layer) => decades(layer.log10_forward_rms.median)],
  ["separation", "log10 of how far apart the directions of samples are", (layer) => decades(layer.log10_angular_spread.median)],
  ["of tokens", "The same over the steps of each sample", spreadOfTokens, "log10_token_spread"],
  ["along time", "Decades from the last step to the first", (layer) => decades(layer.time?.time_ratio.median), "time"],
  ["entropy", "Of an attention's weights, in nats", (layer) => short(layer.attention?.entropy.median), "attention"],
  ["by softmax", "Share of the gradient through it", (layer) => percent(layer.attention?.softmax_share.median), "attention"],
  ["∂e/∂W", "log10 of its norm", (layer) => decades(layer.log10_weight_gradient_norm.median)],
  ["rms φ′", "Root mean square of the derivative", (layer) => short(layer.derivative?.rms)],
  ["saturated", "Share of saturated units", (layer) => percent(layer.saturated_fraction)],
  ["dead", "Share of dead units", (layer) => percent(layer.dead_fraction)],
];

/** @param {Layer} layer */
function spreadOfTokens({ log10_token_spread: spread }) {
  return decades(spread?.median);
}

/** Whether a layer has a number in that field, or in that account of its gain. @param {Layer} layer @param {string} field */
export function has(layer, field) {
  const values = /** @type {Record<string, unknown>} */ ({ ...layer, ...layer.log10_gain });
  return values[field] !== null && values[field] !== undefined;
}

/** The name of a layer, its kind and its activation; in a plain stack the activation says enough. @param {Layer} layer */
function layerName({ name, kind, activation }) {
  const words = kind === "dense" && activation !== null ? activation : kind.replaceAll("_", " ");
  const unsaid = activation === null || activation === "linear" || words === activation;
  const whole = unsaid ? words : `${words} · ${activation}`;
  return name === null ? whole : `${name}: ${whole}`;
}

/**
 * How deep each layer stands in others: those that follow it in the same block and whose pointers its own begins with.
 *
 * @param {Layer[]} layers
 * @returns {number[]}
 */
export function depthsOf(layers) {
  /** @type {Set<string>} */
  let around = new Set();
  const depths = [...layers].reverse().map(({ inside, path }) => {
    if (!inside) around = new Set();
    const depth = [...around].filter((outer) => path.startsWith(`${outer}/`)).length;
    around.add(path);
    return inside ? Math.max(1, depth) : 0;
  });
  return depths.reverse();
}

/**
 * The layers of a report, from input to output; the chart in numbers.
 *
 * @param {Report} report
 * @returns {HTMLTableElement}
 */
export function layersTable({ layers }) {
  const columns = COLUMNS.filter(([, , , field]) => !field || layers.some((layer) => has(layer, field)));
  const depths = depthsOf(layers);
  const nested = depths.some((depth) => depth > 0) ? "; those inside a block are above it, and further in" : "";
  const head = columns.map(([name, meaning]) => element("th", { scope: "col", title: meaning }, name));
  const rows = layers.map((layer, place) =>
    element(
      "tr",
      layer.boundary ? { class: "boundary" } : {},
      element("th", { scope: "row" }, String(layer.index)),
      element("td", { class: `name in-${Math.min(depths[place], DEEPEST)}` }, layerName(layer)),
      ...columns.map(([, , cell]) => element("td", {}, cell(layer))),
    ),
  );
  return element(
    "table",
    {},
    element("caption", {}, `Every layer: medians over the trials, in decades${nested}`),
    element("thead", {}, element("tr", {}, element("th", { scope: "col" }, "layer"), element("th", { scope: "col", class: "name" }, "kind"), ...head)),
    element("tbody", {}, ...rows),
  );
}
