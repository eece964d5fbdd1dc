/** One thing at a time, the latest wins; and what is shown while somebody waits. */

import { at, fill } from "./dom.js";
import { Refused, estimate } from "./service.js";

/** Why work is ended that somebody has had enough of; else it is ended because something later is to be done. */
export const CANCELLED = new DOMException("Cancelled.", "AbortError");

const PATIENCE_MILLISECONDS = 800;
const SHOWN_AFTER_MILLISECONDS = 500;
const TICK_MILLISECONDS = 100;
export const OPERATIONS_A_SECOND = 2e10; // of one processor, by the service's own account: 4e11 are about 20 seconds

/**
 * Runs `work` once at a time. Asked again meanwhile, it runs once more afterwards, on what is the latest then; work
 * that is out of date and slow is ended.
 *
 * @param {(signal: AbortSignal) => Promise<void>} work
 * @returns {{ask: () => void, cancel: () => void}}
 */
export function latest(work) {
  /** @type {AbortController | null} */
  let running = null;
  let again = false;
  let started = 0;

  function ask() {
    if (!running) return void run();
    if (again) return;
    again = true;
    const { signal } = running;
    const mine = running;
    const left = PATIENCE_MILLISECONDS - (performance.now() - started);
    window.setTimeout(() => signal.aborted || running !== mine || mine.abort(), Math.max(0, left));
  }

  async function run() {
    running = new AbortController();
    again = false;
    started = performance.now();
    try {
      await work(running.signal);
    } finally {
      running = null;
      if (again) run();
    }
  }

  return { ask, cancel: () => running?.abort(CANCELLED) };
}

/**
 * Does `work` a while after the first of several calls.
 *
 * @param {number} milliseconds
 * @param {() => void} work
 * @returns {() => void}
 */
export function soon(milliseconds, work) {
  let waiting = 0;
  return () => {
    waiting ||= window.setTimeout(() => {
      waiting = 0;
      work();
    }, milliseconds);
  };
}

/**
 * Do `work`, and where it takes longer show how long it takes, and how long it will.
 *
 * @template Result
 * @param {import("./networks.js").Spec} spec
 * @param {AbortSignal} signal
 * @param {() => Promise<Result>} work
 * @returns {Promise<Result>}
 */
export async function withProgress(spec, signal, work) {
  const started = performance.now();
  let about = "";
  const tick = window.setInterval(() => {
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    at("progress-text").textContent = `Simulating for ${seconds} s${about}`;
  }, TICK_MILLISECONDS);
  const late = window.setTimeout(async () => {
    fill(at("progress-text"), "Simulating …");
    at("progress").hidden = false;
    about = await prediction(spec, signal);
  }, SHOWN_AFTER_MILLISECONDS);
  try {
    return await work();
  } finally {
    clearInterval(tick);
    clearTimeout(late);
    at("progress").hidden = true;
  }
}

/**
 * @param {import("./networks.js").Spec} spec
 * @param {AbortSignal} signal
 * @returns {Promise<string>}
 */
async function prediction(spec, signal) {
  try {
    const { floating_point_operations: operations } = await estimate(spec, signal);
    return `, about ${Math.max(1, Math.round(operations / OPERATIONS_A_SECOND))} s in all`;
  } catch (error) {
    if (error instanceof Refused || signal.aborted) return "";
    throw error;
  }
}
