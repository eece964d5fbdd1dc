"""One call for the verdict on a model: what it takes, what it shows in a notebook, and what fails a test."""

import json
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from service.charts.chart import Theme
from service.core.errors import Refusal, SpecError
from service.imports.base import InputNeeded
from service.imports.cell import html_of
from service.imports.check import GradientVerdict, ModelCheck, check
from service.imports.judges import ServiceRefused
from service.imports.objects import NoModel
from service.simulation.simulate import simulate
from service.simulation.spec import SimulationSpec

HOSTILE = '<script>alert("1")</script>'


def dense(units: int, activation: str, **said: Any) -> dict[str, Any]:
    return {"kind": "dense", "units": units, "activation": {"kind": activation}, **said}


def sigmoids(name: str = "hidden") -> dict[str, Any]:
    layers = [dense(16, "sigmoid", name=f"{name}{number}") for number in range(12)]
    return {"network": {"features": 16, "layers": [*layers, dense(1, "linear")]}, "trials": 8}


STABLE = {"network": {"features": 16, "layers": [dense(16, "tanh"), dense(16, "tanh"), dense(1, "linear")]}}


def keras_model(units: int = 8) -> dict[str, Any]:
    """What `to_json()` of Keras 2 writes of two dense layers."""
    shape = {"batch_input_shape": [None, 6], "dtype": "float32"}
    layers = [
        {"class_name": "Dense", "config": {"name": "first", "units": units, "activation": "relu", **shape}},
        {"class_name": "Dense", "config": {"name": "last", "units": 1, "activation": "sigmoid"}},
    ]
    return {"class_name": "Sequential", "config": {"name": "small", "layers": layers}, "keras_version": "2.4.0"}


@pytest.fixture
def keras_file(tmp_path: Path) -> Path:
    file = tmp_path / "model.json"
    file.write_text(json.dumps(keras_model()), "utf-8")
    return file


@pytest.fixture(scope="module")
def vanishing() -> ModelCheck:
    return check(sigmoids())


def test_a_specification_is_judged_as_it_is_in_every_form(tmp_path: Path) -> None:
    file = tmp_path / "spec.json"
    file.write_text(json.dumps(STABLE), "utf-8")
    spec = SimulationSpec.model_validate(STABLE)
    expected = simulate(spec)
    for form in (STABLE, spec, file, str(file)):
        found = check(form)
        assert found.report.model_dump(exclude={"elapsed_seconds"}) == expected.model_dump(exclude={"elapsed_seconds"})
        assert (found.digest, found.assumed, found.specification) == (expected.digest, (), spec)
        assert found.verdict.label == "stable"


def test_a_file_of_keras_is_judged_with_what_was_assumed(keras_file: Path) -> None:
    found = check(keras_file)
    assert [layer.name for layer in found.report.layers] == ["first", "last"]
    assert found.specification.loss.kind == "binary_cross_entropy"
    assert any("binary_cross_entropy" in one.sentence for one in found.assumed)
    assert all(one.sentence in repr(found) for one in found.assumed)


def test_what_is_said_beside_a_model_takes_the_place_of_what_it_says(keras_file: Path) -> None:
    for model in (STABLE, keras_file):
        found = check(model, optimiser="adam", trials=3, samples=5, loss="squared_error", preset="pytorch")
        spec = found.specification
        assert (spec.policy.kind, spec.trials, spec.data.samples, spec.loss.kind) == ("adam", 3, 5, "squared_error")
        assert spec.network.defaults == "pytorch"
        assert found.verdict.failure_risk.optimiser == "adam"


def test_a_policy_stays_where_the_optimiser_is_its_own() -> None:
    policy = {"kind": "adam", "vanishing_mild": -0.5}
    found = check({**STABLE, "policy": policy}, optimiser="adam")
    assert found.specification.policy.vanishing_mild == -0.5


