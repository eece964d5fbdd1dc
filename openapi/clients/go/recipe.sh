# Go by openapi-generator. The validator it imports is taken from Debian (golang-gopkg-validator.v2-dev), as nothing is fetched.
VALIDATOR=/usr/share/gocode/src/gopkg.in/validator.v2
NEEDS="java $VALIDATOR"
export GOFLAGS=-mod=mod GOPROXY=off GOCACHE="$BUILD/../go-cache"
generate() {
  java -jar "$TOOLS"/openapi-generator/lib/python*/site-packages/openapi_generator_cli/openapi-generator.jar generate \
    -i "$DOCUMENT" -g go -c "$HERE/config.yaml" -o "$BUILD/client" &&
    rm -rf "$BUILD/client/test" && mkdir -p "$BUILD/validator" "$BUILD/client/program" &&
    find "$VALIDATOR" -name '*.go' ! -name '*_test.go' -exec cp {} "$BUILD/validator" \; &&
    printf 'module gopkg.in/validator.v2\n\ngo 1.23\n' > "$BUILD/validator/go.mod" &&
    cp "$HERE/program.go" "$BUILD/client/program" && cp "$HERE/go.mod.txt" "$BUILD/client/go.mod"
}
check() { cd "$BUILD/client" && "$TOOLS/go/bin/go" vet . ./program; }
names() { cd "$BUILD/client" && grep -hoP '^type \K[A-Z]\w*(?= (struct|string))' ./*.go; grep -hoP '^func \(a \*\w+Service\) \K[A-Z]\w*' ./*.go; }
run() { cd "$BUILD/client" && "$TOOLS/go/bin/go" run ./program "$URL" "$HERE/../model.json"; }
