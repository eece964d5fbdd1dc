/**
 * The layers of a report as a table; where they are many, a tree that folds, open where something is wrong.
 *
 * @typedef {import("api").components["schemas"]["LayerStatistics"]} Layer
 * @typedef {import("./service.js").Report} Report
 * @typedef {import("./folding.js").Line} Line
 * @typedef {(number: number | null | undefined) => string} Written
 * @typedef {object} Column
 * @property {string} name
 * @property {string} meaning
 * @property {(layer: Layer) => number | null | undefined} number
 * @property {Written} [written] Decades, unless said otherwise.
 * @property {string} [requires] A field of layers without which it is left out.
 * @property {boolean} [ofOutput] Whether it is about what comes out: of layers in a row, that of the last.
 */

import { element } from "./dom.js";
import { every, kindsOf, labelOf } from "./folding.js";
import { decades, percent, short } from "./numbers.js";

const DEEPEST = 8; // the styles know no more

/** @type {Column[]} */
const COLUMNS = [
  { name: "δ", meaning: "log10 of the norm of δ, the gradient that arrives at the layer", number: (layer) => layer.log10_delta_norm.median, ofOutput: true },
  { name: "gain", meaning: "Decades from the next layer to this one", number: (layer) => layer.log10_backward_gain.median },
  { name: "weights", meaning: "The weights' share of the gain", number: (layer) => layer.log10_gain.weights?.median },
  { name: "slope", meaning: "The share of the activation's slope φ′ in the gain", number: (layer) => layer.log10_gain.derivative?.median },
  { name: "norms", meaning: "The share of normalisation", number: ({ log10_gain: of }) => of.normalisation?.median, requires: "normalisation" },
  { name: "blocks", meaning: "The share of blocks in which signals meet", number: ({ log10_gain: of }) => of.skip?.median, requires: "skip" },
  { name: "others", meaning: "The share of all other layers", number: ({ log10_gain: of }) => of.other?.median, requires: "other" },
  { name: "signal", meaning: "log10 of the root mean square of the outputs", number: (layer) => layer.log10_forward_rms.median, ofOutput: true },
  { name: "separation", meaning: "log10 of how far apart the directions of samples are", number: (layer) => layer.log10_angular_spread.median, ofOutput: true },
  { name: "of tokens", meaning: "The same over the steps of each sample", number: (layer) => layer.log10_token_spread?.median, requires: "log10_token_spread", ofOutput: true },
  { name: "along time", meaning: "Decades from the last step to the first", number: (layer) => layer.time?.time_ratio.median, requires: "time" },
  { name: "entropy", meaning: "Of an attention's weights, in nats", number: (layer) => layer.attention?.entropy.median, written: short, requires: "attention" },
  { name: "by softmax", meaning: "Share of the gradient through it", number: (layer) => layer.attention?.softmax_share.median, written: percent, requires: "attention" },
  { name: "∂e/∂W", meaning: "log10 of its norm", number: (layer) => layer.log10_weight_gradient_norm.median },
  { name: "rms φ′", meaning: "Root mean square of the derivative", number: (layer) => layer.derivative?.rms, written: short },
  { name: "saturated", meaning: "Share of saturated units", number: (layer) => layer.saturated_fraction, written: percent },
  { name: "dead", meaning: "Share of dead units", number: (layer) => layer.dead_fraction, written: percent },
];

/** Whether a layer has a number in that field, or in that account of its gain. @param {Layer} layer @param {string} field */
export function has(layer, field) {
  const values = /** @type {Record<string, unknown>} */ ({ ...layer, ...layer.log10_gain });
  return values[field] !== null && values[field] !== undefined;
}

/** The columns that some layer has a number for. @param {Layer[]} layers */
export function columnsOf(layers) {
  return COLUMNS.filter(({ requires }) => !requires || layers.some((layer) => has(layer, requires)));
}

/** The kind of a layer and its activation; in a plain stack the activation says enough. @param {Layer} layer */
function kindOf({ kind, activation }) {
  const words = kind === "dense" && activation !== null ? activation : kind.replaceAll("_", " ");
  const unsaid = activation === null || activation === "linear" || words === activation;
  return unsaid ? words : `${words} · ${activation}`;
}

/** The name of a layer, its kind and its activation. @param {Layer} layer */
export function layerName(layer) {
  return layer.name === null ? kindOf(layer) : `${layer.name}: ${kindOf(layer)}`;
}

/**
 * How deep each layer stands in others: those that follow it in the same block and whose pointers its own begins with.
 *
 * @param {Layer[]} layers
 * @returns {number[]}
 */
