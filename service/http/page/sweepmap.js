/**
 * The map of a sweep: a cell for each network, coloured by its depth ratio, with the line where theory's changes sign.
 *
 * It is a grid by the pattern of the ARIA Authoring Practices: one cell is in the order of tabs, arrows lead to the
 * others, Enter opens.
 *
 * @typedef {import("./sweepaxes.js").Axis} Axis
 * @typedef {import("./sweepaxes.js").Value} Value
 * @typedef {import("./sweepjob.js").Point} Point
 * @typedef {{open: (point: Point) => void, look: (words: string) => void}} Actions
 * @typedef {import("./sweepline.js").Part} Part
 * @typedef {(decades: number) => string} Colour
 */

import { drawing, element, fill } from "./dom.js";
import { decades } from "./numbers.js";
import { inShort, placeInWords, valuesOf } from "./sweepaxes.js";
import { zeroLine } from "./sweepline.js";
import { outcomeOf, stateOf } from "./sweepwords.js";

const MOST_COLUMN_NAMES = 8;
const MOST_ROW_NAMES = 13;
const TO_COME = "not there yet";

/** Cells that fill as results come. */
export class HeatMap {
  /** @param {HTMLElement} host @param {Actions} actions */
  constructor(host, actions) {
    this.host = host;
    this.actions = actions;
    /** @type {Axis[]} */
    this.axes = [];
    /** @type {Value[][]} */
    this.values = [];
    /** @type {HTMLElement[]} */
    this.cells = []; // by the numbers of their points
    /** @type {(Point | null)[]} */
    this.points = [];
    this.current = 0; // in the order of tabs
    this.told = 0; // what is said of it stands below
    this.colour = /** @type {Colour} */ (() => "");
    this.lines = ["halo", "line"].map((name) => drawing("path", { class: name }));
    host.addEventListener("click", (event) => this.open(this.indexOf(event.target)));
    host.addEventListener("keydown", (event) => this.press(event));
    host.addEventListener("focusin", (event) => this.attend(this.indexOf(event.target)));
    host.addEventListener("pointerover", (event) => this.tell(this.indexOf(event.target)));
  }

  get columns() {
    return this.values[0].length;
  }

  get rows() {
    return this.values[1].length;
  }

  /**
   * An empty map: the first axis from left to right, the second from below upwards.
   *
   * @param {Axis[]} axes
   * @param {Colour} colour
   */
  put(axes, colour) {
    this.axes = axes;
    this.colour = colour;
    this.values = [valuesOf(axes[0]), axes[1] ? valuesOf(axes[1]) : [""]];
    const places = Array.from({ length: this.columns * this.rows }, (_, index) => index);
    this.points = places.map(() => null);
    this.cells = places.map((index) => this.cell(index));
    this.current = 0;
    const rows = this.values[1].map((_, row) => this.row(row)).reverse();
    const { columns, rows: count } = this;
    const view = { class: "critical", viewBox: `0 0 ${columns} ${count}`, preserveAspectRatio: "none" };
    const overlay = drawing("svg", { ...view, "aria-hidden": "true" }, ...this.lines);
    fill(this.host, ...rows, this.columnNames(), overlay);
    this.host.style.setProperty("--columns", String(columns));
    this.host.style.setProperty("--rows", String(count));
    this.host.className = axes[1] ? "cells" : "cells single";
    this.drawLine();
    this.attend(0);
  }

  /** @param {Point[]} points */
  add(points) {
    for (const point of points) {
      this.points[point.index] = point;
      this.paint(point);
    }
    this.drawLine();
    this.tell(this.told);
  }

  /** The cell becomes the one in focus. @param {number} index */
  focus(index) {
    this.cells[index]?.focus();
  }

  /** @param {number} index @returns {HTMLElement} */
  cell(index) {
    const cell = element("div", { role: "gridcell", class: "cell", tabindex: -1, "data-index": index });
    cell.setAttribute("aria-label", this.inWords(index));
    return cell;
  }

  /** @param {number} row @returns {HTMLElement} */
  row(row) {
    const step = Math.ceil(this.rows / MOST_ROW_NAMES);
    const name = element("div", { role: "rowheader", class: "row-name" }, inShort(this.values[1][row]));
    name.classList.toggle("unnamed", row % step !== 0);
    const cells = this.values[0].map((_, column) => this.cells[column * this.rows + row]);
    return element("div", { role: "row", class: "row" }, name, ...cells);
  }

