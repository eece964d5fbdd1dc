/**
 * Examples to begin with: those of the course, and classics.
 *
 * @typedef {import("./networks.js").Network} Network
 * @typedef {{id: string, group: string, title: string, sentence: string, networks: Network[]}} Preset
 */

import { at, element } from "./dom.js";
import { choice, network } from "./networks.js";

const BEGIN = "The course's networks, and classics of the field.";
const STANH = choice("stanh");
const A_RELU = choice("a_relu", { a: 0.1 });
const EXU = choice("exu", { beta: 1.05, u: 1.67 });
/** As in the course's assignment: the networks that its answers are judged by. */
const COURSE = { width: 128, features: 128, depth: 2, seed: 2 };
const DEEP_COURSE = { width: 64, features: 64, depth: 20, trials: 16, seed: 2 };

/** @type {Preset[]} */
export const PRESETS = [
  {
    id: "d-e-f",
    group: "The course",
    title: "d, e and f at depth 20, compared",
    sentence:
      "The bounds alone call stanh exploding and EXU the most vanishing. " +
      "Measured, EXU is the stablest and stanh collapses.",
    networks: [STANH, A_RELU, EXU].map((activation) => network({ activation, depth: 20, width: 128, features: 128 })),
  },
  one("d", "The course", "d: stanh, 2 layers", "Two hidden layers are too few for its gradient to fail.", {
    ...COURSE,
    activation: STANH,
  }),
  one("e", "The course", "e: a-ReLU, 2 layers", "It loses a little in every layer, and two are few.", {
    ...COURSE,
    activation: A_RELU,
  }),
  one("f", "The course", "f: EXU, 2 layers", "Like SELU: the gradient keeps its size.", {
    ...COURSE,
    activation: EXU,
  }),
  one("d-deep", "The course", "d: stanh, 20 layers", "Near 0 it is z²: the signal collapses, and the gradient with it.", {
    ...DEEP_COURSE,
    activation: STANH,
  }),
  one("e-deep", "The course", "e: a-ReLU, 20 layers", "A factor of 0.71 with every layer: after twenty layers little is left.", {
    ...DEEP_COURSE,
    activation: A_RELU,
  }),
  one("f-deep", "The course", "f: EXU, 20 layers", "Still stable at this depth, and it grows slowly: with many more layers it explodes.", {
    ...DEEP_COURSE,
    activation: EXU,
  }),
  one("relu-glorot", "Classics", "ReLU, 50 layers, Glorot", "Half of the variance is lost in every layer, ×0.7.", {
    activation: choice("relu"),
    weights: choice("glorot_normal"),
    depth: 50,
    width: 64,
  }),
  one("relu-he", "Classics", "ReLU, 50 layers, He", "Variance 2/n makes up for the half that ReLU cuts away.", {
    activation: choice("relu"),
    weights: choice("he_normal"),
    depth: 50,
    width: 64,
  }),
  one("sigmoid", "Classics", "Sigmoid, 10 layers", "A slope of at most 1/4: the textbook's vanishing gradient.", {
    activation: choice("sigmoid"),
  }),
  one("tanh", "Classics", "Tanh, 50 layers, N(0, 1/n)", "At the edge of chaos: it fades with depth, but slowly.", {
    activation: choice("tanh"),
    depth: 50,
    width: 64,
  }),
  one("chaos", "Classics", "Tanh with large weights", "Saturated units, and yet the gradient explodes: chaos.", {
    activation: choice("tanh"),
    weights: choice("variance_scaling", { scale: 9 }),
    depth: 20,
    width: 64,
  }),
  one("selu", "Classics", "SELU, 50 layers, LeCun", "Made for N(0, 1/n): mean 0 and variance 1 keep themselves.", {
    activation: choice("selu"),
    weights: choice("lecun_normal"),
    depth: 50,
    width: 64,
  }),
  one("orthogonal", "Classics", "Linear, 50 layers, orthogonal", "Every step is a rotation: nothing is lost.", {
    activation: choice("linear"),
    weights: choice("orthogonal"),
    depth: 50,
  }),
];

/**
 * The select of examples; what is chosen is no example any more once it is changed.
 *
 * @param {(networks: Network[]) => void} load
 * @returns {{forget: () => void}}
 */
export function presetSelect(load) {
  const select = /** @type {HTMLSelectElement} */ (at("preset"));
  select.append(element("option", { value: "" }, "Choose one …"), ...groups());
  select.addEventListener("change", () => {
    const preset = PRESETS.find(({ id }) => id === select.value);
    if (!preset) return;
    load(preset.networks);
    show(preset.id, preset.sentence);
  });

  /** @param {string} id @param {string} sentence */
  function show(id, sentence) {
    select.value = id;
    at("preset-sentence").textContent = sentence;
  }
  return { forget: () => show("", BEGIN) };
}

/** @returns {HTMLOptGroupElement[]} */
function groups() {
  return [...new Set(PRESETS.map(({ group }) => group))].map((label) => {
    const presets = PRESETS.filter(({ group }) => group === label);
    return element("optgroup", { label }, ...presets.map(({ id, title }) => element("option", { value: id }, title)));
  });
}

/**
 * An example of one network.
 *
 * @param {string} id
 * @param {string} group
 * @param {string} title
 * @param {string} sentence
 * @param {Partial<Network>} parts
 * @returns {Preset}
 */
function one(id, group, title, sentence, parts) {
  return { id, group, title, sentence, networks: [network(parts)] };
}
