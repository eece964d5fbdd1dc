"""A file of another program, chosen or dropped, is judged on the page; what is refused or asked for is said there."""

import json
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from api_tests.page.conftest import Open
from api_tests.page.laboratory import Laboratory
from service.http.examples import example

MODEL: dict[str, Any] = example("models")["keras"]["value"]
DROP = """([name, text]) => {
  const data = new DataTransfer();
  data.items.add(new File([text], name));
  const happen = (type) => document.body.dispatchEvent(
    new DragEvent(type, { dataTransfer: data, bubbles: true, cancelable: true }));
  happen("dragover");
  return !happen("drop");
}"""


def written(folder: Path, model: Any, name: str = "model.json") -> Path:
    file = folder / name
    file.write_text(json.dumps(model), encoding="utf-8")
    return file


def changed(**fields: Any) -> Any:
    """The model, the fields of its first layer with other values."""
    model = json.loads(json.dumps(MODEL))
    model["config"]["layers"][0]["config"].update(fields)
    return model


def chosen(page: Laboratory, file: Path) -> None:
    page.page.get_by_label("Choose a file of Keras").set_input_files(file)


def upload(page: Laboratory) -> Any:
    return page.page.get_by_role("region", name="Your own model")


def is_judged(page: Laboratory, name: str = "model.json") -> None:
    expect(upload(page)).to_contain_text(f"{name}: Keras 2.4.0, to_json(), 50,890 parameters.")
    page.page.locator("body.kept[data-digest]").wait_for()


def test_a_file_that_is_chosen_is_judged_and_its_assumptions_are_told(open_page: Open, tmp_path: Path) -> None:
    page = open_page()
    chosen(page, written(tmp_path, MODEL))
    is_judged(page)
    expect(upload(page).get_by_role("listitem")).to_have_text([
        "No loss is named, so it is cross_entropy, as the output's activation is softmax."
    ])  # fmt: skip
    expect(page.page.locator("#kept")).to_contain_text("This network was not built here")
    page.page.get_by_text("Layers in numbers").first.click()
    expect(page.page.locator("#layers-table")).to_contain_text("hidden")
    page.rest_is_drawn()
    page.photograph("upload")
    assert page.page.url.endswith(f"#report:{page.page.evaluate('document.body.dataset.digest')}")
    page.page.get_by_role("link", name="Build a network of your own").click()
    expect(page.form).to_be_visible()
    expect(upload(page).get_by_role("listitem")).to_have_count(0)
    expect(page.page.locator("#upload-beside")).to_be_hidden()


def test_a_file_may_be_dropped_anywhere_and_is_not_opened_by_the_browser(open_page: Open) -> None:
    page = open_page()
    assert page.page.evaluate(DROP, ["dropped.json", json.dumps(MODEL)])
    is_judged(page, "dropped.json")


def test_a_size_that_the_file_leaves_open_is_asked_for(open_page: Open, tmp_path: Path) -> None:
    page = open_page()
    chosen(page, written(tmp_path, changed(batch_input_shape=[None, None])))
    sizes = page.page.get_by_label("Sizes of one input")
    expect(sizes).to_be_focused()
    expect(upload(page).get_by_role("alert")).not_to_be_empty()
    sizes.fill("784")
    sizes.press("Enter")
    is_judged(page)
    expect(upload(page).get_by_role("alert")).to_be_hidden()


def test_what_is_not_understood_is_told_with_all_its_places(open_page: Open, tmp_path: Path) -> None:
    page = open_page()
    model = changed()
    for layer, name in zip(model["config"]["layers"], ["<b>Mine</b>", "Yours"], strict=True):
        layer["class_name"] = name
    chosen(page, written(tmp_path, model))
    expect(upload(page)).to_contain_text("<b>Mine</b>")
    expect(upload(page)).to_contain_text("Yours")
    expect(page.form).to_be_visible()


def test_a_file_of_no_kind_that_is_read_is_not_sent(open_page: Open, tmp_path: Path) -> None:
    page = open_page()
    sent: list[str] = []
    page.page.on("request", lambda asked: sent.append(asked.url) if "/imports/" in asked.url else None)
    chosen(page, written(tmp_path, {}, "weights.npz"))
    expect(upload(page).get_by_role("alert")).to_contain_text("weights.npz is no model that is read here.")
    assert sent == []


def test_a_preset_may_be_chosen_afterwards(open_page: Open, tmp_path: Path) -> None:
    page = open_page()
    chosen(page, written(tmp_path, MODEL))
    is_judged(page)
    page.page.get_by_label("Drawn where the file does not say it").select_option("pytorch")
    with page.page.expect_request(lambda asked: "preset=pytorch" in asked.url):
        upload(page).get_by_role("button", name="Judge it again").click()
    is_judged(page)


@pytest.mark.parametrize("look", [{}, {"color_scheme": "dark", "viewport": {"width": 390, "height": 844}}])
def test_axe_finds_nothing_serious_in_it(open_page: Open, tmp_path: Path, look: dict[str, Any]) -> None:
    page = open_page(**look)
    chosen(page, written(tmp_path, MODEL))
    is_judged(page)
    page.rest_is_drawn()
    found = Axe().run(page.page).response["violations"]
    assert [(one["id"], one["nodes"][0]["html"]) for one in found if one["impact"] != "minor"] == []
    assert page.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
