/**
 * A formula of one's own: how it is understood, its derivative and its certified bounds, or where it cannot be read.
 *
 * @typedef {import("api").components["schemas"]} Schemas
 * @typedef {import("./networks.js").Choice} Choice
 */

import { element, fill } from "./dom.js";
import { jsonOf, parametersOf } from "./networks.js";
import { short } from "./numbers.js";
import { Refused, profile } from "./service.js";

const PAUSE_MILLISECONDS = 150;
const KIND = "expression";

/**
 * The panel in `host`; a formula is handed on once it is understood, so that half of one is never simulated.
 *
 * @param {HTMLElement} host
 * @param {(activation: Choice) => void} onunderstood
 * @param {(sentence: string) => void} onunread Told what is wrong, and "" once nothing is.
 * @returns {import("./controls.js").Field<Choice>}
 */
export function formulaPanel(host, onunderstood, onunread) {
  const formula = field("formula-text", "φ(z) =", "z*tanh(z)");
  const parameters = field("formula-parameters", "with", "b = 1.7, c = 2");
  const answer = element("div", { class: "understood", role: "status", "aria-label": "How the formula is understood" });
  const unread = element("p", { class: "refusal", id: "formula-unread", role: "status", hidden: true });
  parameters.line.append(unread);
  host.append(formula.line, parameters.line, answer);
  parameters.input.setAttribute("aria-describedby", unread.id);
  let asked = new AbortController();
  let pause = 0;
  let known = "";

  for (const { input } of [formula, parameters]) input.addEventListener("input", () => askSoon(PAUSE_MILLISECONDS));

  /** @param {number} milliseconds */
  function askSoon(milliseconds) {
    clearTimeout(pause);
    asked.abort();
    asked = new AbortController();
    const { signal } = asked;
    pause = window.setTimeout(() => ask(signal), milliseconds);
  }

  /** What is no parameter stands beside the field, and nothing is asked. @returns {boolean} whether all are read */
  function allRead() {
    const { unread: item } = parametersOf(parameters.input.value);
    unread.hidden = item === null;
    unread.textContent = item === null ? "" : `“${item}” is not understood. Write parameters as b = 1.7, c = 2.`;
    if (item === null) parameters.input.removeAttribute("aria-invalid");
    else parameters.input.setAttribute("aria-invalid", "true");
    return item === null;
  }

  /** @param {AbortSignal} signal */
  async function ask(signal) {
    if (!allRead()) {
      onunread(unread.textContent ?? "");
      return fill(answer); // what was understood was so with other parameters
    }
    const activation = { kind: KIND, values: { formula: formula.input.value, parameters: parameters.input.value } };
    try {
      fill(answer, understood(await profile(jsonOf(activation), signal)));
      formula.input.removeAttribute("aria-invalid");
      onunread("");
      const read = JSON.stringify(activation.values);
      if (read === known) return;
      known = read;
      onunderstood(activation);
    } catch (error) {
      if (!(error instanceof Refused)) return; // a newer formula is being read, or the service is away
      formula.input.setAttribute("aria-invalid", "true");
      fill(answer, slip(error, activation.values.formula));
      onunread(sentenceOf(error));
    }
  }

  return {
    show({ kind, values }) {
      host.hidden = kind !== KIND;
      const { formula: text = "", parameters: numbers = "" } = values;
      const shown = host.hidden ? "" : JSON.stringify({ formula: text, parameters: numbers });
      if (shown === known) return; // what is being typed stays, though it be no formula yet
      known = shown;
      onunread("");
      formula.input.value = String(text);
      parameters.input.value = String(numbers);
      if (!host.hidden) askSoon(0);
    },
  };
}

/**
 * @param {string} id
 * @param {string} label
 * @param {string} placeholder
 * @returns {{line: HTMLElement, input: HTMLInputElement}}
 */
function field(id, label, placeholder) {
  const attributes = { placeholder, autocomplete: "off", spellcheck: "false", maxlength: 2000 };
  const input = element("input", { id, type: "text", ...attributes });
  return { input, line: element("div", { class: "beside wide" }, element("label", { for: id }, label), input) };
}

/**
 * @param {Schemas["ActivationProfile"]} found
 * @returns {HTMLElement}
 */
function understood({ formula, derivative, bounds }) {
  const { inf, sup } = bounds.abs_derivative;
  const rows = [
    ["φ(z)", formula],
    ["φ′(z)", derivative ?? "too long to read"],
    ["sup |φ′|", boundOf(sup)],
    ["inf |φ′|", boundOf(inf)],
  ];
  return element("dl", {}, ...rows.flatMap(([term, text]) => [element("dt", {}, term), element("dd", {}, text)]));
}

/**
 * A bound with where it is attained or approached.
 *
 * @param {Schemas["Bound"]} bound
 * @returns {string}
 */
function boundOf(bound) {
  const where = bound.places.slice(0, 2).map(placeOf).join(" and ");
  const how = bound.attained ? "attained" : "approached";
  return `${valueOf(bound)}${where ? `, ${how} ${where}` : ""}${bound.certified ? "" : " (not proven)"}`;
}

/**
 * @param {Schemas["Bound"]} bound
 * @returns {string}
 */
function valueOf({ low, high, unbounded, certified }) {
  if (unbounded) return "∞";
  if (low === null || high === null) return "unknown";
  return certified ? short6(high) : `${short6(low)} … ${short6(high)}`;
}

/**
 * @param {Schemas["Place"]} place
 * @returns {string}
 */
function placeOf({ approach, z, until }) {
  switch (approach) {
    case "minus_infinity":
      return "as z → −∞";
    case "plus_infinity":
      return "as z → ∞";
    case "between":
      return `for z from ${z === null ? "−∞" : short(z)} to ${until === null ? "∞" : short(until)}`;
    case "from_left":
      return `from the left at z = ${short6(z ?? 0)}`;
    case "from_right":
      return `from the right at z = ${short6(z ?? 0)}`;
    default:
      return `at z = ${short6(z ?? 0)}`;
  }
}

/** @param {number} value */
function short6(value) {
  return String(Number(value.toPrecision(6))).replace("-", "−");
}

/** What is wrong with a formula. @param {Refused} refused */
function sentenceOf({ problem }) {
  return problem.errors[0]?.detail ?? problem.detail;
}

/**
 * What is wrong with a formula, and the formula with the place marked.
 *
 * @param {Refused} refused
 * @param {string} formula
 * @returns {HTMLElement}
 */
function slip(refused, formula) {
  const sentence = sentenceOf(refused);
  const position = /position (\d+)/.exec(sentence);
  const marked = element("p", { class: "slip" }, element("strong", {}, "Not understood. "), sentence);
  if (!position && !sentence.includes("at the end")) return marked;
  const letters = [...formula]; // the service counts characters, not UTF-16 units
  const place = position ? Number(position[1]) - 1 : letters.length;
  const [before, there, after] = [letters.slice(0, place), letters.slice(place, place + 1), letters.slice(place + 1)];
  marked.append(
    element("code", {}, before.join(""), element("mark", {}, there.join("") || "␣"), after.join("")),
  );
  return marked;
}
