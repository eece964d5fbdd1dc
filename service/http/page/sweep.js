/**
 * The laboratory's other view: a sweep over the network that is looked at, its map, the way to its networks and back.
 *
 * @typedef {import("./networks.js").Network} Network
 * @typedef {import("./sweepaxes.js").Axis} Axis
 * @typedef {import("./sweepjob.js").Job} Job
 * @typedef {import("./sweepjob.js").Point} Point
 * @typedef {import("./sweeplink.js").Shown} Shown
 * @typedef {import("./choices.js").Kinds} Kinds
 * @typedef {object} Laboratory
 * @property {{network: Network}} entry What is looked at.
 * @property {string} fragment What the address says.
 * @property {(network: Network) => void} change Look at another network in its place.
 * @property {() => void} writeLink
 * @property {() => void} writeLinkSoon The address is to say something else.
 */

import { dark, theme } from "./charts.js";
import { inSentences } from "./complaints.js";
import { at } from "./dom.js";
import { specOf } from "./networks.js";
import { short } from "./numbers.js";
import { Away, Refused, SWEEPS, cancelJob, job as askJob } from "./service.js";
import { curlText, jsonText, linkText, shareBar, sweepLinks } from "./share.js";
import { NAMED, fits, fixedInWords, networkAt, sizeOf } from "./sweepaxes.js";
import { colourOf, knotsOf } from "./sweepcolours.js";
import { Following, isOpen } from "./sweepjob.js";
import { HeatMap } from "./sweepmap.js";
import { SweepSetup } from "./sweepsetup.js";
import { progressInWords, titleOf } from "./sweepwords.js";

const MISFIT = "The link names a job that is no such sweep.";

/** One sweep at most, which is watched while it is looked at. */
export class Sweep {
  /** @param {Kinds} kinds @param {Laboratory} laboratory */
  constructor(kinds, laboratory) {
    this.kinds = kinds;
    this.laboratory = laboratory;
    /** @type {Shown | null} */
    this.shown = null;
    /** @type {Following | null} */
    this.following = null;
    this.status = "";
    this.setup = new SweepSetup(kinds, {
      base: () => laboratory.entry.network,
      started: ({ job, axes, base }) => {
        this.put({ job: job.id, cell: null, seen: true, axes, base });
        this.follow(job);
        at("map").scrollIntoView({ block: "nearest" });
        laboratory.writeLinkSoon();
      },
    });
    this.map = new HeatMap(at("map-cells"), {
      open: (point) => this.openPoint(point),
      look: (words) => (at("map-said").textContent = words),
    });
    this.share = shareBar(at("map-share"), [
      ["link", () => linkText(laboratory.fragment)],
      ["JSON", () => jsonText(this.request)],
      ["curl", () => curlText(SWEEPS, this.request)],
    ]);
    this.listen();
  }

  listen() {
    at("view-network").addEventListener("click", () => this.leave());
    at("view-sweep").addEventListener("click", () => this.back());
    at("back-to-sweep").addEventListener("click", () => this.back());
    at("map-cancel").addEventListener("click", () => this.cancel());
    dark.addEventListener("change", () => this.showLinks());
  }

  /** What was asked for. */
  get request() {
    const { base, axes } = /** @type {Shown} */ (this.shown);
    return { base: specOf(base), combine: "product", axes };
  }

  /** The network that a further sweep would vary is another. */
  rebase() {
    if (!at("sweep-view").hidden) this.setup.change();
  }

  /** Show what an address says. @param {Shown | null} shown */
  async open(shown) {
    if (shown && shown.job === this.shown?.job) {
      Object.assign(this.shown, { cell: shown.cell });
      return this.look(shown.seen);
    }
    this.following?.close();
    this.following = null;
    this.shown = null;
    at("map").hidden = true;
    if (!shown) return this.look(false);
    this.setup.show(shown.axes);
    this.put(shown);
    if (shown.cell !== null) this.map.attend(shown.cell);
    this.look(shown.seen);
    await this.take(shown);
  }

  /** Follow the job that an address names, if it is that of such a sweep. @param {Shown} shown */
  async take(shown) {
    try {
      const job = await askJob(shown.job);
      if (this.shown !== shown) return;
      const total = shown.axes.reduce((product, axis) => product * sizeOf(axis), 1);
      if (job.kind === "sweep" && job.progress.total === total) this.follow(job);
      else this.complain(MISFIT);
    } catch (error) {
      this.lose(error);
    }
  }

