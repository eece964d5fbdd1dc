/**
 * The colours of depth ratios, by the bands of the policy that judges: the same as in the service's charts.
 *
 * @typedef {import("./networks.js").Choice} Choice
 * @typedef {import("./choices.js").Kinds} Kinds
 */

const BANDS = ["vanishing_severe", "vanishing_mild", "exploding_mild", "exploding_severe"];
const SATURATED_DECADES = 5;

/**
 * The depth ratios that have a colour of their own, in decades, rising.
 *
 * @param {Choice} policy
 * @param {Kinds} kinds
 * @returns {number[]}
 */
export function knotsOf(policy, kinds) {
  const parameters = kinds.policies.get(policy.kind)?.parameters ?? [];
  const [severe, mild, ...exploding] = BANDS.map((band) => {
    const preset = parameters.find(({ name }) => name === band)?.default ?? "0";
    return Number(policy.values[band] ?? JSON.parse(preset));
  });
  const end = Math.max(SATURATED_DECADES, -2 * severe, 2 * exploding[1]);
  return [-end, severe, mild, 0, ...exploding, end];
}

/**
 * The colour of a depth ratio, in both themes: a mixture of the two beside it.
 *
 * @param {number[]} knots
 * @param {number} decades
 * @returns {string}
 */
export function colourOf(knots, decades) {
  const inside = Math.min(Math.max(decades, knots[0]), knots[knots.length - 1]);
  const above = Math.max(1, knots.findIndex((knot) => knot >= inside));
  const share = (inside - knots[above - 1]) / (knots[above] - knots[above - 1]);
  return `color-mix(in srgb, var(--cell-${above}) ${(100 * share).toFixed(1)}%, var(--cell-${above - 1}))`;
}
