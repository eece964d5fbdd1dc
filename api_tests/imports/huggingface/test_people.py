"""Fields that configs of many people have, of older versions of transformers and of models' first authors."""

import json
from io import BytesIO
from typing import Any

import pytest

from service.imports.base import Imported, NotUnderstood, Options
from service.imports.huggingface import read

Json = dict[str, Any]

SMALL: Json = {
    "hidden_size": 8,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "intermediate_size": 16,
    "vocab_size": 9,
}
BERT: Json = {**SMALL, "model_type": "bert", "max_position_embeddings": 32}
GPT2: Json = {"model_type": "gpt2", "n_embd": 8, "n_layer": 1, "n_head": 2, "vocab_size": 9, "n_positions": 32}
LLAMA: Json = {**SMALL, "model_type": "llama"}


def read_config(fields: Json) -> Imported:
    return read(BytesIO(json.dumps(fields).encode()), Options())


def refusal(fields: Json) -> NotUnderstood:
    with pytest.raises(NotUnderstood) as caught:
        read_config(fields)
    return caught.value


@pytest.mark.parametrize(
    ("plain", "more"),
    [
        (BERT, {"pooler_type": "first_token_transform", "pooler_fc_size": 768, "pooler_num_attention_heads": 12}),
        (BERT, {"pooler_num_fc_layers": 3, "pooler_size_per_head": 128, "directionality": "bidi"}),
        (GPT2, {"n_special": 0, "predict_special_tokens": True}),
        (LLAMA, {"is_llama_config": True, "rope_interleaved": False}),
    ],
)
def test_fields_that_no_model_of_transformers_looks_at_change_nothing(plain: Json, more: Json) -> None:
    assert read_config({**plain, **more}).specification == read_config(plain).specification


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({**BERT, "pooler_type": "mean"}, "/pooler_type"),
        ({**GPT2, "n_special": 3}, "/n_special"),
        ({**LLAMA, "rope_interleaved": True}, "/rope_interleaved"),
    ],
)
def test_at_other_values_they_are_faults(fields: Json, pointer: str) -> None:
    assert [one.pointer for one in refusal(fields).faults] == [pointer]


def test_the_first_spelling_of_llama_and_its_first_name_for_positions_are_known() -> None:
    older = {**LLAMA, "architectures": ["LLaMAForCausalLM"], "max_sequence_length": 64}
    newer = {**LLAMA, "architectures": ["LlamaForCausalLM"], "max_position_embeddings": 64}
    assert read_config(older).specification == read_config(newer).specification


def test_a_config_without_a_model_type_is_told_to_name_one() -> None:
    said = str(refusal(SMALL))
    assert "The config has no `model_type`" in said
    assert "bert, distilbert" in said
