/**
 * All that goes over HTTP; what the service refuses is a `Refused` with its problem.
 *
 * @typedef {import("api").components["schemas"]} Schemas
 * @typedef {Schemas["SimulationReport"]} Report
 * @typedef {Schemas["Problem"]} Problem
 * @typedef {import("./networks.js").Spec} Spec
 * @typedef {import("./sweepjob.js").Job} Job
 * @typedef {import("./sweepjob.js").Points} Points
 */

export const SIMULATIONS = "/v1/simulations";
export const SWEEPS = "/v1/sweeps";
const JOBS = "/v1/jobs";
export const MOST_RESULTS = 1000;

/** What the service has against a request. */
export class Refused extends Error {
  /** @param {Problem} problem */
  constructor(problem) {
    super(problem.detail);
    this.problem = problem;
  }
}

/** The service does not answer. */
export class Away extends Error {}

/**
 * The report of a simulation.
 *
 * @param {Spec} spec
 * @param {AbortSignal} signal
 * @returns {Promise<Report>}
 */
export function simulate(spec, signal) {
  return post(SIMULATIONS, spec, signal);
}

/**
 * A model of another program, with the report of its specification.
 *
 * @param {Schemas["Source"]} source
 * @param {File} file
 * @param {Record<string, string>} beside What is said beside the file.
 * @param {AbortSignal} signal
 * @returns {Promise<Schemas["ImportAnswer"]>}
 */
export async function importModel(source, file, beside, signal) {
  const query = new URLSearchParams({ simulate: "true", ...beside });
  const headers = { "Content-Type": "application/octet-stream" };
  return read(await ask(`/v1/imports/${source}?${query}`, { method: "POST", headers, body: file, signal }));
}

/**
 * Changes that mend a network, each of them simulated.
 *
 * @param {Spec} spec
 * @param {AbortSignal} signal
 * @returns {Promise<Schemas["Prescriptions"]>}
 */
export function prescribe(spec, signal) {
  return post("/v1/prescriptions", spec, signal);
}

/**
 * A report that was made before.
 *
 * @param {string} digest
 * @param {AbortSignal} signal
 * @returns {Promise<Report>}
 */
export async function report(digest, signal) {
  return read(await ask(`${SIMULATIONS}/${digest}`, { signal }));
}

/**
 * What a simulation would cost.
 *
 * @param {Spec} spec
 * @param {AbortSignal} [signal]
 * @returns {Promise<Schemas["Estimate"]>}
 */
export function estimate(spec, signal) {
  return post("/v1/estimates", spec, signal);
}

/**
 * All that is known of an activation.
 *
 * @param {unknown} activation
 * @param {AbortSignal} signal
 * @returns {Promise<Schemas["ActivationProfile"]>}
 */
export function profile(activation, signal) {
  return post("/v1/activations/profile", { activation }, signal);
}

/**
 * Claims about an activation, with their solutions.
 *
 * @param {import("./networks.js").Choice} activation
 * @returns {Promise<Schemas["Proposals"]>}
 */
export async function proposals({ kind, values: { formula, parameters, ...numbers } }) {
  const own = kind === "expression";
  const named = Object.entries(numbers).map((pair) => pair.join(" = "));
  const query = new URLSearchParams({
    activation: String(own ? formula : kind),
    parameters: own ? String(parameters) : named.join(", "),
  });
  return read(await ask(`/v1/rubrics/proposals?${query}`));
}

/**
 * The gradings of some answers by one rubric; null where there are none.
 *
 * @param {unknown} rubric
 * @param {(Record<string, unknown> | null)[]} sheets
 * @returns {Promise<(Schemas["Grading"] | null)[]>}
 */
export function gradings(rubric, sheets) {
  return Promise.all(sheets.map((answers) => (answers ? post("/v1/gradings", { rubric, answers }) : null)));
}

