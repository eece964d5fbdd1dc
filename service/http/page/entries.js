/**
 * The networks on the page and what is known of each: at least one, at most four, one of them selected.
 *
 * @typedef {import("./networks.js").Network} Network
 * @typedef {import("./service.js").Report} Report
 * @typedef {import("./service.js").Problem} Problem
 * @typedef {object} Entry
 * @property {Network} network As it is in the form.
 * @property {Network | null} judged As it was when the service answered last.
 * @property {Report | null} report The last good answer.
 * @property {Network | null} measured As it was when that was given: the network that the report is of.
 * @property {Problem | null} problem What the service has against it.
 */

import { fragmentOf } from "./link.js";

/** Whether the report is of the network as it is. @param {Entry} entry */
export function isMeasured({ network, measured }) {
  return network === measured;
}

/** What the service has against the network as it is. @param {Entry} entry */
export function problemOf({ network, judged, problem }) {
  return network === judged ? problem : null;
}

/** Networks side by side; every change makes a new network, so that what is judged can be told from what is not. */
export class Entries {
  constructor() {
    /** @type {Entry[]} */
    this.all = [];
    this.place = 0;
  }

  /** The selected one. */
  get selected() {
    return this.all[this.place];
  }

  /** What the address says of them, and of a sweep. @param {import("./sweeplink.js").Shown | null} sweep */
  fragmentWith(sweep) {
    return fragmentOf({ networks: this.all.map((entry) => entry.network), selected: this.place, sweep });
  }

  /** The names of all reports; none unless every network has its own, for the service letters them in this order. */
  get digests() {
    const digests = this.all.flatMap((entry) => (entry.report && isMeasured(entry) ? [entry.report.digest] : []));
    return digests.length === this.all.length ? digests : [];
  }

  /** The next one that is not judged as it is, the selected one first. */
  get waiting() {
    return [this.selected, ...this.all].find(({ network, judged }) => network !== judged);
  }

  /** Whether there are just these, in this order. @param {Entry[]} entries */
  are(entries) {
    return entries.length === this.all.length && this.all.every((entry, place) => entry === entries[place]);
  }

  /**
   * Others in place of all.
   *
   * @param {Network[]} networks
   * @param {number} place
   */
  put(networks, place) {
    const clones = networks.map((network) => structuredClone(network));
    this.all = clones.map((network) => ({ network, judged: null, report: null, measured: null, problem: null }));
    this.place = place;
  }

  /** @param {Partial<Network>} parts */
  change(parts) {
    this.selected.network = structuredClone({ ...this.selected.network, ...parts });
  }

  /**
   * Another like the one at `place`, selected.
   *
   * @param {number} place
   */
  copy(place) {
    this.all.push({ ...this.all[place] });
    this.place = this.all.length - 1;
  }

  /** @param {number} place */
  remove(place) {
    this.all.splice(place, 1);
    const before = place < this.place ? this.place - 1 : this.place;
    this.place = Math.min(before, this.all.length - 1);
  }
}
