"""`.pt2` files are read without PyTorch, wholly or not at all, and nothing of them is run."""

import io
import json
import pickle
import zipfile
from collections.abc import Callable
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from api_tests.imports.torch.people import CASES  # noqa: E402  # it is written in PyTorch
from service.core.arrays import Shape  # noqa: E402
from service.imports.base import NotUnderstood, Options, WeightValues  # noqa: E402
from service.imports.torch import imported, read  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore")  # PyTorch's own
PROGRAM = "models/model.json"


def file_of(model: Any, *example: Any, **more: Any) -> bytes:
    file = io.BytesIO()
    torch.export.save(torch.export.export(model, example, **more), file)
    return file.getvalue()


def rewritten(data: bytes, change: Callable[[str, bytes], bytes | None]) -> bytes:
    """The zip with every entry changed, or left out where that is None."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for one in old.infolist():
            body = change(one.filename, old.read(one))
            if body is not None:
                new.writestr(one.filename, body)
    return out.getvalue()


def edited(data: bytes, edit: Callable[[Any], None]) -> bytes:
    def change(name: str, body: bytes) -> bytes:
        if not name.endswith(PROGRAM):
            return body
        document = json.loads(body)
        edit(document["graph_module"])
        return json.dumps(document).encode()

    return rewritten(data, change)


def small() -> bytes:
    layers = torch.nn.Linear(4, 8), torch.nn.ReLU(), torch.nn.Linear(8, 2)
    return file_of(torch.nn.Sequential(*layers), torch.zeros(2, 4))


def refusal_of(data: bytes, options: Options | None = None) -> NotUnderstood:
    with pytest.raises(NotUnderstood) as refusal:
        read(io.BytesIO(data), options or Options())
    return refusal.value


@pytest.mark.parametrize("name", ["lstm classifier", "nanogpt by hand", "vit", "u-net", "transformer encoder"])
def test_a_file_has_the_layers_that_the_model_has(name: str) -> None:
    case = CASES[name]
    model = case.make().eval()
    by_file = read(io.BytesIO(file_of(model, *case.example)), Options())
    by_model = imported(model, *case.example)
    assert by_file.parameters == by_model.parameters
    shapes = [[_bare(one) for one in found.specification.network.layers] for found in (by_file, by_model)]
    assert shapes[0] == shapes[1]
    assert any("does not say how parameters are drawn" in one.sentence for one in by_file.assumed)


def _bare(layer: Any) -> tuple[str, str | None]:
    return layer.kind, layer.name


def test_a_file_whose_batch_is_open_is_read() -> None:
    shapes = {"input": {0: torch.export.Dim("batch")}}
    model = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.Flatten(), torch.nn.Linear(144, 2))
    found = read(io.BytesIO(file_of(model, torch.zeros(2, 3, 8, 8), dynamic_shapes=shapes)), Options())
    assert found.parameters == sum(one.numel() for one in model.parameters())


def test_the_numbers_of_a_file_are_taken_where_they_are_asked_for() -> None:
    model = torch.nn.Sequential(torch.nn.Linear(4, 3), torch.nn.Tanh())
    options = Options(values=WeightValues.FILE)
    layer = read(io.BytesIO(file_of(model, torch.zeros(2, 4))), options).specification.network.layers[0].model_dump()
    assert layer["weights"]["values"] == model[0].weight.detach().double().T.tolist()
    assert layer["bias"]["values"] == model[0].bias.detach().double().tolist()


def test_all_that_is_not_understood_is_named_at_once() -> None:
    class Odd(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.second = torch.nn.Linear(4, 4), torch.nn.Linear(4, 4)

        def forward(self, x: Any) -> Any:
            return torch.cumsum(self.first(x), dim=-1) + torch.flip(self.second(x), dims=(-1,))

    refusal = refusal_of(file_of(Odd(), torch.zeros(2, 4)))
    assert len(refusal.faults) == 2
    assert "cumsum is not understood" in refusal.sentence
    assert "flip is not understood" in refusal.sentence


def test_an_argument_of_which_nothing_is_known_refuses_a_file() -> None:
    def edit(module: Any) -> None:
        node = next(one for one in module["graph"]["nodes"] if "linear" in one["target"])
        node["inputs"].append({"name": "transposed", "arg": {"as_bool": True}, "kind": 1})

    assert "nothing is known of its transposed" in refusal_of(edited(small(), edit)).sentence


def test_a_zip_with_two_entries_of_one_name_is_refused() -> None:
    out = io.BytesIO(small())
    with zipfile.ZipFile(out, "a") as file:
        file.writestr(next(one for one in file.namelist() if one.endswith(PROGRAM)), "{}")
    assert "The archive has 2 entries called " in refusal_of(out.getvalue()).sentence


def test_a_program_that_grows_when_it_is_unpacked_is_refused() -> None:
    bomb = b"[" + b" " * (40 << 20) + b"]"
    data = rewritten(small(), lambda name, body: bomb if name.endswith(PROGRAM) else body)
    assert len(data) < 1 << 20
    assert "is longer than 16 MiB" in refusal_of(data).sentence


@pytest.mark.parametrize(
    "body", [b"", b"[" * 100_000, b'{"a": 1, "a": 2}', b"[]", b"\xff\xfe", b"[" + b"[],[]," * 300_000]
)
def test_a_program_that_is_none_is_refused(body: bytes) -> None:
    refusal_of(rewritten(small(), lambda name, old: body if name.endswith(PROGRAM) else old))


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04", b"PK\x05\x06" + bytes(18), b"\x80\x02." * 100])
def test_a_file_that_is_no_zip_of_a_program_is_refused(data: bytes) -> None:
    refusal_of(data)


class Harmful:
    """What a pickle may do when it is opened."""

    opened = False

    def __reduce__(self) -> Any:
        return setattr, (Harmful, "opened", True)


def test_no_pickle_is_ever_opened() -> None:
    harm = pickle.dumps(Harmful())

    def change(name: str, body: bytes) -> bytes:
        if name.endswith("_config.json"):
            return body.replace(b'"use_pickle": false', b'"use_pickle": true')
        return harm if "/weight_" in name or name.endswith(".pt") else body

    data = rewritten(small(), change)
    assert read(io.BytesIO(data), Options()).parameters == 58
    assert "does not hold the numbers" in refusal_of(data, Options(values=WeightValues.FILE)).sentence
    assert not Harmful.opened


@pytest.mark.parametrize("shape", [(1 << 40, 1 << 40), (0, 4), ()])
def test_a_parameter_of_a_shape_that_it_cannot_have_is_refused(shape: Shape) -> None:
    def edit(module: Any) -> None:
        module["graph"]["tensor_values"]["p_0_weight"]["sizes"] = [{"as_int": one} for one in shape]

    refusal_of(edited(small(), edit))


def test_a_mask_that_would_be_larger_than_memory_is_refused() -> None:
    def edit(module: Any) -> None:
        graph = module["graph"]
        size = {"name": "size", "arg": {"as_ints": [1 << 20, 1 << 20]}, "kind": 1}
        made = {"target": "torch.ops.aten.ones.default", "inputs": [size], "outputs": [{"as_tensor": {"name": "mask"}}]}
        graph["nodes"].insert(0, {**made, "metadata": {}})
        graph["tensor_values"]["mask"] = {"sizes": [{"as_int": 1 << 20}] * 2, "dtype": 7}
        node = next(one for one in graph["nodes"] if "relu" in one["target"])
        other = {"name": "other", "arg": {"as_tensor": {"name": "mask"}}, "kind": 1}
        node.update(target="torch.ops.aten.add.Tensor", inputs=[node["inputs"][0], other])

    assert "more than" in refusal_of(edited(small(), edit)).sentence


def test_a_mask_that_a_file_holds_as_a_pickle_refuses_it() -> None:
    case = CASES["nanogpt by hand"]

    def change(name: str, body: bytes) -> bytes:
        return body.replace(b'"use_pickle": false', b'"use_pickle": true') if name.endswith("_config.json") else body

    refusal = refusal_of(rewritten(file_of(case.make(), *case.example), change))
    assert "does not hold the numbers that it reads as plain bytes" in refusal.sentence