export function depthsOf(layers) {
  /** @type {Set<string>} */
  let around = new Set();
  const depths = [...layers].reverse().map(({ inside, path }) => {
    if (!inside) around = new Set();
    const depth = [...around].filter((outer) => path.startsWith(`${outer}/`)).length;
    around.add(path);
    return inside ? Math.max(1, depth) : 0;
  });
  return depths.reverse();
}

/**
 * A row of the table, with the cells of its columns.
 *
 * @param {Line} line
 * @param {Column[]} columns
 * @param {{depth?: number, around?: string[], marked?: boolean, attributes?: import("./dom.js").Attributes}} [how]
 * @returns {HTMLTableRowElement}
 */
export function rowOf(line, columns, { depth = 0, around = [], marked = false, attributes = {} } = {}) {
  const end = endOf(line);
  const count = every(line).reduce((sum, { parameters }) => sum + parameters, 0);
  const bold = line.layers.length === 1 && line.layers[0].boundary;
  return element(
    "tr",
    { ...(bold ? { class: "boundary" } : {}), ...attributes },
    element("th", { scope: "row" }, numberOf(line)),
    element("td", { class: `name in-${Math.min(depth, DEEPEST)}` }, ...nameOf(line, around, marked)),
    element("td", {}, end.layers[0].shape.join(" × ")),
    element("td", {}, count.toLocaleString("en")),
    ...columns.map((column) => cellOf(column, line, end)),
  );
}

/** The names of the columns above a table. @param {Column[]} columns */
export function headOf(columns) {
  const first = [
    element("th", { scope: "col" }, "layer"),
    element("th", { scope: "col", class: "name" }, "kind"),
    element("th", { scope: "col", title: "What comes out for one sample" }, "shape"),
    element("th", { scope: "col", title: "How many are trained" }, "parameters"),
  ];
  const others = columns.map(({ name, meaning }) => element("th", { scope: "col", title: meaning }, name));
  return element("thead", {}, element("tr", {}, ...first, ...others));
}

/**
 * A row for each layer, from input to output; the chart in numbers.
 *
 * @param {Report} report
 * @returns {HTMLTableElement}
 */
export function layersTable({ layers }) {
  const [columns, depths] = [columnsOf(layers), depthsOf(layers)];
  const nested = depths.some((depth) => depth > 0) ? "; those inside a block are above it, and further in" : "";
  const rows = layers.map((layer, place) => rowOf(single(layer), columns, { depth: depths[place] }));
  return element(
    "table",
    {},
    element("caption", {}, `Every layer: medians over the trials, in decades${nested}`),
    headOf(columns),
    element("tbody", {}, ...rows),
  );
}

/** The line of a layer that folds around nothing. @param {Layer} layer @returns {Line} */
export function single(layer) {
  return { layers: [layer], inside: [], times: 1, copies: [] };
}

/** What the signal comes out of. @param {Line} line @returns {Line} */
function endOf(line) {
  return line.layers.length ? line : endOf(line.inside[line.inside.length - 1]);
}

/** The number of its layer, or of the first and the last. @param {Line} line */
function numberOf(line) {
  if (line.layers.length === 1) return String(line.layers[0].index);
  const all = every(line);
  return line.copies.length || !line.layers.length ? `${all[0].index}–${all[all.length - 1].index}` : `${line.layers[0].index} …`;
}

/** Its name, with that quiet which it begins with as something around it does. @param {Line} line @param {string[]} around @param {boolean} marked */
function nameOf(line, around, marked) {
  const label = labelOf(line);
  const starts = around.filter((one) => one && label.startsWith(one) && /^[./_]/.test(label.slice(one.length)));
  const start = starts.reduce((longest, one) => (one.length > longest.length ? one : longest), "");
  const kind = line.layers.length ? kindOf(line.layers[0]) : kindsOf(line.inside, kindOf);
  const words = [label.slice(start.length), kind].filter(Boolean).join(": ");
  const times = line.times > 1 ? ` × ${line.times}` : "";
  return [
    marked ? element("b", { class: "trouble", title: "A finding names it, numbers overflow, or the gradient dies" }, "! ") : null,
    start ? element("span", { class: "soft" }, start) : null,
    `${words}${times}`,
  ];
}

/** The number of a line: the median over its layers, from the least to the most of them. @param {Column} column @param {Line} line @param {Line} end */
function cellOf({ number, written = decades, ofOutput = false }, line, end) {
  if (!line.layers.length && !ofOutput) return element("td");
  const found = end.layers.flatMap((layer) => number(layer) ?? []).sort((one, other) => one - other);
  if (!found.length) return element("td", {}, written(null));
  const middle = (found.length - 1) / 2;
  const median = (found[Math.floor(middle)] + found[Math.ceil(middle)]) / 2;
  const [least, most] = [written(found[0]), written(found[found.length - 1])];
  return element("td", {}, written(median), least === most ? null : element("small", {}, `${least}…${most}`));
}
