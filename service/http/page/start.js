/** The page begins: what can be chosen is asked for, and what the address says is opened. */

import { kindsOf } from "./choices.js";
import { at } from "./dom.js";
import { fillGlossary } from "./glossary.js";
import { Laboratory } from "./laboratory.js";
import { Away, Refused, catalog } from "./service.js";
import { Upload } from "./upload.js";

const WIDE = "(min-width: 60rem)";

async function start() {
  fillGlossary();
  if (window.matchMedia(WIDE).matches) at("more-weights").setAttribute("open", "");
  try {
    const known = await catalog();
    new Laboratory(kindsOf(known), known.charts).open(location.hash);
    new Upload((digest) => void (location.hash = `report:${digest}`), known.presets);
  } catch (error) {
    if (!(error instanceof Away) && !(error instanceof Refused)) throw error;
    at("note").textContent = error.message;
    at("note").hidden = false;
  }
}

start();
