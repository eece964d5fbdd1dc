/**
 * The line through a map on which a quantity is zero, as the path of an SVG drawing whose unit is a cell.
 *
 * @typedef {(column: number, row: number) => number | null} Field What is known at the middle of a cell.
 * @typedef {[number, number]} Pair
 * @typedef {[columns: Pair, rows: Pair]} Part The cells between two columns and two rows.
 */

import { clamp } from "./numbers.js";

/**
 * The path through one part of a map, empty where nothing changes its sign; between the middles of cells it is
 * interpolated, and it reaches the edges of the part.
 *
 * @param {Field} field
 * @param {Part} part
 * @returns {string}
 */
export function zeroLine(field, part) {
  const [[left, right], [top, bottom]] = part;
  const pieces = [];
  for (let column = left - 1; column < right; column++) {
    for (let row = top - 1; row < bottom; row++) pieces.push(...piecesOf(field, [column, row], part));
  }
  return pieces.join("");
}

/**
 * The pieces of the line in the square between the middles of four cells; outermost cells are their own neighbours.
 *
 * @param {Field} field
 * @param {Pair} corner
 * @param {Part} part
 * @returns {string[]}
 */
function piecesOf(field, [column, row], part) {
  const corners = [[0, 0], [1, 0], [1, 1], [0, 1]].map(([right, down]) => {
    const place = [column + right, row + down];
    const [x, y] = place.map((cell, axis) => clamp(cell + 0.5, ...part[axis]));
    const [inner, upper] = place.map((cell, axis) => clamp(cell, part[axis][0], part[axis][1] - 1));
    return { x, y, value: field(inner, upper) };
  });
  const spots = corners.flatMap((corner, place) => crossing(corner, corners[(place + 1) % 4]));
  const pairs = [spots.slice(0, 2), spots.slice(2, 4)].filter((pair) => pair.length === 2);
  return pairs.map(([from, to]) => `M${from}L${to}`);
}

/**
 * @typedef {{x: number, y: number, value: number | null}} Corner
 * @param {Corner} from
 * @param {Corner} to
 * @returns {string[]} where between them the value is zero
 */
function crossing(from, to) {
  if (from.value === null || to.value === null || from.value < 0 === to.value < 0) return [];
  const share = from.value / (from.value - to.value);
  return [`${round(from.x + share * (to.x - from.x))} ${round(from.y + share * (to.y - from.y))}`];
}

/** @param {number} value */
function round(value) {
  return Number(value.toFixed(3));
}
