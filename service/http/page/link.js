/**
 * The state of the page ⇄ the fragment of its address: `#1:0:depth=20&activation=stanh|depth=20&activation=exu`.
 *
 * It holds the version, the selected network, and of each network what differs from the default; behind `!` the sweep,
 * if there is one. One part that makes no sense makes the whole unreadable.
 *
 * @typedef {import("./networks.js").Network} Network
 * @typedef {import("./choices.js").Kinds} Kinds
 * @typedef {import("./sweeplink.js").Shown} Shown
 * @typedef {{networks: Network[], selected: number, sweep: Shown | null}} State
 */

import { MOST_NETWORKS } from "./networks.js";
import { networkOf, queryOf } from "./queries.js";
import { shownOf, sweepQueryOf } from "./sweeplink.js";

const VERSION = "1";
const LONGEST = 8000;

/**
 * The fragment, without its `#`.
 *
 * @param {State} state
 * @returns {string}
 */
export function fragmentOf({ networks, selected, sweep }) {
  const fragment = [VERSION, selected, networks.map(queryOf).join("|")].join(":");
  return sweep ? `${fragment}!${sweepQueryOf(sweep)}` : fragment;
}

/**
 * The state in a fragment, or null where it cannot be read.
 *
 * @param {string} fragment
 * @param {Kinds} kinds
 * @returns {State | null}
 */
export function stateOf(fragment, kinds) {
  const [version, selected, ...rest] = fragment.split(":");
  const [queries, query] = partsOf(rest.join(":"));
  if (version !== VERSION || fragment.length > LONGEST || queries.length > MOST_NETWORKS) return null;
  const networks = queries.flatMap((each) => networkOf(each, kinds) ?? []);
  const index = Number(selected);
  if (networks.length < queries.length || !networks[index]) return null;
  const sweep = query === null ? null : shownOf(query, kinds);
  return query !== null && sweep === null ? null : { networks, selected: index, sweep };
}

/**
 * The queries of the networks, and that of the sweep where there is one: a formula may have a `!` of its own.
 *
 * @param {string} text
 * @returns {[string[], string | null]}
 */
function partsOf(text) {
  const place = text.lastIndexOf("!job=");
  const [networks, sweep] = place < 0 ? [text, null] : [text.slice(0, place), text.slice(place + 1)];
  return [networks.split("|"), sweep];
}
