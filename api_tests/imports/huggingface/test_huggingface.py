"""Configs of Hugging Face: published sizes with the parameters that the models are known to have, and refusals."""

import json
from io import BytesIO
from typing import Any

import pytest

from service.core.errors import MalformedJson
from service.imports.base import Imported, NotUnderstood, Options, WeightValues
from service.imports.huggingface import read
from service.simulation.simulate import simulate
from service.simulation.spec import SimulationSpec

Json = dict[str, Any]

GENERAL: Json = {
    "transformers_version": "4.40.0",
    "torch_dtype": "float16",
    "_name_or_path": "someone/something",
    "use_cache": True,
    "bos_token_id": 1,
    "eos_token_id": 2,
}
BERT: Json = {
    "model_type": "bert",
    "hidden_act": "gelu",
    "hidden_size": 768,
    "num_hidden_layers": 12,
    "num_attention_heads": 12,
    "intermediate_size": 3072,
    "vocab_size": 30522,
    "max_position_embeddings": 512,
    "type_vocab_size": 2,
    "layer_norm_eps": 1e-12,
    "initializer_range": 0.02,
    "attention_probs_dropout_prob": 0.1,
    "hidden_dropout_prob": 0.1,
    "position_embedding_type": "absolute",
    "gradient_checkpointing": False,
}
GPT2: Json = {"model_type": "gpt2", "n_layer": 12, "n_head": 12, "n_embd": 768, "n_positions": 1024, "n_ctx": 1024}
LLAMA: Json = {
    "model_type": "llama",
    "hidden_size": 2048,
    "intermediate_size": 5632,
    "num_hidden_layers": 22,
    "num_attention_heads": 32,
    "num_key_value_heads": 4,
    "max_position_embeddings": 2048,
    "rms_norm_eps": 1e-5,
    "vocab_size": 32000,
    "rope_scaling": None,
    "tie_word_embeddings": False,
}
QWEN2: Json = {
    "model_type": "qwen2",
    "hidden_size": 896,
    "intermediate_size": 4864,
    "num_hidden_layers": 24,
    "num_attention_heads": 14,
    "num_key_value_heads": 2,
    "max_position_embeddings": 32768,
    "max_window_layers": 24,
    "sliding_window": 32768,
    "use_sliding_window": False,
    "rope_theta": 1e6,
    "tie_word_embeddings": True,
    "vocab_size": 151936,
}
VIT: Json = {"model_type": "vit", "image_size": 224, "patch_size": 16, "num_channels": 3, "qkv_bias": True}
T5: Json = {"model_type": "t5", "is_encoder_decoder": True, "d_model": 512, "num_layers": 6, "num_heads": 8}
RESNET: Json = {"model_type": "resnet", "depths": [3, 4, 6, 3], "hidden_sizes": [256, 512, 1024, 2048]}
LABELS = {"id2label": {str(n): f"label {n}" for n in range(1000)}}

# As `sum(p.numel() for p in model.parameters())` of transformers 5.24 has them; of bert-base, gpt2 and t5-small their
# model cards say the same. TinyLlama and Qwen2 0.5B are those of their cards as well.
PUBLISHED: list[tuple[Json, str, int]] = [
    (BERT, "", 109_482_240),
    (BERT, "BertForMaskedLM", 109_514_298),
    (
        {**BERT, "model_type": "roberta", "vocab_size": 50265, "type_vocab_size": 1, "max_position_embeddings": 514},
        "",
        124_645_632,
    ),
    ({"model_type": "distilbert"}, "", 66_362_880),
    (GPT2, "", 124_439_808),
    (GPT2, "GPT2LMHeadModel", 124_439_808),
    (LLAMA, "LlamaForCausalLM", 1_100_048_384),
    (QWEN2, "Qwen2ForCausalLM", 494_032_768),
    (VIT, "", 86_389_248),
    ({**VIT, **LABELS}, "ViTForImageClassification", 86_567_656),
    (T5, "T5EncoderModel", 35_330_816),
    (T5, "T5ForConditionalGeneration", 35_330_816),
    (RESNET, "ResNetModel", 23_508_032),
    ({**RESNET, **LABELS}, "ResNetForImageClassification", 25_557_032),
]
TINY: list[Json] = [
    {
        **BERT,
        "hidden_size": 16,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "intermediate_size": 20,
        "vocab_size": 50,
    },
    {"model_type": "electra", "vocab_size": 50, "embedding_size": 8, "hidden_size": 16, "num_hidden_layers": 2},
    {"model_type": "distilbert", "vocab_size": 50, "dim": 16, "n_layers": 2, "n_heads": 2, "hidden_dim": 20},
    {"model_type": "gpt2", "n_layer": 2, "n_head": 2, "n_embd": 16, "vocab_size": 50},
    {
        **LLAMA,
        "hidden_size": 16,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "vocab_size": 50,
        "intermediate_size": 20,
    },
    {
        **QWEN2,
        "hidden_size": 16,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "vocab_size": 50,
        "intermediate_size": 20,
    },
    {
        **VIT,
        "image_size": 16,
        "patch_size": 4,
        "hidden_size": 16,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "intermediate_size": 20,
    },
    {"model_type": "t5", "vocab_size": 50, "d_model": 16, "num_layers": 2, "num_heads": 2, "d_ff": 20, "d_kv": 4},
    {"model_type": "resnet", "embedding_size": 4, "hidden_sizes": [8, 16], "depths": [1, 2]},
]


