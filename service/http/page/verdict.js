/**
 * The verdict in words and numbers.
 *
 * @typedef {import("api").components["schemas"]} Schemas
 * @typedef {Schemas["SimulationReport"]} Report
 */

import { at, element, fill, icon } from "./dom.js";
import { isTerm, term } from "./glossary.js";
import { decades, factor, percent, short, withFactor } from "./numbers.js";
import { clearOutlook, riskOf, showOutlook } from "./outlook.js";

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
