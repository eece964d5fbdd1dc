/**
 * Three answer sheets in a table: a row for every claim, a column for every student.
 *
 * @typedef {import("./teachsheet.js").Sheet} Sheet
 */

import { at, element, fill } from "./dom.js";
import { chosen, nameOf } from "./teachsheet.js";

const LONGEST_ANSWER = 2000;
const LONGEST_NAME = 100;
/** @type {Record<string, string>} */
const HINTS = {
  expression: "a formula of z",
  bound: "|f'(z)| <= 1.5",
  verdict: "dead, exploding, …",
  change: "more, less or equally",
  ranking: "a, b = c",
};

/**
 * Show the table, and tell of every change.
 *
 * @param {Sheet} sheet
 * @param {() => void} onchange
 */
export function showAnswers(sheet, onchange) {
  const asked = chosen(sheet);
  const heads = sheet.students.map((student, place) => {
    const input = element("input", {
      type: "text",
      maxlength: LONGEST_NAME,
      autocomplete: "off",
      placeholder: `Student ${place + 1}`,
      "aria-label": `Name of student ${place + 1}`,
    });
    input.value = student.name;
    input.addEventListener("input", () => {
      student.name = input.value;
      onchange();
    });
    return element("th", { scope: "col" }, input);
  });
  const rows = asked.map(({ claim, title }, row) =>
    element(
      "tr",
      {},
      element("th", { scope: "row" }, title || claim.id),
      ...sheet.students.map((_, column) => element("td", {}, cell(sheet, row, column, onchange))),
    ),
  );
  fill(
    at("answers"),
    element("thead", {}, element("tr", {}, element("th", { scope: "col" }, "Asked"), ...heads)),
    element("tbody", {}, ...rows),
  );
}

/**
 * @param {Sheet} sheet
 * @param {number} row
 * @param {number} column
 * @param {() => void} onchange
 * @returns {HTMLInputElement}
 */
function cell(sheet, row, column, onchange) {
  const { claim, title } = chosen(sheet)[row];
  const student = sheet.students[column];
  const input = element("input", {
    id: `answer-${claim.id}-${column}`,
    type: "text",
    maxlength: LONGEST_ANSWER,
    autocomplete: "off",
    autocapitalize: "off",
    spellcheck: "false",
    placeholder: claim.kind === "choice" ? claim.choices.join(" or ") : (HINTS[claim.kind] ?? ""),
    "aria-label": `${nameOf(student, column)}: ${title || claim.id}`,
  });
  input.value = student.answers[claim.id] ?? "";
  input.addEventListener("input", () => {
    student.answers[claim.id] = input.value;
    onchange();
  });
  input.addEventListener("paste", (event) => {
    const pasted = event.clipboardData?.getData("text/plain") ?? "";
    if (!/[\t\n]/.test(pasted.trim())) return; // one answer goes where it is pasted
    event.preventDefault();
    spread(sheet, pasted, row, column);
    onchange();
    showAnswers(sheet, onchange);
    at(input.id).focus();
  });
  return input;
}

/** Put the cells of a pasted table where they belong; what is over is left out.
 * @param {Sheet} sheet @param {string} pasted @param {number} row @param {number} column */
function spread(sheet, pasted, row, column) {
  const asked = chosen(sheet);
  const lines = pasted.replace(/\r/g, "").replace(/\n$/, "").split("\n");
  lines.forEach((line, down) => {
    line.split("\t").forEach((text, right) => {
      const [claim, student] = [asked[row + down]?.claim, sheet.students[column + right]];
      if (claim && student) student.answers[claim.id] = unquoted(text);
    });
  });
}

/** A cell as spreadsheets copy it, which quotes what has quotation marks inside. @param {string} text */
function unquoted(text) {
  return /^".*"$/s.test(text) ? text.slice(1, -1).replaceAll('""', '"') : text;
}
