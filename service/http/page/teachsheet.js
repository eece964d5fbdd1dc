/**
 * The sheet that a teacher works on: what is asked, the answers to it and their marks; kept in the browser.
 *
 * @typedef {import("api").components["schemas"]} Schemas
 * @typedef {import("./networks.js").Choice} Choice
 * @typedef {Schemas["Grading"]} Grading
 * @typedef {Record<string, any>} Claim As the service has proposed it.
 * @typedef {{claim: Claim, on: boolean, title: string, points: number | null, solution: unknown}} Asked
 * @typedef {{name: string, answers: Record<string, string>, grading: Grading | null}} Student
 * @typedef {object} Sheet
 * @property {Choice} activation
 * @property {string} id Of the rubric; nothing before claims are proposed.
 * @property {string} title
 * @property {string} formula
 * @property {string | null} derivative
 * @property {Asked[]} asked
 * @property {string[]} leftOut
 * @property {Student[]} students
 * @property {string} graded What was graded, to see whether it has changed since.
 * @property {string} address
 */

import { choice } from "./networks.js";

const KEY = "gradient-verdict.teach.1";
const STUDENTS = 3;
const TIE = "=";
const NEXT = ",";

/** A sheet without claims. @returns {Sheet} */
export function emptySheet() {
  return {
    activation: choice("stanh"),
    id: "",
    title: "",
    formula: "",
    derivative: null,
    asked: [],
    leftOut: [],
    students: Array.from({ length: STUDENTS }, () => ({ name: "", answers: {}, grading: null })),
    graded: "",
    address: "",
  };
}

/** The sheet that this browser has kept, or an empty one. @returns {Sheet} */
export function keptSheet() {
  try {
    const kept = JSON.parse(localStorage.getItem(KEY) ?? "null");
    const whole = kept?.students?.length === STUDENTS && Array.isArray(kept.asked) && kept.activation?.values;
    return whole ? { ...emptySheet(), ...kept } : emptySheet();
  } catch {
    return emptySheet(); // what is there is not ours, or nothing may be kept
  }
}

/** @param {Sheet} sheet */
export function keep(sheet) {
  try {
    localStorage.setItem(KEY, JSON.stringify(sheet));
  } catch {
    // private windows keep nothing; the page works all the same
  }
}

/** The sheet once these claims are proposed; names and the answers to claims that are asked again stay.
 * @param {Sheet} sheet @param {Schemas["Proposals"]} found @returns {Sheet} */
export function withProposals(sheet, found) {
  const asked = found.rubric.claims.map((/** @type {Claim} */ claim) => ({
    claim,
    on: true,
    title: String(claim.title),
    points: Number(claim.points),
    solution: /** @type {Record<string, unknown>} */ (found.solutions)[claim.id],
  }));
  const students = sheet.students.map((student) => ({ ...student, grading: null }));
  const { formula, derivative = null, left_out: leftOut, rubric } = found;
  return { ...sheet, id: rubric.id, title: rubric.title ?? "", formula, derivative, asked, leftOut, students, graded: "" };
}

/** What is asked. @param {Sheet} sheet */
export function chosen({ asked }) {
  return asked.filter(({ on }) => on);
}

/** The rubric as the service reads it. @param {Sheet} sheet */
export function rubricOf(sheet) {
  const claims = chosen(sheet).map(({ claim, title, points }) => ({ ...claim, title, points }));
  return { id: sheet.id, title: sheet.title, claims };
}

/** The answers of a student as the service reads them; what is empty is left out.
 * @param {Sheet} sheet @param {Student} student @returns {Record<string, unknown>} */
export function answersOf(sheet, { answers }) {
  const given = chosen(sheet).filter(({ claim }) => answers[claim.id]?.trim());
  return Object.fromEntries(given.map(({ claim }) => [claim.id, read(claim, answers[claim.id].trim())]));
}

/** What a student is called. @param {Student} student @param {number} place */
export function nameOf({ name }, place) {
  return name.trim() || `Student ${place + 1}`;
}

/** Whether a student has any answer or a name. @param {Sheet} sheet @param {Student} student */
export function isThere(sheet, student) {
  return student.name.trim() !== "" || Object.keys(answersOf(sheet, student)).length > 0;
}

/** All that marks depend on. @param {Sheet} sheet */
export function gradedBy(sheet) {
  return JSON.stringify([rubricOf(sheet), sheet.students.map((student) => answersOf(sheet, student))]);
}

/** An answer as a text. @param {unknown} answer @returns {string} */
export function textOf(answer) {
  if (!Array.isArray(answer)) return String(answer);
  return answer.map((one) => (Array.isArray(one) ? one.join(` ${TIE} `) : one)).join(`${NEXT} `);
}

/** Of "a = b, c" the ranking [["a", "b"], "c"]; other answers are texts. @param {Claim} claim @param {string} text */
function read({ kind }, text) {
  if (kind !== "ranking") return text;
  return text.split(NEXT).map((group) => {
    const tied = group.split(TIE).map((item) => item.trim());
    return tied.length === 1 ? tied[0] : tied;
  });
}
