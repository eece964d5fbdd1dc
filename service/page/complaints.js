/**
 * What the service has against a network, shown beside the control that it is about.
 *
 * @typedef {import("api").components["schemas"]["Problem"]} Problem
 */

import { at, element } from "./dom.js";

/**
 * The place beside a control for what is wrong with it.
 *
 * @param {string} pointer
 * @returns {HTMLElement}
 */
export function complaint(pointer) {
  return element("p", { class: "refusal", id: idOf(pointer), "data-complaint": pointer, hidden: true });
}

/** Take back all complaints. */
export function forgive() {
  for (const place of document.querySelectorAll("[data-complaint]:not([hidden])")) {
    place.textContent = "";
    place.setAttribute("hidden", "");
  }
  for (const control of document.querySelectorAll("[data-pointer][aria-invalid]")) {
    control.removeAttribute("aria-invalid");
    control.removeAttribute("aria-errormessage");
  }
  say("");
}

/**
 * Show each fault beside its control, and what belongs to none below the form.
 *
 * @param {Problem} problem
 */
export function complain({ detail, errors }) {
  forgive();
  const homeless = errors.filter((fault) => !shownBeside(fault.pointer, fault.detail));
  if (!errors.length) say(detail);
  else if (homeless.length) say(homeless.map((fault) => fault.detail).join(" "));
}

/**
 * All that a problem says, in one text.
 *
 * @param {Problem} problem
 * @returns {string}
 */
export function inSentences({ detail, errors }) {
  return errors.length ? errors.map((fault) => fault.detail).join(" ") : detail;
}

/**
 * Show a message below the form.
 *
 * @param {string} sentence
 */
export function say(sentence) {
  const place = at("refusal");
  place.textContent = sentence;
  place.hidden = !sentence;
}

/**
 * @param {string} pointer
 * @param {string} detail
 * @returns {boolean} whether there is such a control, or one that it is a part of
 */
function shownBeside(pointer, detail) {
  const place = document.getElementById(idOf(pointer));
  if (!place) {
    const parent = pointer.slice(0, pointer.lastIndexOf("/"));
    return parent !== "" && shownBeside(parent, detail);
  }
  place.textContent = detail;
  place.hidden = false;
  const control = place.parentElement?.querySelector("[data-pointer]");
  control?.setAttribute("aria-invalid", "true");
  control?.setAttribute("aria-errormessage", place.id);
  place.closest("details")?.setAttribute("open", "");
  return true;
}

/** @param {string} pointer */
function idOf(pointer) {
  return `complaint${pointer.replaceAll("/", "-")}`;
}
