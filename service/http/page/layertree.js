/**
 * The panel of the layers: a table, or of many layers a tree (WAI-ARIA's treegrid) with a field that finds names in it.
 *
 * @typedef {import("./service.js").Report} Report
 * @typedef {import("./folding.js").Line} Line
 * @typedef {object} Entry What a row of the tree is of.
 * @property {string} key
 * @property {Line} line
 * @property {string[]} around The labels of what it is in.
 * @property {Entry[]} inside
 * @property {Entry[]} copies
 */

import { element, fill } from "./dom.js";
import { MOST_ROWS, every, folded, labelOf, troubled } from "./folding.js";
import { columnsOf, headOf, layerName, layersTable, rowOf, single } from "./layers.js";

const HOW =
  "Every layer: medians over the trials, in decades. What repeats is one row: the median of its layers, and below it the " +
  "least and the most. Rows unfold with → and fold with ←; open are those in which something is wrong, which ! marks.";

/** The panel while the page is open. */
export class LayerTree {
  /** @param {HTMLElement} host */
  constructor(host) {
    this.host = host;
    /** @type {Report | null} */
    this.report = null;
    /** @type {Entry[]} */
    this.entries = [];
    /** @type {Set<string>} */
    this.open = new Set();
    /** @type {Set<number>} */
    this.marks = new Set();
    this.active = "";
    this.search = element("input", { type: "search", placeholder: "Find layers by name or kind", "aria-label": "Find layers" });
    this.search.addEventListener("input", () => this.render());
    this.count = element("span", { class: "hint", role: "status" });
    this.place = element("div", { class: "scroll" });
  }

  /** Nothing of another network stands there. */
  clear() {
    this.report = null;
    this.entries = [];
    fill(this.host);
  }

  /** @param {Report} report */
  show(report) {
    if (report.layers.length <= MOST_ROWS) {
      this.clear();
      this.report = report;
      return fill(this.host, element("div", { class: "scroll", tabindex: 0 }, layersTable(report)));
    }
    if (this.report?.digest === report.digest) return;
    this.report = report;
    this.columns = columnsOf(report.layers);
    this.marks = troubled(report);
    this.open.clear();
    this.entries = folded(report.layers).map((line, place) => this.entryOf(line, String(place), [], true));
    this.active = this.entries[0].key;
    this.search.value = "";
    fill(this.host, element("p", { class: "find" }, this.search, this.count), element("p", { class: "hint" }, HOW), this.place);
    this.render();
  }

  /** Unfold what leads to the layer at a pointer, and go there. @param {string} path */
  reveal(path) {
    const way = this.wayTo(this.entries, path);
    if (!way.length) return this.host.scrollIntoView({ block: "nearest" });
    this.search.value = "";
    for (const entry of way.slice(0, -1)) this.open.add(entry.key);
    this.active = way[way.length - 1].key;
    this.render();
    this.focus();
  }

  /** The entries around the first layer with that pointer, and its own. @param {Entry[]} entries @param {string} path @returns {Entry[]} */
  wayTo(entries, path) {
    for (const entry of entries) {
      if (entry.line.layers.some((layer) => layer.path === path) && entry.line.times === 1) return [entry];
      const way = this.wayTo([...entry.copies, ...entry.inside], path);
      if (way.length) return [entry, ...way];
    }
    return [];
  }

  /** @param {Line} line @param {string} key @param {string[]} around @param {boolean} opens @returns {Entry} */
  entryOf(line, key, around, opens) {
    const labels = [...around, labelOf(line)];
    const wrong = line.copies.map((copy) => this.isWrong(copy));
    const alike = wrong.every(Boolean);
    if (opens && (this.isWrong(line.inside) || (!alike && wrong.some(Boolean)))) this.open.add(key);
    const copies = line.copies.map((copy) => (copy.length === 1 ? copy[0] : { layers: [], inside: copy, times: 1, copies: [] }));
    return {
      key,
      line,
      around,
      inside: line.inside.map((one, place) => this.entryOf(one, `${key}.${place}`, labels, opens && alike)),
      copies: copies.map((one, place) => this.entryOf(one, `${key}-${place}`, labels, opens && !alike)),
    };
  }

  /** @param {Line[]} lines */
  isWrong(lines) {
    return lines.flatMap(every).some(({ index }) => this.marks.has(index));
  }

