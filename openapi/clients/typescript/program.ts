// Judge networks, meet a problem, fetch a table, read a ResNet block back, import a model of Keras: with openapi-fetch, over the types that openapi-typescript generates.
import { readFile } from "node:fs/promises";
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

/** A residual block of two convolutions, each with a batch norm, on small images. */
function resnet(): Schemas["SimulationSpec"] {
  const kernel: Schemas["Layer"] = { kind: "convolution", filters: 4, size: [3], padding: "same" };
  const inside: Schemas["Layer"][] = [
    kernel,
    { kind: "batch_norm" },
    { kind: "activation", activation: { kind: "relu" } },
    kernel,
    { kind: "batch_norm" },
  ];
  const block: Schemas["Layer"] = { kind: "residual", layers: inside, activation: { kind: "relu" } };
  const layers: Schemas["Layer"][] = [block, { kind: "global_pooling" }, { kind: "dense", units: 2 }];
  return { network: { input: { kind: "image", height: 6, width: 6, channels: 4 }, defaults: "resnet", layers }, trials: 4 };
}

const client = createClient<paths>({
  baseUrl: process.argv[2] ?? "http://127.0.0.1:8000",
  headers: { Authorization: `Bearer ${process.env.KEY}` },
});

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

const { data: judged } = await client.POST("/v1/simulations", { body: resnet() });
const { data: kept } = await client.GET("/v1/simulations/{digest}", { params: { path: { digest: judged?.digest ?? "" } } });
if (kept === undefined) throw new Error("the report is not kept");
const block = kept.spec.network.layers[0];
if (block?.kind !== "residual") throw new Error("there is no block");
console.log("inside the block:", block.layers.map((layer) => layer.kind).join(", "));
const rows = kept.layers.filter((row) => row.inside);
console.log("parameters of the block:", rows.reduce((sum, row) => sum + row.parameters, 0));

const file = new Blob([await readFile(process.argv[3] ?? "model.json")]);
const { data: found } = await client.POST("/v1/imports/{source}", {
  params: { path: { source: "keras" } },
  headers: { "Content-Type": "application/octet-stream" },
  body: "",
  bodySerializer: () => file,
});
console.log(`imported from Keras: ${found?.specification.network.layers.length} layers, ${found?.parameters} parameters`);
