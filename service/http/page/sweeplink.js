/**
 * A sweep ⇄ a query: `job=…&x=width&x.scale=log&x.start=4&x.stop=64&x.count=5&y=activation&y.values=tanh+relu&std=2`.
 *
 * It holds the job, the point that was opened last, whether a network is looked at and not the sweep, the axes, and of
 * the network that they vary what differs from the default.
 *
 * @typedef {import("./networks.js").Network} Network
 * @typedef {import("./choices.js").Kinds} Kinds
 * @typedef {import("./sweepaxes.js").Axis} Axis
 * @typedef {object} Shown
 * @property {string} job
 * @property {number | null} cell The point whose network was opened last.
 * @property {boolean} seen Whether the sweep is looked at.
 * @property {Axis[]} axes
 * @property {Network} base
 */

import { written } from "./numbers.js";
import { networkOf, queryOf } from "./queries.js";
import { LONGEST, NAMED, faultsOf, sizeOf } from "./sweepaxes.js";

const JOB = /^[0-9a-f]{32}$/;
const SIDES = ["x", "y"];
const NETWORK = "network";

/**
 * The query of a sweep.
 *
 * @param {Shown} shown
 * @returns {string}
 */
export function sweepQueryOf({ job, cell, seen, axes, base }) {
  const query = new URLSearchParams({ job });
  if (cell !== null) query.set("cell", String(cell));
  if (!seen) query.set("view", NETWORK);
  axes.forEach(({ name, range, values = [] }, place) => {
    const side = SIDES[place];
    query.set(side, name);
    if (!range) query.set(`${side}.values`, values.join(" "));
    const parts = Object.entries(range ?? {}).filter(([, value]) => value !== "linear");
    for (const [part, value] of parts) query.set(`${side}.${part}`, String(value));
  });
  return [query.toString(), queryOf(base)].filter(Boolean).join("&");
}

/**
 * The sweep in a query, or null where it makes no sense.
 *
 * @param {string} text
 * @param {Kinds} kinds
 * @returns {Shown | null}
 */
export function shownOf(text, kinds) {
  const query = new URLSearchParams(text);
  const [job, cell] = [query.get("job") ?? "", query.get("cell")];
  const axes = SIDES.filter((side) => query.has(side)).map((side) => axisOf(query, side, kinds));
  const own = ["job", "cell", "view", ...SIDES];
  const rest = [...query].filter(([name]) => !own.includes(name.split(".")[0]));
  const base = networkOf(new URLSearchParams(rest).toString(), kinds);
  const known = axes.flatMap((axis) => axis ?? []);
  const index = cell === null ? null : written(cell);
  const wrong = known.length < axes.length || !query.has("x") || known[0].name === known[1]?.name;
  if (!JOB.test(job) || base === null || wrong || (cell !== null && !isPlace(index, known))) return null;
  return { job, cell: index, seen: query.get("view") !== NETWORK, axes: known, base };
}

/**
 * @param {URLSearchParams} query
 * @param {string} side
 * @param {Kinds} kinds
 * @returns {Axis | null}
 */
function axisOf(query, side, kinds) {
  const name = query.get(side) ?? "";
  if (!Object.hasOwn(NAMED, name)) return null;
  if (name === "activation") {
    const values = (query.get(`${side}.values`) ?? "").split(" ");
    return values.length <= LONGEST && values.every((kind) => kinds.activations.has(kind)) ? { name, values } : null;
  }
  const scale = query.get(`${side}.scale`) === "log" ? "log" : "linear";
  const number = (/** @type {string} */ part) => written(query.get(`${side}.${part}`) ?? "") ?? NaN;
  const [start, stop, count] = ["start", "stop", "count"].map(number);
  /** @type {Axis} */
  const axis = { name, range: { scale, start, stop, count } };
  return faultsOf(axis).length ? null : axis;
}

/**
 * @param {number | null} index
 * @param {Axis[]} axes
 * @returns {boolean} whether a sweep of these axes has such a point
 */
function isPlace(index, axes) {
  const total = axes.reduce((product, axis) => product * sizeOf(axis), 1);
  return index !== null && Number.isInteger(index) && index >= 0 && index < total;
}