  /** @returns {HTMLElement} */
  columnNames() {
    const words = typeof this.values[0][0] === "string"; // they are turned, and have room for all of them
    const step = words ? 1 : Math.ceil((this.columns - 1) / MOST_COLUMN_NAMES);
    const names = this.values[0].map((value, column) => {
      const name = element("div", { role: "columnheader", class: "column-name" }, inShort(value));
      name.classList.toggle("unnamed", column % step !== 0);
      return name;
    });
    const corner = element("div", { role: "columnheader", class: "row-name" });
    return element("div", { role: "row", class: words ? "row words" : "row" }, corner, ...names);
  }

  /** @param {Point} point */
  paint({ index, verdict }) {
    const cell = this.cells[index];
    const state = stateOf(verdict);
    const ratio = verdict?.depth_ratio.median ?? 0;
    cell.className = `cell there ${state}`;
    this.host.classList.add(`has-${state}`);
    cell.style.background = state === "measured" ? this.colour(ratio) : "";
    cell.setAttribute("aria-label", this.inWords(index));
  }

  /** Where theory's depth ratio changes its sign, as far as it is known. */
  drawLine() {
    const field = (/** @type {number} */ column, /** @type {number} */ row) =>
      this.points[column * this.rows + this.rows - 1 - row]?.theory_depth_ratio ?? null;
    const path = this.parts.map((part) => zeroLine(field, part)).join("");
    for (const line of this.lines) line.setAttribute("d", path);
    this.host.classList.toggle("has-line", path !== "");
  }

  /** The whole map; of an axis of names each place by itself, for there is nothing between two of them. */
  get parts() {
    const [columns, rows] = this.values.map(({ length }, axis) => partsOf(length, !this.axes[axis]?.range));
    return columns.flatMap((column) => rows.map((row) => /** @type {Part} */ ([column, row])));
  }

  /** The column and the row of a point: the last axis varies fastest. @param {number} index */
  place(index) {
    return [Math.floor(index / this.rows), index % this.rows];
  }

  /** Where a cell is, in words. @param {number} index @returns {string} */
  placeOf(index) {
    const place = this.place(index);
    const values = this.axes.map(({ name }, axis) => [name, this.values[axis][place[axis]]]);
    return placeInWords(this.axes, Object.fromEntries(values));
  }

  /** @param {number} index @returns {string} */
  inWords(index) {
    const point = this.points[index];
    return `${this.placeOf(index)}: ${point ? outcomeOf(point) : TO_COME}`;
  }

  /** @param {EventTarget | null} target @returns {number} */
  indexOf(target) {
    const index = target instanceof HTMLElement ? target.dataset.index : undefined;
    return index === undefined ? -1 : Number(index);
  }

  /** @param {number} index */
  open(index) {
    const point = this.points[index];
    if (point) this.actions.open(point);
  }

  /** @param {number} index */
  attend(index) {
    if (index < 0) return;
    this.cells[this.current].tabIndex = -1;
    this.current = index;
    this.cells[index].tabIndex = 0;
    this.tell(index);
  }

  /** @param {number} index */
  tell(index) {
    if (index < 0) return;
    this.told = index;
    const point = this.points[index];
    const theory = point?.theory_depth_ratio ?? null;
    this.actions.look(this.inWords(index) + (theory === null ? "" : `; theory ${decades(theory)}`));
  }

  /** @param {KeyboardEvent} event */
  press(event) {
    const index = this.indexOf(event.target);
    if (index < 0 || event.ctrlKey || event.metaKey || event.altKey) return;
    const [column, row] = this.place(index);
    const moves = {
      ArrowLeft: [column - 1, row],
      ArrowRight: [column + 1, row],
      ArrowUp: [column, row + 1],
      ArrowDown: [column, row - 1],
      Home: [0, row],
      End: [this.columns - 1, row],
    };
    if (event.key === "Enter" || event.key === " ") this.open(index);
    else if (Object.hasOwn(moves, event.key)) this.move(moves[/** @type {keyof typeof moves} */ (event.key)]);
    else return;
    event.preventDefault();
  }

  /** @param {number[]} place */
  move([column, row]) {
    if (column >= 0 && column < this.columns && row >= 0 && row < this.rows) this.focus(column * this.rows + row);
  }
}

/**
 * @param {number} size
 * @param {boolean} apart
 * @returns {[number, number][]}
 */
function partsOf(size, apart) {
  return apart ? Array.from({ length: size }, (_, place) => [place, place + 1]) : [[0, size]];
}
