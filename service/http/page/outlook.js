/**
 * What a report expects of training: the risk, what is wrong before the first step, and findings with what to try.
 *
 * @typedef {import("api").components["schemas"]} Schemas
 * @typedef {Schemas["SimulationReport"]} Report
 */

import { at, element, fill } from "./dom.js";
import { term } from "./glossary.js";
import { chance, decades, percent, short } from "./numbers.js";

/** @type {Record<string, string>} */
export const OPTIMISERS = { sgd: "gradient descent (SGD)", adam: "Adam" };
const NOTHING = "Nothing stands out.";

/** The risk, with what it rests on. @param {Schemas["FailureRisk"]} risk */
export function riskOf({ probability, optimiser, rests_on: rests, version }) {
  const words = ["Risk that training fails: ", element("b", {}, chance(probability)), ` with ${OPTIMISERS[optimiser]}`];
  return element(
    "details",
    { class: "risk" },
    element("summary", {}, ...words),
    element("p", {}, "The ", term("risk"), ` of version ${version} rests on this:`),
    element("ul", { class: "reasons" }, ...rests.map((sentence) => element("li", {}, sentence))),
  );
}

/** Findings, and the scale in numbers, in their panel. @param {Report} report */
export function showOutlook({ findings, scale }) {
  const found = findings.map(finding);
  fill(at("findings"), ...(found.length ? found : [element("li", {}, NOTHING)]));
  fill(at("scale"), ...scale.sentences.map((sentence) => element("li", {}, sentence)));
  fill(at("scale-numbers"), ...numbersOf(scale));
}

/** Nothing of another network stands there. */
export function clearOutlook() {
  for (const id of ["findings", "scale", "scale-numbers"]) fill(at(id));
}

/** @param {Schemas["Finding"]} finding */
function finding({ code, name, severity, path, number, limit, meaning, suggestion }) {
  const measured = number === null ? null : `${short(number)}${limit === null ? "" : `, limit ${short(limit)}`}`;
  const where = path ? [" at ", element("button", { type: "button", class: "link", "data-path": path }, path)] : [];
  return element(
    "li",
    { class: `finding ${severity}` },
    element(
      "p",
      {},
      element("b", {}, `${name.replaceAll("_", " ")} `),
      element("span", { class: "severity" }, `${severity} · ${code}`, ...where),
      measured ? element("small", {}, ` ${measured}`) : null,
    ),
    element("p", {}, meaning),
    element("p", {}, element("b", {}, "Try: "), suggestion),
  );
}

/** The numbers of the scale, and what one step does at each rate. @param {Schemas["InitialScale"]} scale */
function numbersOf(scale) {
  const { first_step: step } = scale;
  /** @type {[string, string][]} */
  const rows = [
    ["Loss before training", short(scale.initial_loss)],
    ["Loss by chance", short(scale.chance_loss)],
    ["Saturated outputs", percent(scale.output_saturation)],
    ["Saturated in the first layer", percent(scale.first_layer_saturation)],
    ["RMS in front of its activation", short(scale.first_layer_rms)],
    ["Imbalance of the gradients", scale.gradient_imbalance === null ? "–" : `${decades(scale.gradient_imbalance)} decades`],
    ["Largest rate at which the loss does not rise", short(step.largest_stable_rate)],
  ];
  const list = rows.map(([name, value]) => element("div", {}, element("dt", {}, name), element("dd", {}, value)));
  const head = ["rate", "loss after one step", "dead units"].map((name) => element("th", { scope: "col" }, name));
  const cells = step.rates.map(({ rate, loss_ratio: ratio, dead_fraction: dead }) =>
    element(
      "tr",
      {},
      element("th", { scope: "row" }, `${short(rate)}${rate === step.usual_rate ? " (usual)" : ""}`),
      element("td", {}, ratio === null ? "overflows" : `×${short(ratio)}`),
      element("td", {}, percent(dead)),
    ),
  );
  const table = element(
    "table",
    {},
    element("caption", {}, `One step of ${OPTIMISERS[step.optimiser]}: the loss after it over the loss before, by rate`),
    element("thead", {}, element("tr", {}, ...head)),
    element("tbody", {}, ...cells),
  );
  return [element("dl", { class: "scale-list" }, ...list), cells.length ? element("div", { class: "scroll" }, table) : null];
}
