# TypeScript by @hey-api/openapi-ts: a function for each operation, named types.
NEEDS=""
generate() {
  ln -sfn "$NODE_MODULES" "$BUILD/node_modules" && cp "$HERE"/program.ts "$HERE"/../tsconfig.json "$BUILD" &&
    echo '{"type": "module"}' > "$BUILD/package.json" && cd "$BUILD" &&
    openapi-ts -f "$HERE/openapi-ts.config.mjs"
}
check() { cd "$BUILD" && tsc -p .; }
names() { grep -oP '^export type \K\w+' "$BUILD/client/types.gen.ts"; grep -oP '^export const \K\w+' "$BUILD/client/sdk.gen.ts"; }
run() { cd "$BUILD" && node out/program.js "$URL" "$HERE/../model.json"; }
