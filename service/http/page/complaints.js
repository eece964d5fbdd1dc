/**
 * What the service has against a request, shown beside the control that it is about.
 *
 * @typedef {import("api").components["schemas"]["Problem"]} Problem
 * @typedef {Pick<Problem["errors"][number], "pointer" | "detail">} Fault
 */

import { element } from "./dom.js";

/**
 * The place beside a control for what is wrong with it.
 *
 * @param {string} pointer
 * @returns {HTMLElement}
 */
export function complaint(pointer) {
  return element("p", { class: "refusal", id: idOf(pointer), "data-complaint": pointer, "aria-live": "polite", hidden: true });
}

/** The complaints in one part of the page, each beside its control; what belongs to none stands in `rest`. */
export class Complaints {
  /** @param {HTMLElement} part @param {HTMLElement} rest */
  constructor(part, rest) {
    this.part = part;
    this.rest = rest;
  }

  /** Take back all of them. */
  forgive() {
    for (const place of this.part.querySelectorAll("[data-complaint]:not([hidden])")) {
      place.textContent = "";
      place.setAttribute("hidden", "");
    }
    for (const control of this.part.querySelectorAll("[data-pointer][aria-invalid]")) {
      control.removeAttribute("aria-invalid");
      control.removeAttribute("aria-errormessage");
    }
    this.say("");
  }

  /** Show all that a problem says. @param {{detail: string, errors: Fault[]}} problem */
  show({ detail, errors }) {
    this.forgive();
    const homeless = errors.filter((fault) => !this.shownBeside(fault.pointer, fault.detail));
    if (!errors.length) this.say(detail);
    else if (homeless.length) this.say(homeless.map((fault) => fault.detail).join(" "));
  }

  /** Show a message that belongs to no control. @param {string} sentence */
  say(sentence) {
    this.rest.textContent = sentence;
    this.rest.hidden = !sentence;
  }

  /**
   * @param {string} pointer
   * @param {string} detail
   * @returns {boolean} whether there is such a control, or one that it is a part of
   */
  shownBeside(pointer, detail) {
    const place = document.getElementById(idOf(pointer));
    if (!place || !this.part.contains(place)) {
      const parent = pointer.slice(0, pointer.lastIndexOf("/"));
      return parent !== "" && this.shownBeside(parent, detail);
    }
    place.textContent = detail;
    place.hidden = false;
    const control = place.parentElement?.querySelector("[data-pointer]");
    control?.setAttribute("aria-invalid", "true");
    control?.setAttribute("aria-errormessage", place.id);
    place.closest("details")?.setAttribute("open", "");
    return true;
  }
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

/** @param {string} pointer */
function idOf(pointer) {
  return `complaint${pointer.replaceAll("/", "-")}`;
}