@pytest.mark.parametrize(
    ("model", "said", "kind", "words"),
    [
        (STABLE, {"trial": 3}, TypeError, "check() takes no trial; beside a model and an example it takes url, input"),
        (STABLE, {"trials": 0}, SpecError, "/trials: The number must be at least 1."),
        (STABLE, {"preset": "torch"}, SpecError, "/preset: "),
        (STABLE, {"loss": "mse"}, SpecError, "/loss: "),
        (STABLE, {"input": (3,)}, SpecError, "a specification says its own"),
        ({"network": {}}, {}, SpecError, "/network: The field `layers` is required."),
        (3, {}, NoModel, "of the class int is no model here; a model of PyTorch or Keras is expected"),
        (lambda: 3, {}, NoModel, "of the class int is no model here"),
        (STABLE, {"url": "localhost:8000"}, ServiceRefused, "begins with http:// or https://"),
        (STABLE, {"url": "http://127.0.0.1:9"}, ServiceRefused, "The service at http://127.0.0.1:9 cannot be reached"),
    ],
)
def test_what_cannot_be_judged_is_refused_in_a_sentence(
    model: Any, said: dict[str, Any], kind: type[Exception], words: str
) -> None:
    with pytest.raises(kind) as caught:
        check(model, **said)
    assert words in str(caught.value)


def test_a_file_that_is_not_there_is_an_os_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        check(tmp_path / "none.keras")


def test_a_service_judges_specifications_alike(service_url: str) -> None:
    for model in (sigmoids(), SimulationSpec.model_validate(STABLE)):
        here, there = check(model), check(model, url=f"{service_url}/")
        assert there.digest == here.digest
        assert there.verdict == here.verdict
        assert there.suggest() == here.suggest()


def test_a_service_draws_and_what_it_refuses_is_said(service_url: str) -> None:
    found = check(sigmoids(), url=service_url)
    assert found._repr_html_() == check(sigmoids())._repr_html_()
    deep = {"kind": "repeat", "times": 999, "layers": [dense(2, "relu")] * 9}
    with pytest.raises(ServiceRefused, match="layers once every repeat is unrolled; at most"):
        check({"network": {"features": 2, "layers": [deep]}}, url=service_url)


def test_labels_and_risks_raise_with_the_verdict_and_its_reasons(vanishing: ModelCheck) -> None:
    for conditions, risk, said in (
        (("vanishing",), None, "vanishing"),
        ((), None, "error"),
        (("stable", "warning"), 0.5, "warning, risk=0.5"),
    ):
        with pytest.raises(GradientVerdict) as caught:
            vanishing.raise_for(*conditions, risk=risk)
        first, *others = str(caught.value).splitlines()
        assert first == f"{vanishing.headline} (failed on {said})"
        assert first.startswith("vanishing, severe, risk that training fails with sgd ")
        assert [f"  {one}" for one in vanishing.verdict.reasons] == others[: len(vanishing.verdict.reasons)]
        assert caught.value.checked is vanishing


def test_what_is_not_failed_on_returns_the_check() -> None:
    stable = check(STABLE)
    assert stable.raise_for() is stable
    assert stable.raise_for("vanishing", "exploding", "dead", risk=1.0) is stable


