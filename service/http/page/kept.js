/**
 * A report that was made elsewhere, by the digest in the address: `#report:` and 64 digits. It is shown, not edited.
 *
 * @typedef {import("./service.js").Report} Report
 */

import { at, element, fill } from "./dom.js";
import { report as askReport } from "./service.js";
import { jsonText } from "./share.js";

const FRAGMENT = /^report:([0-9a-f]{64})$/;

/**
 * The digest in a fragment, or null where it is none of a report.
 *
 * @param {string} fragment
 * @returns {string | null}
 */
export function digestIn(fragment) {
  return FRAGMENT.exec(fragment)?.[1] ?? null;
}

const HOW =
  "It is shown as it was simulated, and cannot be changed in the form: copy its JSON, edit it, and send it to POST /v1/simulations.";

/** One such report at most; while there is one, the form gives way to its specification. */
export class KeptReport {
  constructor() {
    /** @type {Report | null} */
    this.report = null;
    this.digest = "";
  }

  /** What the address says. */
  get fragment() {
    return this.digest && `report:${this.digest}`;
  }

  /** What screen readers are told of it. */
  get name() {
    const count = this.report?.layers.filter(({ boundary }) => boundary).length ?? 0;
    return `A network of ${count} hidden layers`;
  }

  /** @param {string} digest @param {AbortSignal} signal @returns {Promise<Report>} */
  async open(digest, signal) {
    this.digest = digest;
    document.body.classList.add("kept");
    const found = await askReport(digest, signal);
    this.report = found;
    const { layers, spec } = found;
    const nested = layers.filter(({ inside }) => inside).length;
    const words = [`${layers.length - nested} layers`, ...(nested ? [`and ${nested} inside these`] : [])].join(" ");
    const text = element("textarea", { readonly: true, rows: 22, "aria-label": "Specification" });
    text.value = jsonText(spec);
    fill(
      at("kept"),
      element("h2", { id: "kept-title" }, "This network was not built here"),
      element("p", {}, `It has ${words}. ${HOW}`),
      element("details", {}, element("summary", {}, "Specification"), text),
      element("p", {}, element("a", { href: "#" }, "Build a network of your own")),
    );
    return found;
  }

  /** The form is back. */
  leave() {
    this.report = null;
    this.digest = "";
    document.body.classList.remove("kept");
    fill(at("kept"));
  }
}
