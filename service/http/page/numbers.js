/** Numbers as people read them; a number that is not there is a dash. */

const MINUS = "−";
const NONE = "–";
const RAISED = "⁰¹²³⁴⁵⁶⁷⁸⁹";
const NUMBER = /^-?\d+(\.\d+)?(e[+-]?\d+)?$/;

/**
 * Three significant digits, with a true minus; what is very small or large as a power of ten, `5.23·10⁻⁵`.
 *
 * @param {number | null | undefined} value
 * @returns {string}
 */
export function short(value) {
  if (value === null || value === undefined) return NONE;
  const size = Math.abs(value);
  if (size === 0 || (size >= 1e-4 && size < 1e5)) return String(Number(value.toPrecision(3))).replace("-", MINUS);
  const [digits, exponent] = value.toExponential(2).split("e");
  return `${digits.replace("-", MINUS)}·10${raised(exponent)}`;
}

/** @param {string} exponent @returns {string} */
function raised(exponent) {
  const digits = exponent.replace("+", "").replace("-", "⁻");
  return digits.replace(/\d/g, (digit) => RAISED[Number(digit)]);
}

/**
 * Decades with a sign, in three digits, as the reasons have them.
 *
 * @param {number | null | undefined} value
 * @returns {string}
 */
export function decades(value) {
  if (value === null || value === undefined) return NONE;
  const size = Math.abs(value);
  const text = size.toFixed(size < 1 ? 3 : 2);
  return `${value < 0 && Number(text) !== 0 ? MINUS : "+"}${text}`;
}

/**
 * The factor that some decades are, such as `×0.0112` or `×2.14·10⁻⁸`, also where no number of a computer is that small.
 *
 * @param {number | null | undefined} exponent
 * @returns {string}
 */
export function factor(exponent) {
  if (exponent === null || exponent === undefined) return "";
  if (Math.abs(exponent) < 300) return `×${short(10 ** exponent)}`;
  const whole = Math.floor(exponent);
  return `×${(10 ** (exponent - whole)).toPrecision(3)}·10${raised(String(whole))}`;
}

/**
 * Some decades as a person reads them: the number, and the factor that it is.
 *
 * @param {number | null | undefined} exponent
 * @returns {string}
 */
export function withFactor(exponent) {
  return exponent === null || exponent === undefined ? NONE : `${decades(exponent)} decades, ${factor(exponent)}`;
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
 * A probability in percent, never quite none and never quite all.
 *
 * @param {number} probability
 * @returns {string}
 */
export function chance(probability) {
  if (probability < 0.01) return "below 1 %";
  return probability > 0.99 ? "above 99 %" : percent(probability);
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
