"""The entrance for files: by what a file is recognised, and how large networks are made affordable."""

from pathlib import Path

import pytest

from service.core.settings import Settings
from service.imports.base import Imported, NotUnderstood, Source
from service.imports.sources import affordable, source_of
from service.simulation.estimate import Limits, estimate
from service.simulation.plan import plan
from service.simulation.spec import SimulationSpec

LIMITS = Limits.of(Settings())


def of_width(units: int, layers: int = 4) -> Imported:
    dense = {"kind": "dense", "units": units, "name": "body"}
    spec = SimulationSpec.model_validate({"network": {"features": units, "layers": [dense] * layers}, "seed": 3})
    return Imported(source=Source.KERAS, format="a test", specification=spec, parameters=1, assumed=[])


def test_a_network_that_is_simulated_at_once_stays_as_it_is() -> None:
    small = of_width(8)
    assert affordable(small, LIMITS) is small


@pytest.mark.parametrize("units", [1000, 2000, 4000])
def test_a_large_network_gets_as_many_trials_and_samples_as_are_simulated_at_once(units: int) -> None:
    large = of_width(units)
    found = affordable(large, LIMITS)
    assert estimate(plan(found.specification), LIMITS).within_budget
    assert found.specification.network == large.specification.network
    assert found.specification.seed == 3
    if found is not large:
        (said,) = found.assumed
        spec = found.specification
        assert said.sentence == (
            f"The network is large, so there are {spec.trials} trials of {spec.data.samples} samples, in float32."
        )


def test_a_network_of_which_not_even_two_trials_are_simulated_at_once_gets_the_fewest() -> None:
    spec = affordable(of_width(65_536), LIMITS).specification
    assert (spec.trials, spec.data.samples) == (2, 1)


@pytest.mark.parametrize(
    ("name", "content", "source"),
    [
        ("model.keras", b"PK\x03\x04...", Source.KERAS),
        ("model.keras", b"\x89HDF\r\n\x1a\n...", Source.KERAS),
        ("weights.bin", b"\x89HDF\r\n\x1a\n...", Source.KERAS),
        ("model.json", b' {"class_name": "Sequential"}', Source.KERAS),
        ("model.json", b'{"modelTopology": {"class_name": "Model"}}', Source.KERAS),
        ("config.json", b'{"model_type": "bert", "classifier": {"class_name": 1}}', Source.HUGGINGFACE),
        ("model.pt2", b"PK\x03\x04...", Source.TORCH),
        ("model.ONNX", b"\x08\x07", Source.ONNX),
    ],
)
def test_a_file_is_recognised_by_its_first_bytes_and_its_name(
    tmp_path: Path, name: str, content: bytes, source: Source
) -> None:
    file = tmp_path / name
    file.write_bytes(content)
    assert source_of(file) is source


def test_another_file_is_refused_with_those_that_are_read(tmp_path: Path) -> None:
    file = tmp_path / "model.pkl"
    file.write_bytes(b"\x80\x04")
    with pytest.raises(NotUnderstood, match=r"model.pkl is none of the files that are read: .keras, .h5"):
        source_of(file)


def test_what_is_read_from_a_file_takes_a_third_of_what_is_answered_at_once() -> None:
    found = affordable(of_width(1500))
    assert estimate(plan(found.specification), Limits.of(Settings(), 1 / 3)).within_budget
    assert affordable(found) is found


def test_a_network_that_no_few_trials_make_small_enough_is_told_what_does() -> None:
    (said,) = affordable(of_width(4000, layers=40), LIMITS).assumed
    assert said.sentence.startswith("The network is large, so there are 2 trials of 1 sample, in float32. Even so")
    assert "a smaller `input`" in said.sentence


def test_a_large_vocabulary_gives_way_where_nothing_else_makes_a_network_small_enough() -> None:
    layers = [
        {"kind": "embedding", "units": 128, "vocabulary": 1_000_000, "name": "words"},
        {"kind": "recurrent", "cell": "lstm", "units": 64},
        {"kind": "dense", "units": 5},
    ]
    shape = {"kind": "tokens", "steps": 70, "vocabulary": 1_000_000}
    spec = SimulationSpec.model_validate({"network": {"input": shape, "layers": layers}})
    large = Imported(source=Source.KERAS, format="a test", specification=spec, parameters=128_000_000, assumed=[])
    found = affordable(large)
    assert estimate(plan(found.specification), Limits.of(Settings(), 1 / 3)).within_budget
    assert found.specification.network.layers[0].model_dump()["vocabulary"] == 50_000
    assert found.parameters == 128_000_000
    assert found.assumed[0].sentence == (
        "Of 1000000 tokens 50000 are drawn, with vectors of their own as all would have."
    )
    assert found.specification.trials == 32


def test_batch_norms_of_vectors_keep_two_samples() -> None:
    wide = [{"kind": "dense", "units": 30_000}, {"kind": "batch_norm"}, {"kind": "dense", "units": 30_000}]
    spec = SimulationSpec.model_validate({"network": {"features": 30_000, "layers": wide}})
    large = Imported(source=Source.KERAS, format="a test", specification=spec, parameters=1, assumed=[])
    assert affordable(large).specification.data.samples == 2


def test_large_networks_are_halved_until_they_take_a_third_of_what_is_answered_at_once() -> None:
    third, sizes = Limits.of(Settings(), 1 / 3), set()
    for units in range(500, 6000, 250):
        spec = affordable(of_width(units)).specification
        sizes.add((spec.trials, spec.data.samples or 64))
        larger = spec.model_copy(update={"trials": 2 * spec.trials})
        if spec.trials < 32 and estimate(plan(spec), third).within_budget:
            assert not estimate(plan(larger), third).within_budget
    assert all(number & (number - 1) == 0 for size in sizes for number in size)
    assert len(sizes) > 4
