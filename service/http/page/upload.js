/**
 * A model of another program: a file that is chosen or dropped is read and judged, and its report opened.
 *
 * @typedef {import("api").components["schemas"]["ImportAnswer"]} ImportAnswer
 * @typedef {import("api").components["schemas"]["Source"]} Source
 */

import { at, element, fill } from "./dom.js";
import { Away, Refused, importModel } from "./service.js";

/** @type {Record<string, Source>} By the end of a file's name; a JSON file says itself what it is. */
const SOURCES = { keras: "keras", h5: "keras", hdf5: "keras", pt2: "torch", onnx: "onnx" };
const KNOWN = "Files that are read: .keras, .h5, Keras' JSON, .pt2, .onnx, and config.json of Hugging Face.";
const MOST_PLACES = 20;

/** The panel of the page in which that is done. */
export class Upload {
  /** @param {(digest: string) => void} open @param {{name: string, summary: string}[]} presets */
  constructor(open, presets) {
    this.open = open;
    /** @type {File | null} */
    this.file = null;
    this.digest = "";
    this.asking = new AbortController();
    this.input = /** @type {HTMLInputElement} */ (at("upload-file"));
    this.sizes = /** @type {HTMLInputElement} */ (at("upload-sizes"));
    this.preset = /** @type {HTMLSelectElement} */ (at("upload-preset"));
    this.preset.append(...presets.map(({ name, summary }) => element("option", { value: name, title: summary }, name)));
    this.listen();
  }

  listen() {
    this.input.addEventListener("change", () => this.take(this.input.files?.[0]));
    at("upload-again").addEventListener("click", () => this.judge());
    this.sizes.addEventListener("keydown", ({ key }) => void (key === "Enter" && this.judge()));
    window.addEventListener("hashchange", () => this.leave());
    for (const name of ["dragover", "dragleave", "drop"]) {
      document.addEventListener(name, (event) => this.drag(/** @type {DragEvent} */ (event)));
    }
  }

  /** Files may be dropped anywhere on the page; a browser would open them. @param {DragEvent} event */
  drag(event) {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    at("upload").classList.toggle("over", event.type === "dragover");
    if (event.type === "drop") this.take(event.dataTransfer.files[0]);
  }

  /** @param {File | undefined} file */
  take(file) {
    if (!file) return;
    this.file = file;
    this.sizes.value = "";
    this.judge();
  }

  /** Read the file and judge what is in it; a later file is waited for in place of an earlier one. */
  async judge() {
    const { file } = this;
    if (!file) return;
    this.asking.abort();
    this.asking = new AbortController();
    const { signal } = this.asking;
    this.clear();
    at("upload-said").textContent = `Reading and judging ${file.name} …`;
    try {
      const source = await sourceOf(file);
      if (source) this.show(file, await importModel(source, file, this.query, signal));
      else this.refuse(`${file.name} is no model that is read here. ${KNOWN}`);
    } catch (error) {
      if (signal.aborted) return;
      this.fail(error);
    }
  }

  /** What is said beside the file. */
  get query() {
    const said = { input: this.sizes.value.trim().replaceAll(/\s*[x×,]\s*/g, "x"), preset: this.preset.value };
    return Object.fromEntries(Object.entries(said).filter(([, value]) => value));
  }

  /** @param {File} file @param {ImportAnswer} answer */
  show(file, { format, parameters, assumed, report }) {
    this.digest = report?.digest ?? "";
    at("upload-said").textContent = `${file.name}: ${format}, ${parameters.toLocaleString("en")} parameters.`;
    fill(at("upload-assumed"), ...assumed.map(({ sentence }) => element("li", {}, sentence)));
    at("upload-assumptions").hidden = assumed.length === 0;
    this.offer();
    this.open(this.digest);
  }

  /** @param {unknown} error */
  fail(error) {
    if (!(error instanceof Refused || error instanceof Away)) throw error;
    this.refuse(error.message);
    if (!(error instanceof Refused)) return;
    const { code, errors } = error.problem;
    const places = errors.filter(({ detail }) => !error.message.includes(detail)).slice(0, MOST_PLACES);
    fill(at("upload-places"), ...places.map(({ detail }) => element("li", {}, detail)));
    this.offer();
    if (code === "input-needed") this.sizes.focus();
  }

  /** What may be said beside the file can be said now. */
  offer() {
    at("upload-beside").hidden = false;
  }

  /** @param {string} sentence */
  refuse(sentence) {
    at("upload-said").textContent = "";
    at("upload-refusal").textContent = sentence;
    at("upload-refusal").hidden = false;
  }

  clear() {
    for (const id of ["upload-said", "upload-refusal", "upload-places", "upload-assumed"]) fill(at(id));
    for (const id of ["upload-refusal", "upload-assumptions"]) at(id).hidden = true;
  }

  /** Another report, or none, is looked at: what was said of the file is of it no more. */
  leave() {
    if (this.digest && location.hash !== `#report:${this.digest}`) {
      this.digest = "";
      this.file = null;
      this.input.value = "";
      at("upload-beside").hidden = true;
      this.clear();
    }
  }
}

/**
 * The program that a file is of, by its name, or by what a JSON file says; null where it is of none.
 *
 * @param {File} file
 * @returns {Promise<Source | null>}
 */
async function sourceOf(file) {
  const ending = file.name.slice(file.name.lastIndexOf(".") + 1).toLowerCase();
  if (ending !== "json") return Object.hasOwn(SOURCES, ending) ? SOURCES[ending] : null;
  const text = await file.text();
  return text.includes('"class_name"') || !text.includes('"model_type"') ? "keras" : "huggingface";
}
