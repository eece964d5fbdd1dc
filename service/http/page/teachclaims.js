/**
 * What is asked: a line for every claim with its title, its points, and how it is judged.
 *
 * @typedef {import("./teachsheet.js").Asked} Asked
 * @typedef {import("./teachsheet.js").Claim} Claim
 * @typedef {import("./teachsheet.js").Sheet} Sheet
 */

import { complaint } from "./complaints.js";
import { at, element, fill } from "./dom.js";
import { typed } from "./numbers.js";
import { chosen, textOf } from "./teachsheet.js";

const MOST_POINTS = 1e6;
/** @type {Record<string, (claim: Claim) => string>} */
const HOW = {
  expression: () => "Any spelling of the right formula is right. A wrong one is answered with a point where it differs.",
  bound: ({ require }) =>
    require === "tight"
      ? "Judged as a bound: what cuts into the values is wrong, however close. A looser bound gets half."
      : "Judged as a bound: any number that is large enough is right, and one below the supremum is wrong, however close.",
  verdict: ({ judge_by: by }) =>
    `Judged by a simulation of the network, ${by === "tendency" ? "by its rate per layer" : "as deep as it is"}; its report is the evidence.`,
  change: () => "Both networks are simulated with the same seeds; their reports are the evidence.",
  ranking: () => "All networks are simulated. Each pair in the right order gets its share; pairs that are alike count as right.",
  choice: () => "One of the words, to be chosen.",
};

/**
 * Show the claims, and tell of every change.
 *
 * @param {Sheet} sheet
 * @param {() => void} onchange
 */
export function showClaims(sheet, onchange) {
  const sum = () => {
    const points = chosen(sheet).reduce((total, { points: one }) => total + (one ?? 0), 0);
    at("claims-sum").textContent = `${chosen(sheet).length} claims, ${Number(points.toFixed(6))} points in all.`;
  };
  const changed = () => {
    sum();
    onchange();
  };
  fill(at("understood"), understood(sheet));
  const title = /** @type {HTMLInputElement} */ (at("sheet-title"));
  title.value = sheet.title;
  title.oninput = () => {
    sheet.title = title.value;
    changed();
  };
  fill(at("claims"), ...sheet.asked.map((asked) => line(asked, changed)));
  at("left-out").hidden = sheet.leftOut.length === 0;
  fill(at("left-out-list"), ...sheet.leftOut.map((sentence) => element("li", {}, sentence)));
  sum();
}

/** The formula and its derivative, as the service has read them. @param {Sheet} sheet */
function understood({ formula, derivative }) {
  const rows = [
    ["φ(z)", formula],
    ["φ′(z)", derivative ?? "too long to read"],
  ];
  return element("dl", {}, ...rows.flatMap(([term, text]) => [element("dt", {}, term), element("dd", {}, text)]));
}

/**
 * @param {Asked} asked
 * @param {() => void} changed
 * @returns {HTMLElement}
 */
function line(asked, changed) {
  const { claim } = asked;
  const [titleId, pointsId] = [`title-${claim.id}`, `points-${claim.id}`];
  const on = element("input", { type: "checkbox", "aria-label": `Ask for: ${asked.title}`, checked: asked.on });
  const title = element("textarea", { id: titleId, rows: 1, maxlength: 200, autocomplete: "off" });
  const points = element("input", { id: pointsId, type: "number", min: 0, max: MOST_POINTS, step: "any" });
  title.value = asked.title;
  points.value = String(asked.points ?? "");
  points.setAttribute("data-pointer", pointerOf(claim, "points"));
  const made = element(
    "li",
    { class: asked.on ? "" : "off" },
    element(
      "div",
      { class: "asked" },
      on,
      element("div", {}, element("label", { for: titleId }, claim.id.replaceAll("_", " ")), title),
      element("div", {}, element("label", { for: pointsId }, "Points"), points, complaint(pointerOf(claim, "points"))),
    ),
    complaint(pointerOf(claim)),
    element("p", { class: "how" }, HOW[claim.kind]?.(claim) ?? "", " Right is: ", element("code", {}, textOf(asked.solution))),
  );
  on.addEventListener("change", () => {
    asked.on = on.checked;
    made.classList.toggle("off", !on.checked);
    changed();
  });
  title.addEventListener("input", () => {
    asked.title = title.value.replace(/\s+/g, " ");
    on.setAttribute("aria-label", `Ask for: ${title.value}`);
    changed();
  });
  points.addEventListener("input", () => {
    asked.points = typed(points.value);
    changed();
  });
  return made;
}

/**
 * Where a complaint about a claim, or a field of it, is shown.
 *
 * @param {Claim} claim
 * @param {string} [field]
 */
function pointerOf({ id }, field) {
  return `/claims/${id}${field ? `/${field}` : ""}`;
}

/**
 * A pointer into the rubric that was sent as one of this page, where claims go by their ids.
 *
 * @param {Sheet} sheet
 * @param {string} pointer
 * @returns {string}
 */
export function placeOf(sheet, pointer) {
  const [, number, rest = ""] = /^\/rubric\/claims\/(\d+)(\/.*)?$/.exec(pointer) ?? [];
  const asked = number === undefined ? undefined : chosen(sheet)[Number(number)];
  return asked ? `${pointerOf(asked.claim)}${rest}` : pointer.replace("/rubric", "");
}
