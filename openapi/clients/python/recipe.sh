# Python by openapi-python-client: dataclasses, native unions, typed errors.
NEEDS=""
generate() {
  PATH="$TOOLS/openapi-python-client/bin:$PATH" openapi-python-client generate \
    --path "$DOCUMENT" --config "$HERE/config.yaml" --output-path "$BUILD/client" --overwrite
}
check() { cd "$BUILD/client" && "$TOOLS/openapi-python-client/bin/mypy" --strict gradient_verdict_client "$HERE/program.py"; }
names() { (cd "$BUILD/client" && grep -rhoP '^(class|def|async def) \K[A-Za-z]\w*' gradient_verdict_client/models gradient_verdict_client/api; ls gradient_verdict_client/api/*/*.py | xargs -n1 basename -s .py); }
run() { PYTHONPATH="$BUILD/client" "$TOOLS/openapi-python-client/bin/python" "$HERE/program.py" "$URL" "$HERE/../model.json"; }
