/**
 * The marks of all students, and what one of them reads.
 *
 * @typedef {import("./teachsheet.js").Grading} Grading
 * @typedef {Grading["checks"][number]} Check
 * @typedef {import("./teachsheet.js").Sheet} Sheet
 * @typedef {{name: string, grading: Grading}} Graded
 */

import { at, element, fill } from "./dom.js";
import { short } from "./numbers.js";
import { nameOf } from "./teachsheet.js";

const FORMULA_BEGINS = /^[=+\-@\t\r]/;

/** The students who have a grading. @param {Sheet} sheet @returns {Graded[]} */
export function gradedOf({ students }) {
  return students.flatMap((student, place) =>
    student.grading ? [{ name: nameOf(student, place), grading: student.grading }] : [],
  );
}

/** Show all marks, and the first student's view. @param {Sheet} sheet */
export function showMarks(sheet) {
  const graded = gradedOf(sheet);
  at("marks-step").hidden = graded.length === 0;
  if (!graded.length) return;
  const { checks } = graded[0].grading;
  const rows = checks.map(({ title, max_points: most }, place) =>
    element(
      "tr",
      {},
      element("th", { scope: "row" }, `${title} (${short(most)})`),
      ...graded.map(({ grading }) => element("td", {}, mark(grading.checks[place]))),
    ),
  );
  const sums = graded.map(({ grading }) => element("td", {}, total(grading)));
  fill(
    at("marks"),
    element(
      "thead",
      {},
      element(
        "tr",
        {},
        element("th", { scope: "col" }, "Asked"),
        ...graded.map(({ name }) => element("th", { scope: "col" }, name)),
      ),
    ),
    element("tbody", {}, ...rows),
    element("tfoot", {}, element("tr", {}, element("th", { scope: "row" }, "In all"), ...sums)),
  );
  showStudents(graded, 0);
}

/** @param {Check} check */
function mark({ points, status }) {
  return element("span", { class: `mark-${status}` }, `${short(points)} · ${status}`);
}

/** @param {Grading} grading */
function total({ score, max_score: most, status }) {
  return `${short(score)} of ${short(most)}${status === "needs_review" ? ", a person has to look" : ""}`;
}

/** @param {Graded[]} graded @param {number} selected */
function showStudents(graded, selected) {
  const buttons = graded.map(({ name }, place) =>
    element(
      "button",
      { type: "button", "aria-pressed": String(place === selected), onclick: () => choose(place) },
      name,
    ),
  );
  const choose = (/** @type {number} */ place) => {
    buttons.forEach((button, other) => button.setAttribute("aria-pressed", String(other === place)));
    fill(at("student"), ...graded[place].grading.checks.filter(({ hidden }) => !hidden).map(heard));
  };
  fill(at("students"), ...buttons);
  choose(selected);
}

/** One claim as a student reads it. @param {Check} check */
function heard(check) {
  const { title, message, points, max_points: most, evidence } = check;
  const links = evidence.map((path, place) =>
    element("a", { href: `/#report:${path.split("/").at(-1)}` }, evidence.length > 1 ? `network ${place + 1}` : "the network"),
  );
  const proof = links.flatMap((link) => [" ", link]);
  return element(
    "li",
    {},
    element("p", {}, element("b", {}, title), ` ${short(points)} of ${short(most)} · `, element("span", { class: `mark-${check.status}` }, check.status)),
    element("p", { class: "heard" }, message),
    check.parsed_latex ? element("p", { class: "how" }, "Understood as ", element("code", {}, check.parsed_latex)) : null,
    links.length ? element("p", { class: "how" }, "Evidence:", ...proof) : null,
  );
}

/** The marks as a table for spreadsheets. @param {Sheet} sheet @returns {string} */
export function marksTable(sheet) {
  const graded = gradedOf(sheet);
  const ids = graded[0]?.grading.checks.map(({ id }) => id) ?? [];
  const rows = graded.map(({ name, grading }) => [
    name,
    ...grading.checks.map(({ points }) => points),
    grading.score,
    grading.max_score,
    grading.status,
  ]);
  const lines = [["student", ...ids, "score", "max_score", "status"], ...rows];
  return lines.map((line) => `${line.map(csvCell).join(",")}\r\n`).join("");
}

/** A cell; a text that a spreadsheet would run as a formula has an apostrophe in front. @param {string | number} value */
function csvCell(value) {
  const text = typeof value === "string" && FORMULA_BEGINS.test(value) ? `'${value}` : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
