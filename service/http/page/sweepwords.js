/**
 * A sweep in words: how far it is, how long it will take, what happens to its networks.
 *
 * @typedef {import("./sweepaxes.js").Axis} Axis
 * @typedef {import("./sweepjob.js").Job} Job
 * @typedef {import("./sweepjob.js").Point} Point
 */

import { NAMED } from "./sweepaxes.js";
import { briefly, inWords } from "./verdict.js";

const ENDS = {
  succeeded: "Done",
  failed: "It failed",
  cancelled: "Cancelled",
};

/**
 * What a map shows: `Weight variance × depth: tanh, width 32`.
 *
 * @param {Axis[]} axes
 * @param {string} fixed What is not varied.
 * @returns {string}
 */
export function titleOf(axes, fixed) {
  const varied = axes.map(({ name }) => NAMED[name].label).join(" × ");
  return `${varied[0].toUpperCase()}${varied.slice(1)}: ${fixed}`;
}

/**
 * Seconds as people say them: `12 s`, `3 min`, `2 h`.
 *
 * @param {number} seconds
 * @returns {string}
 */
export function inTime(seconds) {
  if (seconds < 90) return `${Math.max(1, Math.round(seconds))} s`;
  return seconds < 5400 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3600)} h`;
}

/**
 * How far a sweep is: `120 of 273 networks, 2 failed; about 12 s left`.
 *
 * @param {Job} job
 * @returns {string}
 */
export function progressInWords({ status, progress, estimated_seconds: seconds, fault }) {
  const { total, done, failed } = progress;
  const counts = `${done} of ${total} networks${failed ? `, ${failed} failed` : ""}`;
  if (status === "queued") return `Waiting to begin; ${total} networks, about ${inTime(seconds)}.`;
  if (status === "running") return `${counts}; about ${inTime(seconds)} left.`;
  const end = status === "succeeded" && !failed ? `${total} networks` : counts;
  return `${ENDS[status]}: ${end}.${fault ? ` ${fault}` : ""}`;
}

/**
 * What a cell shows of a point: a depth ratio, one that is −∞ or ∞, or none.
 *
 * @param {Point["verdict"]} verdict
 * @returns {"measured" | "dead" | "overflowing" | "failed"}
 */
export function stateOf(verdict) {
  if (!verdict) return "failed";
  const { label, cause, depth_ratio: ratio } = verdict;
  if (label === "dead") return "dead";
  if (cause === "forward_overflow" || (ratio.median === null && label === "exploding")) return "overflowing";
  return ratio.median === null ? "failed" : "measured";
}

/**
 * What became of a point.
 *
 * @param {Point} point
 * @returns {string}
 */
export function outcomeOf({ verdict, error }) {
  if (!verdict) return `failed. ${error?.detail ?? ""}`;
  return `${inWords(verdict)}, ${stateOf(verdict) === "overflowing" ? "numbers overflow" : briefly(verdict)}`;
}