@pytest.mark.parametrize(
    ("conditions", "risk", "words"),
    [(("vanish",), None, "vanish is no condition; known are dead, exploding"), ((), 2.0, "risk=2.0 is no probability")],
)
def test_a_condition_that_is_none_is_refused(
    vanishing: ModelCheck, conditions: tuple[str, ...], risk: float | None, words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        vanishing.raise_for(*conditions, risk=risk)


def test_a_failing_test_ends_at_its_own_line(tmp_path: Path) -> None:
    test = f"""from service.imports.check import check
def test_gradients():
    check({sigmoids()!r}).raise_for("vanishing")
"""
    (tmp_path / "test_model.py").write_text(test, "utf-8")
    root = Path(__file__).resolve().parents[2]
    line = [sys.executable, "-m", "pytest", "-q", "--color=no", "-p", "no:cacheprovider", "test_model.py"]
    done = subprocess.run(
        line, cwd=tmp_path, env={"PYTHONPATH": str(root)}, capture_output=True, text=True, timeout=300, check=False
    )
    assert "test_model.py:3: GradientVerdict" in done.stdout, done.stdout
    assert "E       service.imports.check.GradientVerdict: vanishing, severe, risk" in done.stdout
    assert "E         The gradient vanishes severely" in done.stdout
    assert "raise GradientVerdict" not in done.stdout


class _Tags(HTMLParser):
    """The tags of a page with their attributes, and its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def test_a_cell_shows_the_verdict_its_chart_on_both_grounds_and_no_markup_of_the_model() -> None:
    found = check(sigmoids(HOSTILE))
    html = found._repr_html_()
    page = _Tags(html)
    assert {tag for tag, _ in page.tags} <= {
        *("div", "p", "span", "ul", "li", "img", "details", "summary", "style"),
        *("table", "caption", "thead", "tbody", "tr", "th", "td"),
    }
    assert {name for _, attributes in page.tags for name in attributes} <= {"class", "style", "alt", "src", "open"}
    images = [attributes for tag, attributes in page.tags if tag == "img"]
    assert [one["class"] for one in images] == ["on-light", "on-dark"]
    assert all(str(one["src"]).startswith("data:image/svg+xml;base64,") for one in images)
    assert all(reason in page.text for reason in found.verdict.reasons)
    assert HOSTILE in page.text


def test_without_what_draws_the_layers_are_a_table_that_is_open(vanishing: ModelCheck) -> None:
    html = html_of(vanishing.report, (), lambda report, theme: None)
    assert "<img" not in html
    assert "<details open><summary>Layers (13)</summary><table>" in html
    rows = html.count("<tr>")
    assert rows == 14
    assert "hidden0: dense sigmoid" in html


def test_layers_that_repeat_are_one_row(vanishing: ModelCheck) -> None:
    spec = {"network": {"features": 4, "layers": [{"kind": "repeat", "times": 50, "layers": [dense(4, "relu")]}]}}
    html = html_of(check({**spec, "trials": 2}).report, (), lambda report, theme: None)
    assert "dense relu × 50" in html
    assert html.count("<tr>") < 5


def test_what_was_assumed_is_shown(keras_file: Path) -> None:
    found = check(keras_file)
    shown = _Tags(found._repr_html_()).text
    assert all(one.sentence in shown for one in found.assumed)


def test_a_picture_is_of_the_theme_that_is_asked_for(vanishing: ModelCheck) -> None:
    light, dark = (vanishing._judge.chart(vanishing.report, theme) for theme in Theme)
    assert light is not None
    assert dark is not None
    assert b"#12161c" not in light
    assert b"#12161c" in dark


def test_every_refusal_of_a_reader_is_a_refusal(tmp_path: Path) -> None:
    file = tmp_path / "model.json"
    body = keras_model()
    body["config"]["layers"][0]["class_name"] = "Strange"
    file.write_text(json.dumps(body), "utf-8")
    with pytest.raises(Refusal, match="Strange"):
        check(file)


def test_a_service_reads_a_file_alike_and_refuses_it_alike(service_url: str, keras_file: Path, tmp_path: Path) -> None:
    said: dict[str, Any] = {"loss": "squared_error", "optimiser": "adam"}
    here, there = check(keras_file, **said), check(keras_file, url=service_url, **said)
    assert (there.digest, there.assumed, there.verdict) == (here.digest, here.assumed, here.verdict)
    strange = tmp_path / "strange.json"
    strange.write_text(json.dumps(keras_model()).replace('"Dense"', '"Strange"'), "utf-8")
    with pytest.raises(Refusal) as at_home:
        check(strange)
    with pytest.raises(ServiceRefused) as abroad:
        check(strange, url=service_url)
    assert "Strange" in str(at_home.value)
    assert str(abroad.value).startswith(str(at_home.value))


def test_sizes_that_a_file_leaves_open_are_asked_for_and_taken(service_url: str, tmp_path: Path) -> None:
    body = keras_model()
    body["config"]["layers"][0]["config"]["batch_input_shape"] = [None, None]
    file = tmp_path / "open.json"
    file.write_text(json.dumps(body), "utf-8")
    with pytest.raises(InputNeeded):
        check(file)
    sizes = [check(file, input=(5,), url=url).specification.network.input for url in (None, service_url)]
    assert sizes[0] == sizes[1]
    assert check(file, input=(5,)).specification.network.shape == (5,)


def test_a_model_of_pytorch_or_what_makes_one_is_judged() -> None:
    torch = pytest.importorskip("torch")

    def net() -> Any:
        hidden = [layer for _ in range(8) for layer in (torch.nn.Linear(16, 16), torch.nn.Sigmoid())]
        return torch.nn.Sequential(*hidden, torch.nn.Linear(16, 2))

    class Net(torch.nn.Sequential):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__(*net())

    example = torch.zeros(4, 16)
    assert check(net, input=(16,), trials=4).report.layers == check(net, example, trials=4).report.layers
    for model in (net, Net, net(), Net()):
        found = check(model, example, loss="cross_entropy_with_logits", trials=4)
        assert found.verdict.label == "vanishing"
        assert found.specification.loss.kind == "cross_entropy_with_logits"
    with pytest.raises(InputNeeded, match="PyTorch needs an example of the inputs, or the sizes of one"):
        check(net)
    with pytest.raises(NoModel, match="A preset is for files"):
        check(net, example, preset="keras")