def imported(fields: Json, **options: Any) -> Imported:
    return read(BytesIO(json.dumps({**GENERAL, **fields}).encode()), Options(**options))


def refusal(fields: Json, **options: Any) -> NotUnderstood:
    with pytest.raises(NotUnderstood) as found:
        imported(fields, **options)
    return found.value


@pytest.mark.parametrize(("fields", "name", "parameters"), PUBLISHED)
def test_published_models_have_the_parameters_they_are_known_to_have(fields: Json, name: str, parameters: int) -> None:
    found = imported({**fields, **({"architectures": [name]} if name else {})})
    assert found.parameters == parameters
    assert SimulationSpec.model_validate(json.loads(found.specification.model_dump_json())) == found.specification


@pytest.mark.parametrize("fields", TINY, ids=lambda one: one["model_type"])
def test_small_models_of_every_type_are_simulated(fields: Json) -> None:
    size = (32, 32, 3) if fields["model_type"] == "resnet" else (16, 16, 3) if fields["model_type"] == "vit" else (6,)
    found = imported(fields, input=size)
    report = simulate(found.specification.model_copy(update={"trials": 2}))
    assert report.verdict.depth_ratio.median is not None


@pytest.mark.parametrize("fields", TINY, ids=lambda one: one["model_type"])
def test_a_field_that_is_not_understood_refuses_the_config_by_its_name(fields: Json) -> None:
    found = refusal({**fields, "attention_temperature": 0.5, "use_gates": True})
    assert [one.pointer for one in found.faults] == ["/attention_temperature", "/use_gates"]
    assert "`attention_temperature`" in found.sentence


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"auto_map": {"AutoModel": "modeling.Mine"}}, "/auto_map"),
        ({"quantization_config": {"bits": 4}}, "/quantization_config"),
        ({"position_embedding_type": "relative_key"}, "/position_embedding_type"),
        ({"hidden_act": "squared"}, "/hidden_act"),
        ({"hidden_act": {"kind": "relu"}}, "/hidden_act"),
        ({"num_attention_heads": 5}, "/num_attention_heads"),
        ({"num_attention_heads": True}, "/num_attention_heads"),
        ({"hidden_size": -1}, "/hidden_size"),
        ({"hidden_size": "768"}, "/hidden_size"),
        ({"hidden_dropout_prob": 1.0}, "/hidden_dropout_prob"),
        ({"layer_norm_eps": 1e400}, "/layer_norm_eps"),
        ({"is_decoder": 1}, "/is_decoder"),
        ({"add_cross_attention": True}, "/add_cross_attention"),
        ({"pruned_heads": {"0": [1]}}, "/pruned_heads"),
        ({"architectures": ["BertForQuestionAnswering"]}, "/architectures"),
        ({"architectures": ["BertModel", "BertForMaskedLM"]}, "/architectures"),
        ({"architectures": "BertModel"}, "/architectures"),
        ({"model_type": "mamba"}, "/model_type"),
        ({"model_type": ["bert"]}, "/model_type"),
        ({"architectures": ["BertForSequenceClassification"], "problem_type": "ranking"}, "/problem_type"),
        ({"architectures": ["BertForSequenceClassification"], "id2label": ["a", "b"]}, "/id2label"),
    ],
)
def test_a_value_that_is_not_understood_is_a_fault_at_its_field(change: Json, pointer: str) -> None:
    assert pointer in [one.pointer for one in refusal({**BERT, **change}).faults]


