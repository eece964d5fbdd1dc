/**
 * The networks side by side: one is edited and charted, up to four are compared.
 *
 * @typedef {import("./entries.js").Entry} Entry
 * @typedef {{select: (place: number) => void, copy: (place: number) => void, remove: (place: number) => void}} Actions
 */

import { element, fill } from "./dom.js";
import { isMeasured, problemOf } from "./entries.js";
import { LETTERS, MOST_NETWORKS, nameOf } from "./networks.js";
import { short } from "./numbers.js";
import { briefly, senses } from "./verdict.js";

/**
 * The cards, in `host`.
 *
 * @param {HTMLElement} host
 * @param {Actions} actions
 * @returns {{show: (entries: Entry[], selected: number) => void}}
 */
export function cards(host, actions) {
  /** @type {Card[]} */
  let made = [];

  /** @param {Entry[]} entries @param {number} selected */
  function show(entries, selected) {
    host.hidden = entries.length === 1; // then all of it is on the page anyway
    if (made.length !== entries.length) {
      const focused = host.contains(document.activeElement);
      made = entries.map((_, place) => new Card(place, actions));
      fill(host, ...made.map((card) => card.item));
      if (focused) made[selected].choose.focus();
    }
    made.forEach((card, place) => card.show(entries[place], place === selected, entries.length));
  }
  return { show };
}

/** One network in brief. */
class Card {
  /** @param {number} place @param {Actions} actions */
  constructor(place, actions) {
    const letter = LETTERS[place];
    this.name = element("span", { class: "name" });
    this.verdict = element("span", { class: "state" });
    this.numbers = element("span", { class: "numbers" });
    const onclick = () => actions.select(place);
    this.choose = element("button", { type: "button", class: "choose", onclick });
    this.choose.append(element("span", { class: "letter" }, letter), this.name, this.verdict, this.numbers);
    this.copy = button(`Copy ${letter} into a new network`, "Copy", () => actions.copy(place));
    this.remove = button(`Remove ${letter}`, "Remove", () => actions.remove(place));
    const acts = element("span", { class: "acts" }, this.copy, this.remove);
    this.item = element("li", { class: "card" }, this.choose, acts);
  }

  /** @param {Entry} entry @param {boolean} selected @param {number} count */
  show(entry, selected, count) {
    this.name.textContent = nameOf(entry.network);
    this.choose.setAttribute("aria-pressed", String(selected));
    this.copy.hidden = count === MOST_NETWORKS;
    this.remove.hidden = count === 1;
    const verdict = isMeasured(entry) ? entry.report?.verdict : null;
    fill(this.verdict, verdict ? senses(verdict) : stateOf(entry));
    this.numbers.textContent = verdict
      ? `${briefly(verdict)}, ×${short(verdict.gain_per_layer.median)} a layer`
      : "";
  }
}

/**
 * What there is to say of a network without a verdict.
 *
 * @param {Entry} entry
 * @returns {string}
 */
function stateOf(entry) {
  if (entry.network !== entry.judged) return "…";
  return problemOf(entry) ? "refused" : "not judged";
}

/**
 * @param {string} name
 * @param {string} text
 * @param {() => void} onclick
 * @returns {HTMLButtonElement}
 */
function button(name, text, onclick) {
  return element("button", { type: "button", class: "quiet", "aria-label": name, onclick }, text);
}
