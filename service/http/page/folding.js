/**
 * Layers as a tree in which what repeats stands once, as the report page and the terminal have it.
 *
 * Layers are alike where their kinds, activations, shapes and numbers of parameters are, and those of all inside them.
 *
 * @typedef {import("api").components["schemas"]["LayerStatistics"]} Layer
 * @typedef {object} Line One line of the tree.
 * @property {Layer[]} layers Those whose numbers it has; none where it stands for neighbours that are repeated together.
 * @property {Line[]} inside Of what is inside the layer; of all copies at once where it stands for several.
 * @property {number} times How often in a row it stands there.
 * @property {Line[][]} copies Each copy by itself; none within lines that stand for several already.
 * @typedef {{layer: Layer, children: Node[], mark: number, size: number}} Node
 */

export const MOST_ROWS = 40; // a table of more is folded
const LONGEST_PERIOD = 64;
const LEAST_SAVED = 2; // rows, or it is no fold
const MOST_KINDS = 3;
const CHAIN = /^(\/branches\/\d+|\/shortcut)/;
const DIGITS_BEHIND = /\d+$/;
const DIGITS_BEFORE = /^\d+/;

/** The lines of the top list. @param {Layer[]} layers @returns {Line[]} */
export function folded(layers) {
  return linesOf(treeOf(layers));
}

/** All layers that a line stands for, with those inside. @param {Line} line @returns {Layer[]} */
export function every({ layers, inside, copies }) {
  return copies.length ? copies.flat().flatMap(every) : [...inside.flatMap(every), ...layers];
}

/** What the names of its layers have in common, such as `layer1.1–5`. @param {Line} line @returns {string} */
export function labelOf({ layers, inside, copies }) {
  if (layers.length) return inCommon(layers.map(({ name }) => name));
  const names = (copies.length ? copies : [inside]).map((copy) =>
    beginning(copy.flatMap((line) => line.layers.map(({ name }) => name ?? ""))),
  );
  return inCommon(names);
}

/** The kinds of neighbours in words. @param {Line[]} lines @param {(layer: Layer) => string} word @returns {string} */
export function kindsOf(lines, word) {
  /** @type {[string, number][]} */
  const counts = [];
  for (const line of lines) {
    const kind = line.layers.length ? word(line.layers[0]) : kindsOf(line.inside, word);
    if (counts.at(-1)?.[0] === kind) counts[counts.length - 1][1] += 1;
    else counts.push([kind, 1]);
  }
  const words = counts.map(([kind, count]) => (count > 1 ? `${count} ${kind}` : kind));
  return [...words.slice(0, MOST_KINDS), ...(words.length > MOST_KINDS ? ["…"] : [])].join(", ");
}

/** The numbers of the layers that findings name, where numbers overflow first, and where the gradient dies.
 *
 * @param {import("./service.js").Report} report
 * @returns {Set<number>}
 */
export function troubled({ layers, findings }) {
  const paths = new Set(findings.map(({ path }) => path));
  const named = layers.filter(({ path }) => paths.has(path));
  const overflowing = layers.find((layer) => layer.non_finite_trials > 0);
  const dead = layers.findLast((layer) => layer.zero_trials > 0);
  return new Set([...named, overflowing, dead].flatMap((layer) => (layer ? [layer.index] : [])));
}

/** @param {Layer[]} layers @returns {Node[]} */
function treeOf(layers) {
  /** @type {Node[]} */
  const top = [];
  /** @type {Node[]} */
  const around = [];
  for (const layer of [...layers].reverse()) {
    while (around.length && !(layer.inside && standsIn(layer, around[around.length - 1].layer))) around.pop();
    const one = { layer, children: [], mark: 0, size: 1 };
    (around.at(-1)?.children ?? top).push(one);
    around.push(one);
  }
  /** @type {Map<string, number>} */
  const marks = new Map();
  for (const one of top) mark(one, "", marks);
  return top.reverse();
}

/** @param {Layer} layer @param {Layer} outer */
function standsIn(layer, outer) {
  if (layer.path === outer.path) return layer.kind !== outer.kind && outer.kind === "transformer_block";
  return layer.path.startsWith(`${outer.path}/`);
}

