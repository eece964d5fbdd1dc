import { Api, type Layer, type SimulationSpec } from "./client.js";

const api = new Api({ baseUrl: process.argv[2] ?? "" });
const dense = (units: number, kind: "sigmoid" | "softmax"): Layer => ({ kind: "dense", units, activation: { kind } });
const spec = (layers: Layer[]): SimulationSpec => ({ network: { features: 8, layers } });
const nested = (second: "sigmoid" | "softmax") =>
  spec([{ kind: "repeat", times: 5, layers: [dense(8, "sigmoid"), dense(8, second)] }, { kind: "dense", units: 1 }]);

const report = await api.v1.createSimulation(nested("sigmoid"));
console.log("label:", report.data.verdict.label);
const shallow = await api.v1.createSimulation(spec([{ kind: "dense", units: 1 }]));
console.log("depth ratio of a single layer:", shallow.data.verdict.depth_ratio.median);
const refused = await api.v1.createSimulation(nested("softmax")).catch((answer) => answer);
const problem = await refused.json?.().catch(() => undefined) ?? refused.error;
console.log("pointer of the fault:", problem.errors[0]?.pointer, problem.code);
const table = await api.v1.getSimulationLayers(report.data.digest);
console.log("rows of the table:", (await table.text()).trimEnd().split("\n").length);
