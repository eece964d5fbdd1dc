/** Numbers as people read them; a number that is not there is a dash. */

const MINUS = "−";
const NONE = "–";
const RAISED = "⁰¹²³⁴⁵⁶⁷⁸⁹";
const NUMBER = /^-?\d+(\.\d+)?(e[+-]?\d+)?$/;

/**
 * Three significant digits, with a true minus.
 *
 * @param {number | null | undefined} value
 * @returns {string}
 */
export function short(value) {
  if (value === null || value === undefined) return NONE;
  const size = Math.abs(value);
  const plain = size === 0 || (size >= 1e-3 && size < 1e5);
  const text = plain ? String(Number(value.toPrecision(3))) : value.toExponential(1);
  return text.replaceAll("-", MINUS);
}

/**
 * Decades, with a sign and two decimals.
 *
 * @param {number | null | undefined} value
 * @returns {string}
 */
export function decades(value) {
  if (value === null || value === undefined) return NONE;
  const text = Math.abs(value).toFixed(2);
  return text === "0.00" ? text : `${value < 0 ? MINUS : "+"}${text}`;
}

/**
 * The factor that some decades are, such as `×0.0112` or `×2.1·10⁻⁸`.
 *
 * @param {number | null | undefined} exponent
 * @returns {string}
 */
export function factor(exponent) {
  if (exponent === null || exponent === undefined) return "";
  if (Math.abs(exponent) < 5) return `×${short(10 ** exponent)}`;
  const whole = Math.floor(exponent);
  const digits = String(whole).replace("-", "⁻").replace(/\d/g, (digit) => RAISED[Number(digit)]);
  return `×${(10 ** (exponent - whole)).toFixed(1)}·10${digits}`;
}

/**
 * A share in percent.
 *
 * @param {number | null | undefined} share
 * @returns {string}
 */
export function percent(share) {
  return share === null || share === undefined ? NONE : `${Math.round(100 * share)} %`;
}

/**
 * A number that was typed, or null where it is none.
 *
 * @param {string} text
 * @returns {number | null}
 */
export function typed(text) {
  const value = text.trim() === "" ? NaN : Number(text.replace(MINUS, "-").replace(",", "."));
  return Number.isFinite(value) ? value : null;
}

/**
 * A number as programs write it, or null where it is none.
 *
 * @param {string} text
 * @returns {number | null}
 */
export function written(text) {
  return NUMBER.test(text) ? Number(text) : null;
}

/**
 * The nearest number between two.
 *
 * @param {number} value
 * @param {number} low
 * @param {number} high
 * @returns {number}
 */
export function clamp(value, low, high) {
  return Math.min(high, Math.max(low, value));
}
