/** The words of the page: each is explained once, at the foot of the page, and in `docs/glossary.md` with the same words. */

import { at, element, fill } from "./dom.js";

/** @type {Record<string, string>} */
const MEANINGS = {
  gradient: "How the loss changes when a number inside the network changes. Training moves every weight against it.",
  signal: "What the network computes on its way forward. Its size in a layer is the root mean square of the outputs.",
  "φ, φ′": "The activation function, and its slope.",
  "δ (delta)": "The gradient that arrives at a layer, in front of its activation: the error, sent back this far.",
  decade: "A factor of ten. −3 decades are a thousandth, +1 decade is ten times as much.",
  "depth ratio": "δ at the first hidden layer over δ at the last, in decades: what the depth does to the gradient.",
  "end-to-end ratio": "How much of the error at the output arrives at layer 1, in decades. The output layer counts, too.",
  now: "The label: what the gradient does at the depth that the network has.",
  "with more layers": "The tendency: what its rate per layer leads to when more layers of the same kind are added.",
  stable: "Between the first and the last hidden layer the gradient changes by less than a factor of ten.",
  vanishing: "The gradient at the first hidden layer is a tenth of that at the last, or less; a 300th is severe.",
  exploding: "The gradient at the first hidden layer is ten times that at the last, or more; 300 times is severe.",
  dead: "The gradient at the first hidden layer is exactly 0. A dead unit passes no gradient for any sample.",
  "gain g": "The variance of a weight, times the number of inputs of its layer: the scale of the weights.",
  "gain per layer": "The factor by which δ changes with every layer on its way back. Below 1 it shrinks.",
  budget: "The depth budget: steps from layer to layer until the gradient would be severely small or large.",
  theory: "Mean field theory: what happens in infinitely wide layers with infinitely many features.",
  trial: "One draw of random weights, inputs and targets. Every number is the median over all trials.",
  confidence: "The share of the trials that have this label.",
  separation: "How far apart the directions of two inputs are in a layer. At −1.3 decades the network sees one input.",
  saturated: "Where a unit's slope is below a hundredth of the largest that its activation has.",
  chaos: "Small differences between inputs grow from layer to layer, and the gradient grows with them.",
  risk: "The share of networks with such numbers that did not learn when they were trained for calibration.",
  scale: "What is wrong before the first step whatever the depth: the loss, the inputs, saturated layers, the rate.",
  finding: "One sign of trouble, with a code that stays the same, the number it was found by, and the limit.",
};

/** @type {Record<string, string>} Other spellings of an entry, as they stand on the page. */
const SPELLINGS = {
  decades: "decade",
  signals: "signal",
  delta: "δ (delta)",
  "δ": "δ (delta)",
  "φ′": "φ, φ′",
  φ: "φ, φ′",
  trials: "trial",
  "end to end": "end-to-end ratio",
  "depth budget": "budget",
  findings: "finding",
};

/**
 * A word with its meaning: a pointer that rests on it reads it, a click goes to the glossary.
 *
 * @param {string} word As it stands on the page.
 * @param {string} [entry] As it stands in the glossary, where that is neither the word nor a spelling of it.
 * @returns {HTMLElement}
 */
export function term(word, entry = word.toLowerCase()) {
  const name = SPELLINGS[entry] ?? entry;
  return element("abbr", { class: "term", title: MEANINGS[name], "data-term": name }, word);
}

/** Whether the glossary has that word. @param {string} word */
export function isTerm(word) {
  const name = word.toLowerCase();
  return Object.hasOwn(MEANINGS, SPELLINGS[name] ?? name);
}

/** Fill the glossary at the foot of the page, and the words in the page's own text with their meanings. */
export function fillGlossary() {
  const host = /** @type {HTMLDetailsElement} */ (at("glossary"));
  const entries = Object.entries(MEANINGS).flatMap(([word, meaning]) => [
    element("dt", { id: idOf(word), tabindex: -1 }, element("dfn", {}, word)),
    element("dd", {}, meaning),
  ]);
  fill(at("glossary-list"), ...entries);
  for (const word of document.querySelectorAll("abbr[data-term]")) {
    word.setAttribute("title", MEANINGS[/** @type {HTMLElement} */ (word).dataset.term ?? ""]);
  }
  document.addEventListener("click", ({ target }) => {
    const word = target instanceof Element ? target.closest("abbr.term") : null;
    if (word instanceof HTMLElement) go(host, word.dataset.term ?? "");
  });
  at("to-glossary").addEventListener("click", (event) => {
    event.preventDefault(); // the address holds the networks
    go(host, Object.keys(MEANINGS)[0]);
  });
}

/** @param {HTMLDetailsElement} host @param {string} name */
function go(host, name) {
  host.open = true;
  const entry = at(idOf(name));
  entry.focus();
  entry.scrollIntoView({ block: "center" });
}

/** @param {string} word */
function idOf(word) {
  return `term-${word.replaceAll(/[^\p{L}\d]+/gu, "-")}`;
}
