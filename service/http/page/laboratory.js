/**
 * The laboratory: networks are changed, judged and charted. Everything else is made here and put together.
 *
 * @typedef {import("./networks.js").Network} Network
 * @typedef {import("./entries.js").Entry} Entry
 * @typedef {import("./service.js").Report} Report
 * @typedef {import("./choices.js").Kinds} Kinds
 * @typedef {import("api").components["schemas"]["ChartEntry"]} ChartEntry
 */

import { cards } from "./cards.js";
import { Undrawable, chartIn, dark, fetchAgain, theme } from "./charts.js";
import { Complaints, inSentences } from "./complaints.js";
import { form } from "./controls.js";
import { at, element, fill, goToResult } from "./dom.js";
import { Entries, isMeasured, problemOf } from "./entries.js";
import { CANCELLED, latest, soon, withProgress } from "./judging.js";
import { KeptReport, digestIn } from "./kept.js";
import { stateOf } from "./link.js";
import { has } from "./layers.js";
import { LayerTree } from "./layertree.js";
import { LETTERS, MOST_NETWORKS, nameOf, network, specOf } from "./networks.js";
import { presetSelect } from "./presets.js";
import { Repair } from "./repair.js";
import { Away, Refused, chart, chartUrl, simulate } from "./service.js";
import { networkTexts, reportLinks, shareBar } from "./share.js";
import { Sweep } from "./sweep.js";
import { tabList } from "./tabs.js";
import { inWords, markOutdated, showNoVerdict, showVerdict } from "./verdict.js";

const GRADIENT = "gradient"; // this chart and the next have panels of their own, all others tabs
const COMPARISON = "comparison";
const LINK_MILLISECONDS = 300;
const SAID_MILLISECONDS = 600;
const LATE_MILLISECONDS = 600; // an answer that takes longer is waited for with the old one marked
const BEFORE = "What is shown was measured before.";
const PENDING = "It is being judged.";
const UNANSWERED = "There was no answer; the next change asks again.";
const UNREADABLE = "The link could not be read; this is the network to begin with.";

/** The page while it is open. */
export class Laboratory {
  /** @param {Kinds} kinds @param {ChartEntry[]} charts */
  constructor(kinds, charts) {
    this.kinds = kinds;
    this.entries = new Entries();
    this.kept = new KeptReport();
    /** @type {number | null} */
    this.changed = null;
    /** @type {Entry[]} */
    this.compared = [];
    this.complaints = new Complaints(at("form"), at("refusal"));
    this.judge = latest((signal) => this.judgeNext(signal));
    this.rest = latest((signal) => this.drawRest(signal));
    this.late = 0;
    this.unread = ""; // what is wrong with the formula that is being typed
    const unread = (/** @type {string} */ sentence) => {
      this.unread = sentence;
      if (this.entries.all.length) this.mark();
    };
    this.form = form(kinds, (parts) => this.change(parts), unread);
    this.presets = presetSelect((networks) => this.load(networks));
    this.cards = cards(at("cards"), {
      select: (place) => this.choose(() => (this.entries.place = place)),
      copy: (place) => this.choose(() => this.entries.copy(place)),
      remove: (place) => this.choose(() => this.entries.remove(place)),
    });
    const tabs = charts.flatMap(({ name, tab, requires }) => (tab === null ? [] : [{ id: name, title: tab, requires }]));
    this.tabs = tabList(at("tabs"), "Charts", tabs, () => this.rest.ask());
    this.names = [GRADIENT, ...tabs.map(({ id }) => id)]; // of the charts that show the selected network alone
    this.charts = Object.fromEntries([...this.names, COMPARISON].map((name) => [name, chartIn(at(`chart-${name}`))]));
    const spec = () => this.kept.report?.spec ?? specOf(this.entry.network);
    this.repair = new Repair({
      spec,
      network: () => (this.kept.digest ? null : this.entry.network),
      apply: (network) => this.change(network),
      open: (digest) => void (location.hash = `report:${digest}`),
    });
    this.layers = new LayerTree(at("layers-table"));
    this.share = shareBar(at("share"), networkTexts(spec, () => this.fragment));
    this.writeLinkSoon = soon(LINK_MILLISECONDS, () => this.writeLink()); // browsers limit how often a page may
    this.sweep = new Sweep(kinds, this);
    this.announce = soon(SAID_MILLISECONDS, () => (at("said").textContent = this.sentence));
    this.listen();
  }

  /** The selected network. */
  get entry() {
    return this.entries.selected;
  }

  /** The report that is looked at, if there is one. */
  get report() {
    return (this.kept.digest ? this.kept : this.entry).report;
  }

  /** What the address says. @returns {string} */
  get fragment() {
    return this.kept.fragment || this.entries.fragmentWith(this.sweep.shown);
  }