/**
 * A folder for a platform with this rubric in it, as a ZIP.
 *
 * @param {unknown} rubric
 * @param {string} platform
 * @param {string} address Where the platform finds the service.
 * @returns {Promise<Blob>}
 */
export async function packed(rubric, platform, address) {
  const query = new URLSearchParams({ format: platform, service_url: address });
  const response = await send(`/v1/rubrics/package?${query}`, { rubric });
  return response.ok ? response.blob() : read(response);
}

/**
 * Every kind of every family, and every chart.
 *
 * @returns {Promise<Schemas["Catalog"]>}
 */
export async function catalog() {
  return read(await ask("/v1/catalog"));
}

/**
 * A sweep, accepted.
 *
 * @param {unknown} sweep
 * @returns {Promise<Job>}
 */
export async function createSweep(sweep) {
  return post(SWEEPS, sweep);
}

/**
 * Accepted work, and how far it is.
 *
 * @param {string} id
 * @param {AbortSignal} [signal]
 * @returns {Promise<Job>}
 */
export async function job(id, signal) {
  return read(await ask(`${JOBS}/${id}`, { signal }));
}

/**
 * Work that is ended before it is done.
 *
 * @param {string} id
 * @returns {Promise<Job>}
 */
export async function cancelJob(id) {
  return read(await ask(`${JOBS}/${id}`, { method: "DELETE" }));
}

/**
 * A page of a sweep's results: all that are there, also behind some that are missing.
 *
 * @param {Job} job
 * @param {string} cursor
 * @param {AbortSignal} signal
 * @returns {Promise<Points>}
 */
export async function results({ links }, cursor, signal) {
  const query = new URLSearchParams({ limit: String(MOST_RESULTS), cursor, over_gaps: "true" });
  return read(await ask(`${links.results}?${query}`, { signal }));
}

/**
 * A chart of a report, as Vega-Lite.
 *
 * @param {string} url
 * @param {AbortSignal} signal
 * @returns {Promise<import("./charts.js").Chart>}
 */
export async function chart(url, signal) {
  return read(await ask(url, { signal }));
}

/**
 * Where a chart of a report is, in one of its formats; `digests` beyond the first are laid over it.
 *
 * @param {string[]} digests
 * @param {string} chartName
 * @param {"json" | "svg" | "png"} format
 * @param {string} theme
 * @returns {string}
 */
export function chartUrl([first, ...others], chartName, format, theme) {
  const query = new URLSearchParams({ chart: chartName, theme });
  others.forEach((digest) => query.append("with", digest));
  return `${SIMULATIONS}/${first}/chart.${format}?${query}`;
}

/**
 * Where a document about a report is.
 *
 * @param {string} digest
 * @param {"report.html" | "layers.csv"} name
 * @returns {string}
 */
export function documentUrl(digest, name) {
  return `${SIMULATIONS}/${digest}/${name}`;
}

/**
 * @template Answer
 * @param {string} path
 * @param {unknown} body
 * @param {AbortSignal} [signal]
 * @returns {Promise<Answer>}
 */
async function post(path, body, signal) {
  return read(await send(path, body, signal));
}

/**
 * @param {string} path
 * @param {unknown} body
 * @param {AbortSignal} [signal]
 * @returns {Promise<Response>}
 */
function send(path, body, signal) {
  const headers = { "Content-Type": "application/json" };
  return ask(path, { method: "POST", headers, body: JSON.stringify(body), signal });
}

/**
 * @param {string} url
 * @param {RequestInit} [options]
 * @returns {Promise<Response>}
 */
async function ask(url, options) {
  try {
    return await fetch(url, options);
  } catch (error) {
    if (error instanceof TypeError) throw new Away("The service does not answer."); // what fetch says of networks
    throw error;
  }
}

/**
 * @template Answer
 * @param {Response} response
 * @returns {Promise<Answer>}
 */
async function read(response) {
  const answer = await response.json();
  if (!response.ok) throw new Refused(answer);
  return answer;
}
