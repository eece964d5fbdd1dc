/**
 * The page for teachers: an activation, claims about it, three answer sheets, their marks, and files to take along.
 *
 * @typedef {import("./networks.js").Choice} Choice
 * @typedef {import("./teachsheet.js").Sheet} Sheet
 */

import { choiceField, kindsOf } from "./choices.js";
import { Complaints } from "./complaints.js";
import { at } from "./dom.js";
import { formulaPanel } from "./formula.js";
import { soon } from "./judging.js";
import { Away, Refused, catalog, gradings, proposals } from "./service.js";
import { showAnswers } from "./teachanswers.js";
import { placeOf, showClaims } from "./teachclaims.js";
import { filesOf } from "./teachfiles.js";
import { gradedOf, showMarks } from "./teachmarks.js";
import * as sheets from "./teachsheet.js";

const KEEP_MILLISECONDS = 200;
const OWN = "expression";

let sheet = sheets.keptSheet();
const keepSoon = soon(KEEP_MILLISECONDS, () => sheets.keep(sheet));
const main = /** @type {HTMLElement} */ (document.querySelector("main"));

/** Something was typed. */
function changed() {
  at("marks-old").hidden = !sheet.graded || sheet.graded === sheets.gradedBy(sheet);
  keepSoon();
}

/** Show all that depends on the claims. */
function show() {
  const known = sheet.id !== "";
  for (const id of ["claims-step", "answers-step", "take-step"]) at(id).hidden = !known;
  if (known) {
    showClaims(sheet, () => {
      showAnswers(sheet, changed);
      changed();
    });
    showAnswers(sheet, changed);
  }
  showMarks(sheet);
  changed();
}

/**
 * Do `work`; what the service refuses stands at the field that it is about, or in `rest`.
 *
 * @param {string} rest
 * @param {() => Promise<void>} work
 */
async function attempt(rest, work) {
  const complaints = new Complaints(main, at(rest));
  complaints.forgive();
  try {
    await work();
  } catch (error) {
    if (error instanceof Away) complaints.say(error.message);
    else if (error instanceof Refused) {
      const { detail, errors } = error.problem;
      complaints.show({ detail, errors: errors.map((one) => ({ ...one, pointer: placeOf(sheet, one.pointer) })) });
    } else throw error;
  }
}

/** What the fields of a formula have now: what is being typed is not handed on at once. @returns {Choice} */
function activationNow() {
  if (sheet.activation.kind !== OWN) return sheet.activation;
  const value = (/** @type {string} */ id) => /** @type {HTMLInputElement} */ (at(id)).value;
  return { kind: OWN, values: { formula: value("formula-text"), parameters: value("formula-parameters") } };
}

async function propose() {
  at("propose-said").textContent = "Some networks are being simulated …";
  await attempt("propose-refusal", async () => {
    sheet.activation = activationNow();
    sheet = sheets.withProposals(sheet, await proposals(sheet.activation));
    show();
    at("claims-step").scrollIntoView({ block: "start" });
  });
  const refused = !at("propose-refusal").hidden;
  at("propose-said").textContent = refused ? "" : `${sheet.asked.length} claims are proposed below.`;
}

async function grade() {
  at("grade-said").textContent = "Grading …";
  await attempt("grade-refusal", async () => {
    const graded = sheets.gradedBy(sheet);
    const rubric = sheets.rubricOf(sheet);
    const given = sheet.students.map((one) => (sheets.isThere(sheet, one) ? sheets.answersOf(sheet, one) : null));
    const found = await gradings(rubric, given);
    sheet.students.forEach((student, place) => (student.grading = found[place]));
    sheet.graded = graded;
    showMarks(sheet);
    changed();
  });
  const count = gradedOf(sheet).length;
  const sentence = count ? `${count === 1 ? "One sheet is" : `${count} sheets are`} graded.` : "All three sheets are empty.";
  at("grade-said").textContent = at("grade-refusal").hidden && !unmarked() ? sentence : "";
}

/** Whether a field is complained of. */
function unmarked() {
  return main.querySelector("[data-complaint]:not([hidden])") !== null;
}

function solve() {
  const [first] = sheet.students;
  for (const { claim, solution } of sheets.chosen(sheet)) first.answers[claim.id] = sheets.textOf(solution);
  showAnswers(sheet, changed);
  changed();
}

function forget() {
  sheet = sheets.emptySheet(); // which is what is kept when the page is left
  location.reload();
}

/** @param {import("./choices.js").Kinds} kinds */
function build({ activations }) {
  const ordered = new Map([...activations].sort(([one], [other]) => Number(one === OWN) - Number(other === OWN)));
  const panel = formulaPanel(at("formula"), (activation) => choose(activation), () => {});
  const field = choiceField(at("activation"), {
    label: "Activation",
    pointer: "/activation",
    kinds: ordered,
    without: ["softmax"],
    names: { [OWN]: "your own formula …" },
    onchange: choose,
  });

  /** @param {Choice} activation */
  function choose(activation) {
    sheet.activation = activation;
    field.show(activation);
    panel.show(activation);
    keepSoon();
  }
  choose(sheet.activation);
}

async function start() {
  for (const [id, act] of Object.entries({ propose, grade, solve, forget })) at(id).addEventListener("click", act);
  addEventListener("pagehide", () => sheets.keep(sheet));
  filesOf(() => sheet, (work) => attempt("take-refusal", work), keepSoon);
  show();
  try {
    build(kindsOf(await catalog()));
  } catch (error) {
    if (!(error instanceof Away) && !(error instanceof Refused)) throw error;
    at("note").textContent = error.message;
    at("note").hidden = false;
  }
}

start();
