import { createSimulation, getSimulationLayers, type Layer, type SimulationSpec } from "./client.js";

const request = globalThis.fetch;
globalThis.fetch = (path, options) => request(new URL(String(path), process.argv[2]), options);
const dense = (units: number, kind: "sigmoid" | "softmax"): Layer => ({ kind: "dense", units, activation: { kind } });
const spec = (layers: Layer[]): SimulationSpec => ({ network: { features: 8, layers } });
const nested = (second: "sigmoid" | "softmax") =>
  spec([{ kind: "repeat", times: 5, layers: [dense(8, "sigmoid"), dense(8, second)] }, { kind: "dense", units: 1 }]);

const report = await createSimulation(nested("sigmoid"));
if (report.status !== 200) throw new Error(`${report.status}`);
console.log("label:", report.data.verdict.label);
const shallow = await createSimulation(spec([{ kind: "dense", units: 1 }]));
if (shallow.status !== 200) throw new Error(`${shallow.status}`);
console.log("depth ratio of a single layer:", shallow.data.verdict.depth_ratio.median);
const refused = await createSimulation(nested("softmax"));
if (refused.status !== 422) throw new Error(`${refused.status}`);
console.log("pointer of the fault:", refused.data.errors[0]?.pointer, refused.data.code);
const table = await getSimulationLayers(report.data.digest);
if (table.status !== 200) throw new Error(`${table.status}`);
console.log("rows of the table:", table.data.trimEnd().split("\n").length);
