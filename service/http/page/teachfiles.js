/**
 * What a teacher takes along: files that the browser keeps.
 *
 * @typedef {import("./teachsheet.js").Sheet} Sheet
 */

import { at, element } from "./dom.js";
import { packed } from "./service.js";
import { marksTable } from "./teachmarks.js";
import { rubricOf } from "./teachsheet.js";

const LOOPBACK = /^https?:\/\/(localhost|127\.|\[::1\])/;

/**
 * Make the buttons work.
 *
 * @param {() => Sheet} sheet
 * @param {(work: () => Promise<void>) => Promise<void>} attempt Does it, and shows what is refused.
 * @param {() => void} onchange
 */
export function filesOf(sheet, attempt, onchange) {
  const address = /** @type {HTMLInputElement} */ (at("address"));
  const hint = () => {
    at("address-hint").textContent = LOOPBACK.test(address.value)
      ? "This address leads to this computer alone: put the one in that your platform reaches."
      : "It is written into the folder.";
  };
  address.value = sheet().address || location.origin;
  hint();
  address.addEventListener("input", () => {
    sheet().address = address.value;
    hint();
    onchange();
  });
  at("take-rubric").addEventListener("click", () => {
    const rubric = rubricOf(sheet());
    save(`${rubric.id}.json`, new Blob([`${JSON.stringify(rubric, null, 1)}\n`], { type: "application/json" }));
  });
  at("take-marks").addEventListener("click", () => {
    save(`${sheet().id}_marks.csv`, new Blob([marksTable(sheet())], { type: "text/csv" }));
  });
  for (const platform of ["gradescope", "prairielearn"]) {
    at(`take-${platform}`).addEventListener("click", () =>
      attempt(async () => {
        const rubric = rubricOf(sheet());
        save(`${rubric.id}_${platform}.zip`, await packed(rubric, platform, address.value));
      }),
    );
  }
}

/** Hand a file to the browser. @param {string} name @param {Blob} content */
function save(name, content) {
  const url = URL.createObjectURL(content);
  element("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000); // once the browser has certainly begun to read it
}
