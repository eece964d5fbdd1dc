/**
 * "Repair it": changes that the service has simulated, each with what it does, and the way to take it over.
 *
 * @typedef {import("api").components["schemas"]} Schemas
 * @typedef {Schemas["Prescription"]} Prescription
 * @typedef {import("./networks.js").Spec} Spec
 * @typedef {import("./networks.js").Network} Network
 * @typedef {object} Bench
 * @property {() => Spec} spec What is to be repaired.
 * @property {() => Network | null} network The network in the form; null where the form does not have it.
 * @property {(network: Network) => void} apply Show a network that the form can build.
 * @property {(digest: string) => void} open Show a report that it cannot.
 */

import { at, element, fill } from "./dom.js";
import { inSentences } from "./complaints.js";
import { patched, specOf } from "./networks.js";
import { chance, decades } from "./numbers.js";
import { Away, Refused, prescribe, simulate } from "./service.js";

const ASKING = "Changes are simulated …";
const NOTHING_TO_APPLY = "The network stays as it is: only training changes.";

/** The button and the list of changes; they are of one network, and are gone with it. */
export class Repair {
  /** @param {Bench} bench */
  constructor(bench) {
    this.bench = bench;
    this.asked = new AbortController();
    at("repair-ask").addEventListener("click", () => this.ask());
  }

  /** Another network is looked at. */
  clear() {
    this.asked.abort();
    fill(at("repairs"));
    this.say("");
    at("repair-ask").hidden = false;
  }

  /** @param {string} sentence */
  say(sentence) {
    at("repair-said").textContent = sentence;
  }

  async ask() {
    this.clear();
    this.asked = new AbortController();
    const { signal } = this.asked;
    this.say(ASKING);
    await this.unlessRefused(signal, async () => {
      const { summary, prescriptions } = await prescribe(this.bench.spec(), signal);
      if (signal.aborted) return;
      this.say(summary);
      fill(at("repairs"), ...prescriptions.map((one) => this.item(one)));
    });
  }

  /** @param {Prescription} prescription @returns {HTMLElement} */
  item({ sentence, before, after, patch, spec, lines }) {
    const take = element("button", { type: "button", onclick: () => this.take(patch, spec) }, "Apply");
    return element(
      "li",
      { class: "repair" },
      element("p", {}, sentence),
      element("p", { class: "before-after" }, beforeAfter(before, after)),
      lines ? linesOf(lines) : null,
      patch.length ? take : element("small", {}, NOTHING_TO_APPLY),
    );
  }

  /**
   * The network after a change: in the form where this says the same, else as a report.
   *
   * @param {Prescription["patch"]} patch
   * @param {Spec} spec
   */
  async take(patch, spec) {
    const { signal } = this.asked;
    await this.unlessRefused(signal, async () => {
      const { digest } = await simulate(spec, signal);
      const shown = this.bench.network();
      const network = shown && patched(shown, patch, spec);
      const same = network !== null && (await simulate(specOf(network), signal)).digest === digest;
      if (signal.aborted) return;
      if (same && network) this.bench.apply(network);
      else this.bench.open(digest);
    });
  }

  /** @param {AbortSignal} signal @param {() => Promise<void>} work */
  async unlessRefused(signal, work) {
    try {
      await work();
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof Refused) this.say(inSentences(error.problem));
      else if (error instanceof Away) this.say(error.message);
      else throw error;
    }
  }
}

/** @param {Schemas["Condition"]} before @param {Schemas["Condition"]} after */
function beforeAfter(before, after) {
  const both = [before, after];
  const risks = both.map(({ failure_risk: risk }) => chance(risk)).join(" → ");
  const ratios = both.map(({ label, ratio }) => `${label}${ratio === null ? "" : ` (${decades(ratio)})`}`).join(" → ");
  const mended = before.scale.filter((name) => !after.scale.includes(name)).map((name) => name.replaceAll("_", " "));
  return `risk ${risks} · ${ratios}${mended.length ? ` · mends ${mended.join(", ")}` : ""}`;
}

/** What to write in two frameworks. @param {Schemas["Lines"]} lines */
function linesOf({ pytorch, keras }) {
  const written = [
    ["PyTorch", pytorch],
    ["Keras", keras],
  ].flatMap(([name, text]) => [element("dt", {}, name), element("dd", {}, element("code", {}, text))]);
  return element("details", {}, element("summary", {}, "In PyTorch and Keras"), element("dl", { class: "lines" }, ...written));
}