@pytest.mark.parametrize(
    ("fields", "change", "pointer"),
    [
        (LLAMA, {"rope_scaling": {"rope_type": "llama3", "factor": 8.0}}, "/rope_scaling"),
        (LLAMA, {"rope_parameters": {"rope_type": "default", "partial_rotary_factor": 0.5}}, "/rope_parameters"),
        (LLAMA, {"num_key_value_heads": 5}, "/num_key_value_heads"),
        (QWEN2, {"use_sliding_window": True, "sliding_window": 64}, "/sliding_window"),
        (QWEN2, {"layer_types": ["linear_attention"]}, "/layer_types"),
        (GPT2, {"scale_attn_by_inverse_layer_idx": True}, "/scale_attn_by_inverse_layer_idx"),
        (GPT2, {"scale_attn_weights": False}, "/scale_attn_weights"),
        (T5, {"feed_forward_proj": "gated-tanh"}, "/feed_forward_proj"),
        (T5, {"feed_forward_proj": "relu", "is_gated_act": True}, "/is_gated_act"),
        (T5, {"initializer_factor": 0.5}, "/initializer_factor"),
        (VIT, {"patch_size": 300}, "/patch_size"),
        (VIT, {"image_size": [224]}, "/image_size"),
        (RESNET, {"layer_type": "other"}, "/layer_type"),
        (RESNET, {"depths": [3]}, "/depths"),
        (RESNET, {"depths": [0, 1, 1, 1]}, "/depths"),
    ],
)
def test_what_changes_the_passes_and_cannot_be_said_is_a_fault(fields: Json, change: Json, pointer: str) -> None:
    assert pointer in [one.pointer for one in refusal({**fields, **change}).faults]


def test_a_sequence_has_the_steps_that_are_asked_for_and_never_more_than_positions() -> None:
    assert imported(BERT, input=(77,)).specification.network.shape == (77,)
    assert imported(BERT).specification.network.shape == (128,)
    assert imported({**BERT, "max_position_embeddings": 32}).specification.network.shape == (32,)
    assert refusal(BERT, input=(513,)).faults[0].pointer == "/max_position_embeddings"
    assert refusal(BERT, input=(8, 8)).faults[0].pointer == ""
    assert refusal(VIT, input=(224, 224, 1)).faults[0].pointer == "/image_size"


def test_a_sequence_shorter_than_a_window_sees_none_of_it() -> None:
    assert imported({**QWEN2, "use_sliding_window": True, "sliding_window": 128}).parameters == 494_032_768


def test_what_is_assumed_is_said() -> None:
    said = {one.subject.value for one in imported({**BERT, "architectures": ["BertForMaskedLM"]}).assumed}
    assert {"tied_weights", "input", "mask"} <= said


def test_a_head_for_a_large_vocabulary_is_read() -> None:
    found = imported({**QWEN2, "architectures": ["Qwen2ForCausalLM"], "tie_word_embeddings": False})
    assert found.parameters == 494_032_768 + 151_936 * 896
    assert found.specification.network.layers[-1].model_dump()["units"] in (50_000, 151_936)


@pytest.mark.parametrize(
    ("change", "loss"),
    [
        ({}, "cross_entropy_with_logits"),
        ({"id2label": {"0": "score"}}, "mean_squared_error"),
        ({"problem_type": "multi_label_classification"}, "binary_cross_entropy_with_logits"),
        ({"problem_type": "regression"}, "mean_squared_error"),
    ],
)
def test_the_loss_is_that_of_the_head(change: Json, loss: str) -> None:
    fields = {**BERT, "architectures": ["BertForSequenceClassification"], **change}
    assert imported(fields).specification.loss.kind == loss


def test_what_is_no_config_is_refused() -> None:
    for text in (b"", b"{", b'{"a": 1, "a": 2}', b"\xff", b"[" * 300):
        with pytest.raises(MalformedJson):
            read(BytesIO(text), Options())
    for text in (b"[]", b"3", b"{}", b" " * (2 << 20)):
        with pytest.raises(NotUnderstood):
            read(BytesIO(text), Options())
    assert "no trained values" in refusal(BERT, values=WeightValues.FILE).sentence