  render() {
    const wanted = this.search.value.trim().toLowerCase();
    const rows = wanted ? this.found(wanted) : this.rows(this.entries, 1);
    const named = { role: wanted ? null : "treegrid", "aria-label": "Layers in numbers" };
    const table = element("table", named, headOf(this.columns ?? []), element("tbody", {}, ...rows));
    const total = this.report?.layers.length ?? 0;
    this.count.textContent = wanted ? `${rows.length} of ${total} layers` : `${total} layers`;
    if (!wanted) {
      table.addEventListener("keydown", (event) => this.press(event));
      table.addEventListener("click", (event) => this.click(event));
    }
    const { scrollTop, scrollLeft } = this.place;
    fill(this.place, table);
    Object.assign(this.place, { scrollTop, scrollLeft });
  }

  /** A row for each layer that has a text in its name, kind or pointer. @param {string} wanted */
  found(wanted) {
    const layers = this.report?.layers.filter((layer) => `${layer.index} ${layerName(layer)} ${layer.kind}`.toLowerCase().includes(wanted));
    return (layers ?? []).map((layer) => rowOf(single(layer), this.columns ?? [], { marked: this.marks.has(layer.index) }));
  }

  /** The rows that can be seen. @param {Entry[]} entries @param {number} level @returns {HTMLElement[]} */
  rows(entries, level) {
    return entries.flatMap((entry) => {
      const { key, line, around, inside, copies } = entry;
      const [folds, open] = [inside.length + copies.length > 0, this.open.has(key)];
      const attributes = {
        "data-key": key,
        "aria-level": level,
        "aria-expanded": folds ? String(open) : null,
        tabindex: key === this.active ? 0 : -1,
      };
      const marked = line.layers.some(({ index }) => this.marks.has(index));
      const row = rowOf(line, this.columns ?? [], { depth: level - 1, around, marked, attributes });
      if (!folds || !open) return [row];
      const both = inside.length > 0 && copies.length > 0;
      return [
        row,
        ...(both ? [this.heading(`All ${line.times} at once`, level)] : []),
        ...this.rows(inside, level + 1),
        ...(both ? [this.heading(`Each of the ${line.times} by itself`, level)] : []),
        ...this.rows(copies, level + 1),
      ];
    });
  }

  /** @param {string} text @param {number} level */
  heading(text, level) {
    const cell = element("td", { class: "name", colspan: 4 + (this.columns?.length ?? 0) }, text);
    return element("tr", { class: "heading", "aria-level": level + 1 }, cell);
  }

  /** @param {string} key @param {boolean} open */
  turn(key, open) {
    if (open) this.open.add(key);
    else this.open.delete(key);
    this.active = key;
    this.render();
    this.focus();
  }

  focus() {
    const row = this.place.querySelector(`[data-key="${this.active}"]`);
    if (row instanceof HTMLElement) row.focus();
  }

  /** @param {MouseEvent} event */
  click({ target }) {
    const row = target instanceof Element ? target.closest("tr[aria-expanded]") : null;
    if (row instanceof HTMLElement && !getSelection()?.toString()) this.turn(row.dataset.key ?? "", row.ariaExpanded !== "true");
  }

  /** As WAI-ARIA has it for a treegrid whose rows have the focus. @param {KeyboardEvent} event */
  press(event) {
    const { key } = event;
    const rows = [...this.place.querySelectorAll("tr[data-key]")].filter((row) => row instanceof HTMLElement);
    const at = rows.findIndex((row) => row === document.activeElement);
    if (at < 0) return;
    const row = rows[at];
    const [own, expanded] = [row.dataset.key ?? "", row.getAttribute("aria-expanded")];
    const parent = own.replace(/[.-]\d+$/, "");
    /** @type {Record<string, () => void>} */
    const keys = {
      ArrowDown: () => this.go(rows[at + 1]),
      ArrowUp: () => this.go(rows[at - 1]),
      Home: () => this.go(rows[0]),
      End: () => this.go(rows[rows.length - 1]),
      ArrowRight: () => (expanded === "false" ? this.turn(own, true) : expanded && this.go(rows[at + 1])),
      ArrowLeft: () => (expanded === "true" ? this.turn(own, false) : this.go(rows.find((one) => one.dataset.key === parent))),
      Enter: () => expanded && this.turn(own, expanded === "false"),
    };
    if (!keys[key]) return;
    event.preventDefault();
    keys[key]();
  }

  /** @param {HTMLElement | undefined} row */
  go(row) {
    if (!row) return;
    this.place.querySelector('tr[tabindex="0"]')?.setAttribute("tabindex", "-1");
    row.tabIndex = 0;
    this.active = row.dataset.key ?? "";
    row.focus();
  }
}
