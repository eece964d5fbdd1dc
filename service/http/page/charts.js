/**
 * Charts drawn by Vega from the specifications that the service makes.
 *
 * @typedef {Record<string, object[]>} Rows
 * @typedef {{data: (name: string, rows: object[]) => View, resize: () => View, runAsync: () => Promise<View>}} View
 * @typedef {{view: View, finalize: () => void}} Drawing
 * @typedef {(host: HTMLElement, spec: object, options: object) => Promise<Drawing>} Embed
 * @typedef {object} Chart As the service makes it.
 * @property {Rows} [datasets]
 * @property {{subtitle?: string[]}} [title]
 * @property {string} [description]
 * @property {object} [config]
 */

import { at, element } from "./dom.js";

const OPTIONS = {
  ast: true, // expressions are interpreted: the page's policy allows no evaluation
  actions: false,
  defaultStyle: false,
  logLevel: 1, // errors; an axis of a chart without points is none
  mode: "vega-lite",
  renderer: "svg",
  tooltip: false, // Vega's own: a title, where that of vega-embed would need a style
};
const ON_A_PANEL = { background: "transparent", padding: { left: 2, right: 10, top: 4, bottom: 2 } };

const UNDRAWABLE = "Charts cannot be drawn now: a part of the page did not arrive. The next change tries it again.";

/** Vega is not there. */
export class Undrawable extends Error {}

/** Whether the reader's system is dark. */
export const dark = window.matchMedia("(prefers-color-scheme: dark)");

/** @returns {"dark" | "light"} */
export function theme() {
  return dark.matches ? "dark" : "light";
}

/**
 * A chart in `host`: where only its rows are new they are exchanged; a new drawing takes the old one's place once it is
 * complete. Of several that are asked for at a time the last one is drawn, whichever comes first.
 *
 * @param {HTMLElement} host
 * @returns {{draw: (asked: Promise<Chart>) => Promise<void>, clear: () => void}}
 */
export function chartIn(host) {
  /** @type {Drawing | null} */
  let drawing = null;
  let drawn = "";
  let turn = 0;
  const caption = element("figcaption");
  const place = element("div", { class: "sheets", role: "img" });
  host.append(caption, place);

  /** @param {Promise<Chart>} asked */
  async function draw(asked) {
    const mine = ++turn;
    const { title, description = "", datasets = {}, ...picture } = await asked;
    if (mine !== turn) return;
    const kind = JSON.stringify([picture, Object.keys(datasets)]);
    caption.textContent = title?.subtitle?.at(-1) ?? "";
    place.setAttribute("aria-label", description);
    if (drawing && kind === drawn) return exchange(drawing.view, datasets);
    const embed = await vega();
    if (mine !== turn) return;
    const sheet = element("div", { class: "sheet", "aria-hidden": "true" }); // the description and the table tell it
    place.append(sheet);
    const next = await embed(sheet, { ...picture, datasets, config: { ...picture.config, ...ON_A_PANEL } }, OPTIONS);
    if (mine !== turn) return next.finalize(); // a newer one is there, or on its way
    drawing?.finalize();
    [drawing, drawn] = [next, kind];
    place.replaceChildren(sheet);
  }

  function clear() {
    turn += 1; // whatever is on its way is out of date
    drawing?.finalize();
    [drawing, drawn] = [null, ""];
    caption.textContent = "";
    place.setAttribute("aria-label", "No chart");
    place.replaceChildren();
  }
  return { draw, clear };
}

/**
 * @param {View} view
 * @param {Rows} datasets
 */
async function exchange(view, datasets) {
  for (const [name, rows] of Object.entries(datasets)) view.data(name, rows);
  await view.resize().runAsync(); // longer numbers on an axis need more room
}

let ended = false;
let arrival = arrivalOf(at("vega")); // heard from the beginning: an error is told once

/**
 * Vega-Embed, as soon as its script is there; the page does not wait for it to ask its first question.
 *
 * @returns {Promise<Embed>}
 */
async function vega() {
  if (!embedHere()) await arrival;
  const embed = embedHere();
  if (!embed) throw new Undrawable(UNDRAWABLE);
  return embed;
}

/** @returns {Embed | undefined} */
function embedHere() {
  return /** @type {{vegaEmbed?: Embed}} */ (/** @type {unknown} */ (window)).vegaEmbed;
}

/**
 * Resolved once a script is there, or cannot be had.
 *
 * @param {HTMLElement} script
 * @returns {Promise<void>}
 */
function arrivalOf(script) {
  return new Promise((resolve) => {
    const end = () => {
      ended = true;
      resolve();
    };
    for (const name of ["load", "error"]) script.addEventListener(name, end, { once: true });
  });
}

/** Ask for Vega again where it did not arrive. */
export function fetchAgain() {
  if (!ended || embedHere()) return;
  ended = false;
  const lost = at("vega");
  const script = element("script", { id: lost.id, src: lost.getAttribute("src") });
  arrival = arrivalOf(script);
  lost.replaceWith(script);
}
