import axios from "axios";
import { Configuration, SimulationsApi, type Layer, type Problem, type SimulationSpec } from "./client/index.js";

const api = new SimulationsApi(new Configuration({ basePath: process.argv[2] ?? "" }));
const dense = (units: number, kind: "sigmoid" | "softmax"): Layer => ({ kind: "dense", units, activation: { kind } });
const spec = (layers: Layer[]): SimulationSpec => ({ network: { features: 8, layers } });
const nested = (second: "sigmoid" | "softmax") =>
  spec([{ kind: "repeat", times: 5, layers: [dense(8, "sigmoid"), dense(8, second)] }, { kind: "dense", units: 1 }]);

const report = await api.createSimulation(nested("sigmoid"));
console.log("label:", report.data.verdict.label);
const shallow = await api.createSimulation(spec([{ kind: "dense", units: 1 }]));
console.log("depth ratio of a single layer:", shallow.data.verdict.depth_ratio.median);
const refused: unknown = await api.createSimulation(nested("softmax")).catch((error: unknown) => error);
if (!axios.isAxiosError<Problem>(refused) || refused.response === undefined) throw refused;
console.log("pointer of the fault:", refused.response.data.errors[0]?.pointer, refused.response.data.code);
const table = await api.getSimulationLayers(report.data.digest);
console.log("rows of the table:", table.data.trimEnd().split("\n").length);