/** Number a node by what makes it alike to others. @param {Node} node @param {string} step @param {Map<string, number>} marks */
function mark(node, step, marks) {
  node.children.reverse();
  let before = "";
  for (const child of node.children) {
    const branch = CHAIN.exec(child.layer.path.slice(node.layer.path.length))?.[0] ?? "";
    mark(child, `${branch.replace(DIGITS_BEHIND, "")}${branch === before ? "" : "*"}`, marks);
    before = branch;
  }
  const { kind, activation, shape, parameters } = node.layer;
  const alike = JSON.stringify([kind, activation, shape, parameters, step, node.children.map((one) => one.mark)]);
  if (!marks.has(alike)) marks.set(alike, marks.size);
  node.mark = marks.get(alike) ?? 0;
  node.size = 1 + node.children.reduce((sum, one) => sum + one.size, 0);
}

/** @param {Node[]} nodes @returns {Line[]} */
function linesOf(nodes) {
  return runs(nodes).map(([at, period, times]) => {
    const some = nodes.slice(at, at + period * times);
    if (times === 1) return { layers: [some[0].layer], inside: linesOf(some[0].children), times, copies: [] };
    const copies = Array.from({ length: times }, (_, copy) => linesOf(some.slice(copy * period, (copy + 1) * period)));
    const unit = copies[0].map((_, place) => merged(copies.map((copy) => copy[place])));
    return period === 1 ? { ...unit[0], times, copies } : { layers: [], inside: unit, times, copies };
  });
}

/** One line for lines that are alike. @param {Line[]} alike @returns {Line} */
function merged(alike) {
  const inside = alike[0].inside.map((_, place) => merged(alike.map((one) => one.inside[place])));
  return { layers: alike.flatMap(({ layers }) => layers), inside, times: alike[0].times, copies: [] };
}

/** Where what stands in a row begins, how long it is, and how often it stands there. @param {Node[]} nodes @returns {[number, number, number][]} */
function runs(nodes) {
  const reach = reachOf(nodes.map((one) => one.mark));
  /** @type {[number, number, number][]} */
  const found = [];
  for (let at = 0; at < nodes.length; ) {
    let [period, times] = [1, 1];
    for (let other = 1; other < reach.length && at < reach[other].length; other += 1) {
      const often = Math.floor(reach[other][at] / other) + 1;
      if (often * other > period * times && saved(nodes, at, other, often) >= LEAST_SAVED) [period, times] = [other, often];
    }
    found.push([at, period, times]);
    at += period * times;
  }
  return found;
}

/** @param {Node[]} nodes @param {number} at @param {number} period @param {number} times */
function saved(nodes, at, period, times) {
  const rows = nodes.slice(at, at + period).reduce((sum, one) => sum + one.size, 0);
  return times > 1 ? (times - 1) * rows - (period > 1 ? 1 : 0) : 0;
}

/** For each period how far from each place on the marks are equal to those a period later. @param {number[]} marks */
function reachOf(marks) {
  /** @type {number[][]} */
  const found = [[]];
  for (let period = 1; period <= Math.min(LONGEST_PERIOD, Math.floor(marks.length / 2)); period += 1) {
    const ends = new Array(marks.length - period + 1).fill(0);
    for (let at = marks.length - period - 1; at >= 0; at -= 1) {
      ends[at] = marks[at] === marks[at + period] ? ends[at + 1] + 1 : 0;
    }
    found.push(ends);
  }
  return found;
}

/** @param {(string | null)[]} names @returns {string} */
function inCommon(names) {
  const known = [...new Set(names.filter((name) => name !== null && name !== ""))].map(String);
  if (known.length <= 1) return known.join("");
  const start = startOf(known).replace(DIGITS_BEHIND, "");
  const rests = known.map((name) => name.slice(start.length));
  const end = backwards(startOf(rests.map(backwards))).replace(DIGITS_BEFORE, "");
  const inner = rests.map((rest) => rest.slice(0, rest.length - end.length));
  const last = inner.length - 1;
  if (inner.every((one) => /^\d+$/.test(one))) return `${start}${inner[0]}–${inner[last]}${end}`;
  return `${known[0]} … ${known[last]}`;
}

/** What names begin with, up to a dot, slash or underscore. @param {string[]} names @returns {string} */
function beginning(names) {
  if (new Set(names).size <= 1) return names[0] ?? "";
  return /^(.+)[./_]/.exec(startOf(names.map((name) => `${name}.`)))?.[1] ?? "";
}

/** The characters that all begin with. @param {string[]} names @returns {string} */
function startOf(names) {
  const [first, ...others] = names.map((name) => [...name]);
  const differs = first.findIndex((letter, at) => others.some((letters) => letters[at] !== letter));
  return differs < 0 ? first.join("") : first.slice(0, differs).join("");
}

/** @param {string} text */
function backwards(text) {
  return [...text].reverse().join("");
}
