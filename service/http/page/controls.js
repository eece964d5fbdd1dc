/**
 * The form: one field for each part of a network; whatever is changed is handed on as the parts that changed.
 *
 * @typedef {import("./networks.js").Network} Network
 * @typedef {import("./networks.js").Choice} Choice
 * @typedef {import("./choices.js").Kinds} Kinds
 * @typedef {(parts: Partial<Network>) => void} Change
 */

/**
 * A control that shows a value; it tells of changes by what it was made with.
 *
 * @template Value
 * @typedef {{show: (value: Value) => void}} Field
 */

import { choiceField } from "./choices.js";
import { at } from "./dom.js";
import { formulaPanel } from "./formula.js";
import { DEFAULT, GAINS, LIMITS, POINTERS, choice } from "./networks.js";
import { numberField, sliderField, wordField } from "./fields.js";

const DEPTHS = [2, 5, 10, 20, 50, 100];
const WIDTHS = [8, 32, 128, 512];
const NEVER = ["explicit"];
const INITIALIZERS = { variance_scaling: "N(0, g/n) with a gain g" };
const BIAS_HINTS = { zeros: "No bias at the beginning, which is usual." };
const OUTPUT_HINTS = {
  sigmoid: "Between 0 and 1, for a probability; its slope of at most 1/4 stands before the whole error.",
  linear: "Any number; the error passes unchanged.",
};
const BIASES = ["zeros", "normal", "constant", "uniform", "explicit"];

/**
 * The form over `kinds`; `show` writes a network into it.
 *
 * @param {Kinds} kinds
 * @param {Change} change
 * @param {(sentence: string) => void} unread Told what is wrong with a formula while it is typed, and "" once nothing is.
 * @returns {Field<Network>}
 */
export function form(kinds, change, unread) {
  const choices = choiceFields(kinds, change);
  const numbers = numberFields(change);
  const gain = gainField(change);
  const panel = formulaPanel(at("formula"), (activation) => change({ activation }), unread);
  const precision = wordField(at("precision"), {
    label: "Precision",
    pointer: POINTERS.precision,
    words: ["float64", "float32"],
    onchange: (word) => change({ precision: word }),
  });
  at("linear-output").addEventListener("click", () => change({ output: choice("linear") }));

  /** @param {Network} net */
  function show(net) {
    for (const [part, field] of Object.entries(choices)) field.show(/** @type {any} */ (net)[part]);
    for (const [part, field] of Object.entries(numbers)) field.show(/** @type {any} */ (net)[part]);
    precision.show(net.precision);
    gain.show(net.weights);
    panel.show(net.activation);
    at("linear-output").hidden = net.output.kind === "linear";
  }
  return { show };
}

/**
 * @param {Kinds} kinds
 * @param {Change} change
 * @returns {Record<string, Field<Choice>>}
 */
