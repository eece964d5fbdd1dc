# Java 11 and newer by openapi-generator, over the JDK's HttpClient; Jackson comes from the generator's own archive.
NEEDS="java javac /usr/share/java/jakarta-annotation-api.jar /usr/share/java/httpmime.jar"
archive() { echo "$TOOLS"/openapi-generator/lib/python*/site-packages/openapi_generator_cli/openapi-generator.jar; }
libraries() { echo "$(archive):/usr/share/java/jakarta-annotation-api.jar:/usr/share/java/httpmime.jar:/usr/share/java/httpcore.jar:/usr/share/java/httpclient.jar"; }
generate() {
  java -jar "$(archive)" generate -i "$DOCUMENT" -g java -c "$HERE/config.yaml" -o "$BUILD/client"
}
check() {
  mkdir -p "$BUILD/out" && find "$BUILD/client/src/main/java" "$HERE" -name '*.java' > "$BUILD/sources" &&
    javac -Werror -proc:none -cp "$(libraries)" -d "$BUILD/out" "@$BUILD/sources"
}
names() { (cd "$BUILD/client/src/main/java/org/gradientverdict/client" && ls model api | grep -oP '^\w+(?=\.java)'; grep -hoP '^  public \w+ \K(create|get|list)\w+(?=\()' api/*.java); }
run() { java -cp "$BUILD/out:$(libraries)" Program "$URL" "$HERE/../model.json"; }
