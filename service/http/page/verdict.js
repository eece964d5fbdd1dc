/**
 * The verdict in words and numbers, and the layers as a table.
 *
 * @typedef {import("api").components["schemas"]} Schemas
 * @typedef {Schemas["SimulationReport"]} Report
 * @typedef {Schemas["LayerStatistics"]} Layer
 */

import { at, element, fill, icon } from "./dom.js";
import { decades, factor, percent, short } from "./numbers.js";

/** @type {Record<string, string>} */
const SHAPES = {
  stable: "M4 13l5 5L20 6",
  vanishing: "M4 6c8 0 8 12 16 12M15 14l5 4-5 4",
  exploding: "M4 18c8 0 8-12 16-12M15 2l5 4-5 4",
  dead: "M6 6l12 12M18 6L6 18",
};

/** @type {Record<string, string>} */
const CAUSES = {
  gain: "the scale of the weights",
  saturation: "saturation",
  chaos: "chaos",
  input_collapse: "inputs become one",
  signal_collapse: "the signal collapses",
  dead_units: "dead units",
  zero_weights: "weights are zero",
  forward_overflow: "the forward pass overflows",
};

/**
 * What a verdict says in brief, that of a report or of a point in a sweep.
 *
 * @typedef {Pick<Schemas["Verdict"], "label" | "severity" | "confidence" | "seed_dependent" | "depth_ratio">} Brief
 */

/**
 * The label as a word with a shape and a colour.
 *
 * @param {Brief} verdict
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
 * The verdict of a report, in its panel; the sentences behind it, in theirs.
 *
 * @param {Report} report
 */
export function showVerdict({ verdict, theory }) {
  const [first, ...others] = verdict.reasons;
  fill(
    at("verdict"),
    element("div", { class: "headline" }, badge(verdict), figure(verdict)),
    element("p", { class: "sentence" }, first),
  );
  fill(at("facts"), ...facts(verdict, theory).map(([term, value, more]) => fact(term, value, more)));
  fill(at("glance"), badge(verdict), briefly(verdict));
  fill(at("reasons"), ...others.map((reason) => element("li", {}, reason)));
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
  const times = factor(verdict.depth_ratio.median);
  return element("p", { class: "figure" }, number, element("small", {}, ` decades  ${times}`));
}

/**
 * @param {Schemas["Verdict"]} verdict
 * @param {Schemas["Theory"]} theory
 * @returns {[string, string, string][]} a name, a number, and what is to be said of it
 */
function facts(verdict, theory) {
  const { depth_ratio: ratio, gain_per_layer: gain, gain_per_layer_interval: interval } = verdict;
  const seed = verdict.seed_dependent ? "the seed decides" : "of the trials";
  const rate = interval ? `${short(interval.low)} to ${short(interval.high)}` : "no trial has one";
  const steady = verdict.tendency === "stable" ? "no limit at this rate" : "there is no steady rate";
  const budget = verdict.depth_budget === null ? steady : "layers until it is severe";
  return [
    ["Depth ratio", inDecades(ratio.median), `${decades(ratio.p05)} to ${decades(ratio.p95)}, 90 % of trials`],
    ["Theory", inDecades(theory.depth_ratio), theory.reason ?? "for infinitely wide layers"],
    ["Gain per layer", `×${short(gain.median)}`, rate],
    ["Depth budget", short(verdict.depth_budget), budget],
    ["Signal", inDecades(verdict.forward_ratio.median), "from the first layer to the last"],
    ["End to end", inDecades(verdict.end_to_end_ratio.median), "of the error, at the first layer"],
    ["Confidence", percent(verdict.confidence), seed],
    ["Cause", verdict.cause ? CAUSES[verdict.cause] : "none needed", `tendency: ${verdict.tendency}`],
  ];
}

/** @param {number | null} value */
function inDecades(value) {
  return value === null ? "–" : `${decades(value)} decades`;
}

/**
 * @param {string} term
 * @param {string} value
 * @param {string} more
 * @returns {HTMLElement}
 */
function fact(term, value, more) {
  const said = element("dd", {}, element("b", {}, value), element("small", {}, more));
  return element("div", {}, element("dt", {}, term), said);
}

/** @type {[string, string, (layer: Layer) => string][]} */
const COLUMNS = [
  ["activation", "The activation, or the kind of a layer without one", layerName],
  ["units", "How many units", (layer) => layer.shape.join(" × ")],
  ["delta", "log10 of the norm of delta", (layer) => decades(layer.log10_delta_norm.median)],
  ["gain", "Decades from the next layer to this one", (layer) => decades(layer.log10_backward_gain.median)],
  ["of weights", "The weights' share of the gain", (layer) => decades(layer.log10_gain.weights?.median)],
  ["of φ′", "The activation's share of the gain", (layer) => decades(layer.log10_gain.derivative?.median)],
  ["signal", "log10 of the root mean square of the outputs", (layer) => decades(layer.log10_forward_rms.median)],
  ["spread", "log10 of how far apart the directions of samples are", (layer) => decades(layer.log10_angular_spread.median)],
  ["∂e/∂W", "log10 of its norm", (layer) => decades(layer.log10_weight_gradient_norm.median)],
  ["rms φ′", "Root mean square of the derivative", (layer) => short(layer.derivative?.rms)],
  ["saturated", "Share of saturated units", (layer) => percent(layer.saturated_fraction)],
  ["dead", "Share of dead units", (layer) => percent(layer.dead_fraction)],
];

/** @param {Layer} layer */
function layerName({ activation, kind }) {
  return activation ?? kind.replaceAll("_", " ");
}

/**
 * The layers of a report, from input to output; the chart in numbers.
 *
 * @param {Report} report
 * @returns {HTMLTableElement}
 */
export function layersTable({ layers }) {
  const head = COLUMNS.map(([name, meaning]) => element("th", { scope: "col", title: meaning }, name));
  const rows = layers.map((layer) =>
    element(
      "tr",
      {},
      element("th", { scope: "row" }, String(layer.index)),
      ...COLUMNS.map(([, , cell]) => element("td", {}, cell(layer))),
    ),
  );
  return element(
    "table",
    {},
    element("caption", {}, "Every layer: medians over the trials, in decades"),
    element("thead", {}, element("tr", {}, element("th", { scope: "col" }, "layer"), ...head)),
    element("tbody", {}, ...rows),
  );
}
