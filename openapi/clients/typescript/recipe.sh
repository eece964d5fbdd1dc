# TypeScript by openapi-typescript (types alone) and openapi-fetch (6 kB over fetch).
NEEDS=""
generate() {
  ln -sfn "$NODE_MODULES" "$BUILD/node_modules" && cp "$HERE"/program.ts "$HERE"/../tsconfig.json "$BUILD" &&
    echo '{"type": "module"}' > "$BUILD/package.json" &&
    openapi-typescript "$DOCUMENT" -o "$BUILD/schema.d.ts" --default-non-nullable false
}
check() { cd "$BUILD" && tsc -p .; }
names() { sed -n '/^    schemas: {/,/^    };/p' "$BUILD/schema.d.ts" | grep -oP '^        \K\w+(?=[:?])'; grep -oP '^    (?=create|get|list)\K\w+(?=:)' "$BUILD/schema.d.ts"; }
run() { cd "$BUILD" && node out/program.js "$URL" "$HERE/../model.json"; }