  /** What screen readers are told. */
  get sentence() {
    const name = this.kept.digest ? this.kept.name : nameOf(this.entry.measured ?? this.entry.network);
    return `${name}: ${this.report ? inWords(this.report.verdict) : "not judged"}.`;
  }

  /** Why what is shown is not of the network in the form; nothing where it is. */
  get outdated() {
    const { entry } = this;
    if (this.kept.digest || !entry.report) return "";
    if (this.unread) return `The formula is not understood. ${this.unread}`;
    if (isMeasured(entry)) return "";
    const problem = problemOf(entry);
    if (problem) return `The network in the form is not judged. ${inSentences(problem)}`;
    return entry.network === entry.judged ? UNANSWERED : PENDING;
  }

  listen() {
    at("compare").addEventListener("click", () => this.choose(() => this.entries.copy(this.entries.place)));
    at("cancel").addEventListener("click", () => this.judge.cancel());
    at("layers").addEventListener("toggle", () => this.showLayers());
    at("findings").addEventListener("click", (event) => this.showPlace(event));
    dark.addEventListener("change", () => this.redraw());
    window.addEventListener("hashchange", ({ newURL }) => this.open(new URL(newURL).hash));
    for (const id of ["skip", "glance"]) at(id).addEventListener("click", goToResult);
  }

  /** Show what an address says, or what there is to begin with. @param {string} hash */
  open(hash) {
    const fragment = hash.slice(1);
    this.kept.leave();
    if (digestIn(fragment)) return void this.keep(digestIn(fragment));
    const state = fragment === "" ? null : stateOf(fragment, this.kinds);
    const note = at("note");
    note.hidden = fragment === "" || state !== null;
    note.textContent = note.hidden ? "" : UNREADABLE;
    this.presets.forget();
    this.put(state?.networks ?? [network({})], state?.selected ?? 0);
    this.sweep.open(state?.sweep ?? null);
    this.writeLink();
  }

  /** Show a report that was made elsewhere. @param {string | null} digest */
  async keep(digest) {
    at("note").hidden = true;
    this.judge.cancel();
    const { signal } = new AbortController();
    try {
      await this.present(await this.kept.open(digest ?? "", signal), signal, performance.now());
    } catch (error) {
      if (!(error instanceof Refused || error instanceof Away || error instanceof Undrawable)) throw error;
      fill(at("note"), error.message, " ", element("a", { href: "#" }, "Build a network instead"));
      at("note").hidden = false;
    }
    this.rest.ask();
  }

  /** One network in place of the selected one, several in place of all. @param {Network[]} networks */
  load(networks) {
    if (networks.length > 1) this.put(networks, 0);
    else this.change(networks[0]);
  }

  /** @param {Network[]} networks @param {number} selected */
  put(networks, selected) {
    this.changed ??= performance.now();
    this.entries.put(networks, selected);
    this.update();
  }

  /** @param {Partial<Network>} parts */
  change(parts) {
    this.changed ??= performance.now();
    this.entries.change(parts);
    this.presets.forget();
    this.update();
  }

  /** Another network becomes the selected one. @param {() => void} choice */
  choose(choice) {
    choice();
    this.update();
    this.redraw();
  }

  /** After any change: the form, the cards and the address follow at once, the verdict as soon as it is there. */
  update() {
    const { all, place } = this.entries;
    fetchAgain();
    this.form.show(this.entry.network);
    at("form-letter").textContent = LETTERS[place];
    this.cards.show(all, place);
    this.sweep.rebase();
    at("comparison").hidden = all.length === 1;
    at("chart-comparison").classList.toggle("outdated", !this.entries.are(this.compared)); // the letters are others
    at("compare").hidden = all.length === MOST_NETWORKS;
    this.writeLinkSoon();
    this.late ||= window.setTimeout(() => this.mark(), LATE_MILLISECONDS);
    this.judge.ask();
  }

  /** Mark what is shown where it is of another network than that in the form. */
  mark() {
    clearTimeout(this.late);
    this.late = 0;
    const measured = this.kept.digest ? null : this.entry.measured; // an address may open a report before any network
    markOutdated(measured ? nameOf(measured) : "", this.outdated);
  }

  writeLink() {
    history.replaceState(null, "", `#${this.fragment}`);
  }

  /** @param {AbortSignal} signal */
  async judgeNext(signal) {
    const entry = this.entries.waiting;
    if (!entry) return;
    const changed = this.changed ?? performance.now();
    if (entry === this.entry) this.changed = null;
    const judged = entry.network;
    const spec = specOf(judged);
    try {
      const report = await withProgress(spec, signal, () => simulate(spec, signal));
      Object.assign(entry, { judged, measured: judged, report, problem: null });
      await this.show(entry, signal, changed);
    } catch (error) {
      this.fail(entry, judged, signal, error);
    }
    this.rest.ask();
    this.judge.ask(); // there may be another, or a later change
  }

