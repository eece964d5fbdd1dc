// Judge a network, meet a problem, fetch a table: with the client that @hey-api/openapi-ts generates.
import { client } from "./client/client.gen.js";
import { createSimulation, getSimulationLayers } from "./client/index.js";
import type { Activation, Layer, SimulationSpec } from "./client/index.js";

/** Five times a block of two layers, and an output; no layer but the last may be a softmax. */
function nested(second: Activation): SimulationSpec {
  const block: Layer[] = [
    { kind: "dense", units: 8, activation: { kind: "sigmoid" } },
    { kind: "dense", units: 8, activation: second },
  ];
  return { network: { features: 8, layers: [{ kind: "repeat", times: 5, layers: block }, { kind: "dense", units: 1 }] } };
}

client.setConfig({ baseUrl: process.argv[2] ?? "http://127.0.0.1:8000" });

const { data: report } = await createSimulation({ body: nested({ kind: "sigmoid" }) });
if (report === undefined) throw new Error("there is no report");
console.log("label:", report.verdict.label);

const single: SimulationSpec = { network: { features: 8, layers: [{ kind: "dense", units: 1 }] } };
const { data: shallow } = await createSimulation({ body: single });
const ratio: number | null | undefined = shallow?.verdict.depth_ratio.median;
console.log("depth ratio of a single layer:", ratio);

const { error: problem } = await createSimulation({ body: nested({ kind: "softmax" }) });
console.log("pointer of the fault:", problem?.errors[0]?.pointer);

const { data: table } = await getSimulationLayers({ path: { digest: report.digest }, parseAs: "text" });
console.log("rows of the table:", table?.trimEnd().split("\r\n").length);
