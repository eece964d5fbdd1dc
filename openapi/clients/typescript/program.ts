// Judge a network, meet a problem, fetch a table: with openapi-fetch, over the types that openapi-typescript generates.
import createClient from "openapi-fetch";
import type { components, paths } from "./schema.js";

type Schemas = components["schemas"];

/** Five times a block of two layers, and an output; no layer but the last may be a softmax. */
function nested(second: Schemas["Activation"]): Schemas["SimulationSpec"] {
  const block: Schemas["Layer"][] = [
    { kind: "dense", units: 8, activation: { kind: "sigmoid" } },
    { kind: "dense", units: 8, activation: second },
  ];
  return { network: { features: 8, layers: [{ kind: "repeat", times: 5, layers: block }, { kind: "dense", units: 1 }] } };
}

const client = createClient<paths>({ baseUrl: process.argv[2] ?? "http://127.0.0.1:8000" });

const { data: report } = await client.POST("/v1/simulations", { body: nested({ kind: "sigmoid" }) });
if (report === undefined) throw new Error("there is no report");
console.log("label:", report.verdict.label);

const single = { network: { features: 8, layers: [{ kind: "dense" as const, units: 1 }] } };
const { data: shallow } = await client.POST("/v1/simulations", { body: single });
const ratio: number | null | undefined = shallow?.verdict.depth_ratio.median;
console.log("depth ratio of a single layer:", ratio);

const { error: problem } = await client.POST("/v1/simulations", { body: nested({ kind: "softmax" }) });
console.log("pointer of the fault:", problem?.errors[0]?.pointer);

const { data: table } = await client.GET("/v1/simulations/{digest}/layers.csv", {
  params: { path: { digest: report.digest } },
  parseAs: "text",
});
console.log("rows of the table:", table?.trimEnd().split("\r\n").length);
