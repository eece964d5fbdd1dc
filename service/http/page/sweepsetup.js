/**
 * Where a sweep is chosen: its axes, how large it is, and its start.
 *
 * @typedef {import("./networks.js").Network} Network
 * @typedef {import("./sweepaxes.js").Axis} Axis
 * @typedef {import("./sweepjob.js").Job} Job
 * @typedef {import("./choices.js").Kinds} Kinds
 * @typedef {{job: Job, axes: Axis[], base: Network}} Started
 * @typedef {{base: () => Network, started: (sweep: Started) => void}} Actions
 */

import { Complaints } from "./complaints.js";
import { at, element, fill } from "./dom.js";
import { OPERATIONS_A_SECOND, soon } from "./judging.js";
import { specOf } from "./networks.js";
import { Away, Refused, createSweep, estimate } from "./service.js";
import { NAMED, PAIRS, fixedInWords, middleOf, sizeOf } from "./sweepaxes.js";
import { AxisFields } from "./sweepfields.js";
import { inTime } from "./sweepwords.js";

const SIZE_MILLISECONDS = 300;

/** The panel of a sweep that is to be. */
export class SweepSetup {
  /** @param {Kinds} kinds @param {Actions} actions */
  constructor(kinds, actions) {
    this.actions = actions;
    this.kinds = kinds;
    this.complaints = new Complaints(at("sweep-setup"), at("sweep-refusal"));
    this.sizeSoon = soon(SIZE_MILLISECONDS, () => this.size());
    this.x = this.fields("sweep-x", "Left to right", 0);
    this.y = this.fields("sweep-y", "Upwards", 1);
    this.sized = 0;
    const presets = PAIRS.map(({ title, axes }) =>
      element("button", { type: "button", onclick: () => this.choose(axes) }, title),
    );
    fill(at("sweep-presets"), ...presets);
    at("sweep-start").addEventListener("click", () => this.start());
    this.show(PAIRS[0].axes);
  }

  /** @param {string} id @param {string} title @param {number} place @returns {AxisFields} */
  fields(id, title, place) {
    return new AxisFields(at(id), {
      title,
      place,
      kinds: this.kinds,
      optional: place > 0,
      onchange: () => this.change(),
      onchoose: (chosen, before) => this.put(place, chosen, before),
    });
  }

  /**
   * One axis is another: what the other one is already changes places with it.
   *
   * @param {number} place
   * @param {Axis | null} chosen
   * @param {Axis | null} before
   */
  put(place, chosen, before) {
    const other = [this.y, this.x][place].axis;
    const taken = chosen !== null && other?.name === chosen.name;
    const free = Object.values(NAMED).find(({ preset }) => preset.name !== chosen?.name)?.preset ?? null;
    const pair = taken ? [other, before ?? free] : [chosen, other];
    const [x, y] = place === 0 ? pair : pair.reverse();
    this.choose([x, y].flatMap((axis) => axis ?? []));
  }

  /** The axes as they are chosen. */
  get axes() {
    return [this.x.axis, this.y.axis].flatMap((axis) => axis ?? []);
  }

  /** What is asked for. */
  get request() {
    return { base: specOf(this.actions.base()), combine: "product", axes: this.axes };
  }

  /** @param {Axis[]} axes */
  show(axes) {
    this.x.show(axes[0]);
    this.y.show(axes[1] ?? null);
  }

  /** @param {Axis[]} axes */
  choose(axes) {
    this.show(axes);
    this.change();
  }

  /** After any change, of the axes or of the network that they vary. */
  change() {
    const pressed = PAIRS.findIndex(({ axes }) => JSON.stringify(axes) === JSON.stringify(this.axes));
    [...at("sweep-presets").children].forEach((button, place) =>
      button.setAttribute("aria-pressed", String(place === pressed)),
    );
    at("sweep-base").textContent = `All else stays as in the network: ${fixedInWords(this.actions.base(), this.axes)}.`;
    this.sizeSoon();
  }

  /** How many networks it is, and about how long they take. */
  async size() {
    const mine = ++this.sized;
    const faults = [...this.x.faults, ...this.y.faults];
    const total = this.axes.reduce((product, axis) => product * sizeOf(axis), 1);
    at("sweep-size").textContent = faults.length ? "" : `${total} networks`;
    if (faults.length || at("sweep-view").hidden) return;
    const seconds = await this.secondsEach();
    if (mine === this.sized && seconds !== null) {
      at("sweep-size").textContent = `${total} networks, about ${inTime(total * seconds)}`;
    }
  }

  /** @returns {Promise<number | null>} null where there is no telling */
  async secondsEach() {
    try {
      const spec = specOf(middleOf(this.actions.base(), this.axes));
      return (await estimate(spec)).floating_point_operations / OPERATIONS_A_SECOND;
    } catch (error) {
      if (error instanceof Refused || error instanceof Away) return null; // said once somebody starts it
      throw error;
    }
  }

  async start() {
    const button = /** @type {HTMLButtonElement} */ (at("sweep-start"));
    const { axes, request } = this;
    const base = structuredClone(this.actions.base());
    this.complaints.forgive();
    const errors = [...this.x.faults, ...this.y.faults];
    if (errors.length) return this.complaints.show({ detail: "", errors });
    button.disabled = true;
    try {
      this.actions.started({ job: await createSweep(request), axes, base });
    } catch (error) {
      this.tell(error);
    } finally {
      button.disabled = false;
    }
  }

  /** @param {unknown} error */
  tell(error) {
    if (error instanceof Refused) this.complaints.show(error.problem);
    else if (error instanceof Away) this.complaints.say(error.message);
    else throw error;
  }
}
