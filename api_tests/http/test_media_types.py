"""Under which media type a grading is answered: JSON of each platform has one of its own."""

from service.grading.formats import FORMATS, FormatName
from service.http.responses import GradingResponse


def test_every_platforms_json_has_a_media_type_of_its_own() -> None:
    found = {name.value: kind for name, kind in GradingResponse.media_types.items()}
    assert found["native"] == "application/json"
    for name, written in FORMATS.items():
        if name != "native":
            own = f"application/vnd.gradient-verdict.{name.replace('_', '-')}+json"
            assert found[name] == (own if written.media_type == "application/json" else written.media_type)
            assert GradingResponse("{}", FormatName(name)).headers["content-type"].startswith(found[name])
