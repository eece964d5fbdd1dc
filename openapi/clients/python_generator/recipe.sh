# Python by openapi-generator: Pydantic models, unions in wrappers, errors as exceptions.
# Its own code does not pass mypy --strict, so the program alone is checked.
NEEDS="java"
generate() {
  java -jar "$TOOLS"/openapi-generator/lib/python*/site-packages/openapi_generator_cli/openapi-generator.jar generate \
    -i "$DOCUMENT" -g python --additional-properties=packageName=gradient_verdict_client -o "$BUILD/client"
}
check() { cd "$BUILD/client" && MYPYPATH=. "$TOOLS/openapi-generator/bin/mypy" --follow-imports=silent "$HERE/program.py"; }
names() { (cd "$BUILD/client/gradient_verdict_client" && grep -rhoP '^class \K\w+' models api; grep -hoP '^    def \K[a-z]\w*' api/*.py | grep -v '_with_http_info$\|_without_preload_content$'); }
run() { PYTHONPATH="$BUILD/client" "$TOOLS/openapi-generator/bin/python" "$HERE/program.py" "$URL" "$HERE/../model.json"; }
