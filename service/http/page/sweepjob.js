/**
 * A sweep while it runs: its progress as the service tells it, its results as they come.
 *
 * @typedef {import("api").components["schemas"]} Schemas
 * @typedef {Schemas["Job"]} Job
 * @typedef {Schemas["SweepPoint"]} Point
 * @typedef {{items: Point[], next_cursor: string | null}} Points
 * @typedef {object} Hear
 * @property {(job: Job) => void} told How far it is.
 * @property {(points: Point[]) => void} found More results; some before them may still be missing.
 * @property {(error: unknown) => void} lost What went wrong; it goes on where it can.
 */

import { Away, MOST_RESULTS, job as askJob, results } from "./service.js";

const AGAIN_MILLISECONDS = 3000;
const OPEN = ["queued", "running"];
const AWAY = "The service does not answer; it is asked again.";

/** Whether there is something to come. @param {Job} job */
export function isOpen({ status }) {
  return OPEN.includes(status);
}

/** The results of a job, read in pages wherever they are there; it can be left and taken up again. */
export class Following {
  /** @param {Job} job @param {Hear} hear */
  constructor(job, hear) {
    this.job = job;
    this.hear = hear;
    /** @type {Set<number>} */
    this.known = new Set(); // the numbers of the results that were found
    this.first = 0; // before it none is missing
    this.over = false;
    this.left = new AbortController();
    /** @type {EventSource | null} */
    this.stream = null;
    this.pause = 0;
    this.reading = false;
    this.again = false;
  }

  /** Listen, and read on. */
  open() {
    this.close();
    if (this.over) return; // it has ended, and all is known
    this.left = new AbortController();
    if (isOpen(this.job)) this.listen();
    this.read();
  }

  listen() {
    this.stream = new EventSource(this.job.links.events);
    for (const name of ["progress", "end"]) this.stream.addEventListener(name, (event) => this.tell(event));
    this.stream.addEventListener("error", () => this.ask());
  }

  /** Leave it alone. */
  close() {
    this.stream?.close();
    this.stream = null;
    this.left.abort();
    clearTimeout(this.pause);
  }

  /** @param {MessageEvent} event */
  tell({ type, data }) {
    this.job = JSON.parse(data);
    if (type === "end") this.stream?.close(); // else it would be opened again
    this.hear.told(this.job);
    this.read();
  }

  /** The stream broke off: the browser opens it again, unless it was refused; then the service is asked why. */
  async ask() {
    if (this.stream?.readyState !== EventSource.CLOSED) return this.hear.lost(new Away(AWAY));
    await this.unlessLeft(async (signal) => {
      this.job = await askJob(this.job.id, signal);
      this.pause = window.setTimeout(() => this.open(), AGAIN_MILLISECONDS);
    });
  }

  /** All results that are there, once at a time. */
  async read() {
    this.again = true;
    if (this.reading) return;
    this.reading = true;
    while (this.again) {
      this.again = false;
      await this.unlessLeft((signal) => this.readPages(signal));
    }
    this.reading = false;
  }

  /** All that are there from the first missing one on. @param {AbortSignal} signal */
  async readPages(signal) {
    /** @type {string | null} */
    let cursor = String(this.first);
    let more = true;
    while (more && cursor !== null) {
      const { items, next_cursor } = /** @type {Points} */ (await results(this.job, cursor, signal));
      cursor = next_cursor;
      more = items.length === MOST_RESULTS;
      const found = items.filter(({ index }) => !this.known.has(index));
      for (const { index } of found) this.known.add(index);
      while (this.known.has(this.first)) this.first += 1;
      if (found.length) this.hear.found(found);
    }
    this.over = cursor === null;
  }

  /** @param {(signal: AbortSignal) => Promise<void>} work */
  async unlessLeft(work) {
    const { signal } = this.left;
    try {
      await work(signal);
    } catch (error) {
      if (!signal.aborted) this.hear.lost(error);
    }
  }
}