  /** An empty map. @param {Shown} shown */
  put(shown) {
    this.following?.close();
    this.following = null;
    this.shown = shown;
    this.status = "";
    at("map").hidden = false;
    at("map-title").textContent = titleOf(shown.axes, fixedInWords(shown.base, shown.axes));
    const knots = knotsOf(shown.base.policy, this.kinds);
    at("map-least").textContent = short(knots[0]);
    at("map-most").textContent = `+${short(-knots[0])}`;
    at("map-x").textContent = `${NAMED[shown.axes[0].name].label} →`;
    at("map-y").textContent = shown.axes[1] ? `↑ ${NAMED[shown.axes[1].name].label}` : "";
    this.map.put(shown.axes, (decades) => colourOf(knots, decades));
    this.share.clear();
    this.complain("");
    at("map-progress").hidden = true;
  }

  /** @param {Job} job */
  follow(job) {
    this.following = new Following(job, {
      told: (now) => this.tell(now),
      found: (points) => this.find(points),
      lost: (error) => this.lose(error),
    });
    this.tell(job);
    if (!at("sweep-view").hidden) this.following.open();
  }

  /** How far it is. @param {Job} job */
  tell(job) {
    const { total, done } = job.progress;
    const words = progressInWords(job);
    if (job.status !== this.status) at("map-announced").textContent = words; // not whenever another point is there
    this.status = job.status;
    const bar = at("map-bar");
    this.complain("");
    at("map-progress").hidden = false;
    at("map-progress-text").textContent = words;
    at("map-cancel").hidden = !isOpen(job);
    bar.setAttribute("aria-valuenow", String(Math.round((100 * done) / total)));
    bar.setAttribute("aria-valuetext", words);
    bar.style.setProperty("--done", `${(100 * done) / total}%`);
    bar.classList.toggle("over", !isOpen(job));
    this.showLinks();
  }

  /** @param {Point[]} points */
  find(points) {
    const axes = this.shown?.axes ?? [];
    if (points.every(({ values }) => fits(axes, values))) return this.map.add(points);
    this.following?.close();
    this.complain(MISFIT);
  }

  /** What went wrong, below the bar. @param {unknown} error */
  lose(error) {
    if (error instanceof Refused) this.complain(inSentences(error.problem));
    else if (error instanceof Away) this.complain(error.message);
    else throw error;
  }

  /** @param {string} sentence */
  complain(sentence) {
    at("map-refusal").textContent = sentence;
    at("map-refusal").hidden = !sentence;
  }

  showLinks() {
    const job = this.following?.job;
    if (job && !isOpen(job)) this.share.show(sweepLinks(job, theme()));
  }

  async cancel() {
    const { following } = this;
    if (!following) return;
    try {
      const job = await cancelJob(following.job.id);
      if (this.following === following) this.tell(job); // the stream says so, too, once it sees it
    } catch (error) {
      this.lose(error);
    }
  }

  /** The network of a point, with the way back. @param {Point} point */
  openPoint({ index, values }) {
    const { shown } = this;
    if (!shown || !fits(shown.axes, values)) return;
    this.laboratory.writeLink();
    history.pushState(null, "", location.hash); // the browser's way back leads to the sweep, too
    shown.cell = index;
    this.look(false);
    this.laboratory.change(networkAt(shown.base, shown.axes, values));
    this.laboratory.writeLink(); // at once: else a quick way back would lead nowhere
    at("back-to-sweep").focus();
  }

  /** The sweep again, at the point that was opened. */
  back() {
    this.look(true);
    this.laboratory.writeLinkSoon();
    this.map.focus(this.shown?.cell ?? -1);
  }

  /** One network; the sweep stays as it is. */
  leave() {
    this.look(false);
    this.laboratory.writeLinkSoon();
  }

  /** The one view or the other; a sweep that is not looked at is not followed. @param {boolean} sweep */
  look(sweep) {
    at("network-view").hidden = sweep;
    at("sweep-view").hidden = !sweep;
    at("view-network").setAttribute("aria-pressed", String(!sweep));
    at("view-sweep").setAttribute("aria-pressed", String(sweep));
    const cell = this.shown?.cell ?? null;
    at("of-sweep").hidden = cell === null;
    if (cell !== null) at("of-sweep-text").textContent = this.map.placeOf(cell);
    if (this.shown) this.shown.seen = sweep;
    if (sweep) this.following?.open();
    else this.following?.close();
    if (!sweep) window.dispatchEvent(new Event("resize")); // charts that were drawn unseen have no width yet
    this.rebase();
  }
}