function choiceFields({ activations, initializers, losses, policies }, change) {
  const activationNames = { expression: "your own formula …" };
  const notForBias = [...initializers.keys()].filter((kind) => !BIASES.includes(kind) || NEVER.includes(kind));
  return {
    activation: choiceField(at("activation"), {
      label: "Activation",
      pointer: POINTERS.activation,
      kinds: last(activations, "expression"),
      without: ["softmax"],
      names: activationNames,
      onchange: (activation) => change({ activation }),
    }),
    weights: choiceField(at("weights"), {
      label: "Initialiser",
      pointer: POINTERS.weights,
      kinds: first(initializers, "variance_scaling"),
      without: NEVER,
      names: INITIALIZERS,
      elsewhere: ["scale"],
      onchange: (weights) => change({ weights }),
    }),
    bias: choiceField(at("bias"), {
      label: "Bias",
      pointer: POINTERS.bias,
      kinds: first(initializers, "zeros"),
      without: notForBias,
      hints: BIAS_HINTS,
      onchange: (bias) => change({ bias }),
    }),
    output: choiceField(at("output-activation"), {
      label: "Activation of the output",
      pointer: POINTERS.output,
      kinds: activations,
      without: ["expression"],
      hints: OUTPUT_HINTS,
      onchange: (output) => change({ output }),
    }),
    outputWeights: choiceField(at("output-weights"), {
      label: "Weights of the output",
      pointer: POINTERS.outputWeights,
      kinds: first(initializers, DEFAULT.outputWeights.kind),
      without: NEVER,
      names: INITIALIZERS,
      onchange: (outputWeights) => change({ outputWeights }),
    }),
    outputBias: choiceField(at("output-bias"), {
      label: "Bias of the output",
      pointer: POINTERS.outputBias,
      kinds: first(initializers, "zeros"),
      without: notForBias,
      hints: BIAS_HINTS,
      onchange: (outputBias) => change({ outputBias }),
    }),
    loss: choiceField(at("loss"), {
      label: "Loss",
      pointer: POINTERS.loss,
      kinds: losses,
      onchange: (loss) => change({ loss }),
    }),
    policy: choiceField(at("policy"), {
      label: "Judged for",
      pointer: POINTERS.policy,
      kinds: first(policies, "sgd"),
      names: { sgd: "gradient descent (sgd)", adam: "Adam" },
      elsewhere: ["version", "vanishing_mild", "vanishing_severe", "exploding_mild", "exploding_severe"],
      onchange: ({ kind }) => change({ policy: choice(kind) }),
    }),
  };
}

/**
 * @param {Change} change
 * @returns {Record<string, Field<number>>}
 */
function numberFields(change) {
  /**
   * @param {string} id
   * @param {keyof typeof POINTERS} part
   * @param {string} label
   * @param {{min?: number, whole?: boolean}} [more]
   */
  function plain(id, part, label, more = {}) {
    const onchange = (/** @type {number} */ value) => change({ [part]: value });
    return numberField(at(id), { label, pointer: POINTERS[part], min: 1, onchange, ...more });
  }
  return {
    depth: sliderField(at("depth"), {
      label: "Depth",
      pointer: POINTERS.depth,
      range: /** @type {[number, number]} */ (LIMITS.depth),
      quick: DEPTHS,
      onchange: (depth) => change({ depth }),
    }),
    width: sliderField(at("width"), {
      label: "Width",
      pointer: POINTERS.width,
      range: /** @type {[number, number]} */ (LIMITS.width),
      scale: "log",
      quick: WIDTHS,
      onchange: (width) => change({ width }),
    }),
    units: plain("output-units", "units", "Outputs"),
    features: plain("features", "features", "Features"),
    std: plain("input-std", "std", "Standard deviation of the inputs", { min: 0, whole: false }),
    samples: plain("samples", "samples", "Samples in the batch"),
    trials: plain("trials", "trials", "Trials"),
    seed: plain("seed", "seed", "Seed", { min: 0 }),
  };
}

/**
 * The slider of the gain, there where the initialiser has one.
 *
 * @param {Change} change
 * @returns {Field<Choice>}
 */
function gainField(change) {
  let weights = choice("variance_scaling");
  const slider = sliderField(at("gain"), {
    label: "Gain g = n·Var W",
    pointer: `${POINTERS.weights}/scale`,
    range: [GAINS.lowest, GAINS.highest],
    scale: "log",
    fractions: true,
    quick: [0.5, 1, 2, 4],
    onchange: (scale) => change({ weights: { kind: weights.kind, values: { ...weights.values, scale } } }),
  });
  return {
    show(chosen) {
      weights = chosen;
      at("gain").hidden = chosen.kind !== "variance_scaling";
      slider.show(Number(chosen.values.scale ?? 1));
    },
  };
}

/**
 * @template Value
 * @param {Map<string, Value>} kinds
 * @param {string} name
 * @returns {Map<string, Value>}
 */
function first(kinds, name) {
  return new Map([...kinds].sort(([a], [b]) => Number(b === name) - Number(a === name)));
}

/**
 * @template Value
 * @param {Map<string, Value>} kinds
 * @param {string} name
 * @returns {Map<string, Value>}
 */
function last(kinds, name) {
  return new Map([...kinds].sort(([a], [b]) => Number(a === name) - Number(b === name)));
}
