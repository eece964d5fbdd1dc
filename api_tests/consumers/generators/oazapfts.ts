import * as api from "./client.js";

api.defaults.baseUrl = process.argv[2] ?? "";
const dense = (units: number, kind: "sigmoid" | "softmax") => ({ kind: "dense" as const, units, activation: { kind } });
const spec = (layers: api.Layer[]) => ({ network: { features: 8, layers } });
const nested = (second: "sigmoid" | "softmax"): api.SimulationSpec =>
  spec([{ kind: "repeat", times: 5, layers: [dense(8, "sigmoid"), dense(8, second)] }, { kind: "dense", units: 1 }]);

const report = await api.createSimulation(nested("sigmoid"));
if (report.status !== 200) throw new Error(`${report.status}`);
console.log("label:", report.data.verdict.label);
const shallow = await api.createSimulation(spec([{ kind: "dense", units: 1 }]));
if (shallow.status !== 200) throw new Error(`${shallow.status}`);
console.log("depth ratio of a single layer:", shallow.data.verdict.depth_ratio.median);
const refused = await api.createSimulation(nested("softmax"));
if (refused.status !== 422) throw new Error(`${refused.status}`);
console.log("pointer of the fault:", refused.data.errors[0]?.pointer, refused.data.code);
const table = await api.getSimulationLayers(report.data.digest);
if (table.status !== 200) throw new Error(`${table.status}`);
console.log("rows of the table:", String(table.data).trimEnd().split("\n").length);
