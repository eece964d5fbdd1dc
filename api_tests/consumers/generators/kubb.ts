import axios from "axios";
import { createSimulation, getSimulationLayers, problemSchema, simulationReportSchema } from "./client/index.js";
import type { Layer, SimulationSpec } from "./client/index.js";

const baseURL = process.argv[2] ?? "";
const dense = (units: number, kind: "sigmoid" | "softmax"): Layer => ({ kind: "dense", units, activation: { kind } });
const spec = (layers: Layer[]): SimulationSpec => ({ network: { features: 8, layers } });
const nested = (second: "sigmoid" | "softmax") =>
  spec([{ kind: "repeat", times: 5, layers: [dense(8, "sigmoid"), dense(8, second)] }, { kind: "dense", units: 1 }]);

const report = await createSimulation(nested("sigmoid"), { baseURL });
console.log("label:", report.verdict.label);
const shallow = await createSimulation(spec([{ kind: "dense", units: 1 }]), { baseURL });
console.log("depth ratio of a single layer:", shallow.verdict.depth_ratio.median);
const refused: unknown = await createSimulation(nested("softmax"), { baseURL }).catch((error: unknown) => error);
if (!axios.isAxiosError(refused)) throw refused;
const problem = problemSchema.parse(refused.response?.data);
console.log("pointer of the fault:", problem.errors[0]?.pointer, problem.code);
const table = await getSimulationLayers(report.digest, { baseURL });
console.log("rows of the table:", table.trimEnd().split("\n").length);

const bias = { kind: "explicit" as const, values: [[0.1, -0.2, 0.3]] };
const kept = await createSimulation(spec([{ kind: "dense", units: 3, bias }, { kind: "dense", units: 1 }]), { baseURL });
simulationReportSchema.parse(kept);