  /**
   * The card, and of the selected network the verdict and its chart.
   *
   * @param {Entry} entry
   * @param {AbortSignal} signal
   * @param {number} changed When it was.
   */
  async show(entry, signal, changed) {
    this.cards.show(this.entries.all, this.entries.place);
    if (entry === this.entry && !this.kept.digest && entry.report) await this.present(entry.report, signal, changed);
  }

  /** The verdict of a report, and its chart. @param {Report} report @param {AbortSignal} signal @param {number} changed */
  async present(report, signal, changed) {
    this.complaints.forgive();
    showVerdict(report);
    if (document.body.dataset.digest !== report.digest) this.repair.clear();
    if (this.outdated !== PENDING) this.mark(); // else it is only as late as a hand that drags a slider
    this.announce();
    await this.draw(GRADIENT, [report.digest], signal);
    if (this.report !== report) return; // that chart was passed over for a later one
    performance.measure("change-to-chart", { start: changed, end: performance.now() });
    document.body.dataset.digest = report.digest;
  }

  /** Of the selected network there is no report: nothing of another one may stand for it. */
  showNone() {
    this.complaints.forgive();
    const problem = problemOf(this.entry);
    const answer = problem ? inSentences(problem) : UNANSWERED;
    showNoVerdict(this.entry.network === this.entry.judged ? answer : PENDING);
    this.mark();
    for (const name of this.names) this.charts[name].clear();
    this.share.clear();
    this.repair.clear();
    this.layers.clear();
    delete document.body.dataset.digest;
    this.announce();
  }

  /** @param {Entry} entry @param {Network} judged @param {AbortSignal} signal @param {unknown} error */
  fail(entry, judged, signal, error) {
    const cancelled = signal.reason === CANCELLED;
    if (signal.aborted && !cancelled) return; // it was too slow for a later change, and is asked for again after that
    Object.assign(entry, { judged, problem: error instanceof Refused ? error.problem : null });
    this.cards.show(this.entries.all, this.entries.place);
    if (entry === this.entry && !entry.report) this.showNone();
    this.mark();
    this.tell(entry, cancelled ? CANCELLED : error);
  }

  /** Say what went wrong. @param {Entry} entry @param {unknown} error */
  tell(entry, error) {
    const before = this.entry.report ? ` ${BEFORE}` : "";
    if (error instanceof Refused) {
      if (entry === this.entry) this.complaints.show(error.problem);
    } else if (error === CANCELLED) this.complaints.say(`${CANCELLED.message}${before}`);
    else if (error instanceof Away) this.complaints.say(`${error.message}${before}`);
    else if (error instanceof Undrawable) this.complaints.say(error.message);
    else throw error;
  }

  /** Everything besides the verdict and the gradient of the selected network. @param {AbortSignal} signal */
  async drawRest(signal) {
    const { report } = this;
    if (!report) return;
    this.tabs.offer(({ requires }) => requires === null || report.layers.some((layer) => has(layer, requires)));
    this.share.show(reportLinks(report.digest, theme()));
    this.showLayers();
    const drawn = [this.draw(this.tabs.selected(), [report.digest], signal)];
    if (!this.kept.digest && this.entries.digests.length > 1) drawn.push(this.compare(signal));
    for (const result of await Promise.allSettled(drawn)) {
      if (result.status === "rejected" && !signal.aborted) this.complaints.say(result.reason.message);
    }
    performance.mark("all-charts");
  }

  /** All networks in one chart, with the letters that they have here. @param {AbortSignal} signal */
  async compare(signal) {
    const compared = [...this.entries.all];
    await this.draw(COMPARISON, this.entries.digests, signal);
    this.compared = compared;
    at("chart-comparison").classList.toggle("outdated", !this.entries.are(compared));
  }

  /** @param {string} name @param {string[]} digests @param {AbortSignal} signal */
  async draw(name, digests, signal) {
    await this.charts[name].draw(chart(chartUrl(digests, name, "json", theme()), signal));
  }

  /** Show the selected network anew: it is another one, or the theme is. */
  async redraw() {
    const { entry } = this;
    const { signal } = new AbortController();
    try {
      if (this.kept.report) await this.present(this.kept.report, signal, performance.now());
      else if (entry.report) await this.show(entry, signal, performance.now());
      else this.showNone();
      const problem = this.kept.digest ? null : problemOf(entry);
      if (problem && entry === this.entry) this.complaints.show(problem);
    } catch (error) {
      this.tell(entry, error);
    }
    this.rest.ask();
  }

  showLayers() {
    const { open } = /** @type {HTMLDetailsElement} */ (at("layers"));
    if (this.report && open) this.layers.show(this.report);
  }

  /** Where a finding is, in the table of layers. @param {Event} event */
  showPlace({ target }) {
    const path = target instanceof HTMLElement ? target.dataset.path : undefined;
    if (path === undefined) return;
    /** @type {HTMLDetailsElement} */ (at("layers")).open = true;
    this.showLayers();
    this.layers.reveal(path);
  }
}
