"""Configs as transformers writes them: as many parameters as its own models have, and gradients as those of its own.

Runs where transformers and PyTorch are there.
"""

import json
from collections.abc import Iterator
from io import BytesIO
from typing import Any

import numpy as np
import pytest

from service.imports.base import Imported, Options
from service.imports.huggingface import read
from service.simulation.simulate import simulate

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

STEPS, SAMPLES, DRAWS, VOCABULARY = 12, 16, 32, 60
SIZES = {"vocab_size": VOCABULARY, "hidden_size": 32, "num_hidden_layers": 3, "num_attention_heads": 4}
BERT = {**SIZES, "intermediate_size": 64, "max_position_embeddings": 40}
LLAMA = {**BERT, "num_key_value_heads": 2}
GPT2 = {"vocab_size": VOCABULARY, "n_embd": 32, "n_layer": 3, "n_head": 4, "n_positions": 40}
VIT = {
    **{k: v for k, v in SIZES.items() if k != "vocab_size"},
    "intermediate_size": 64,
    "image_size": 16,
    "patch_size": 4,
}
RESNET = {"embedding_size": 8, "hidden_sizes": [16, 32], "depths": [2, 2]}
DISTILBERT = {"vocab_size": VOCABULARY, "dim": 32, "n_layers": 3, "n_heads": 4, "hidden_dim": 64}
T5 = {"vocab_size": VOCABULARY, "d_model": 32, "d_ff": 64, "d_kv": 8, "num_heads": 4, "num_layers": 3}
UNTIED = {"tie_word_embeddings": False}
CASES: list[tuple[str, dict[str, Any], tuple[str, str], tuple[int, ...]]] = [
    # the class, its config, the modules that read what comes out of the first hidden layer and out of the last one
    # (the layer of the prediction where none is named), and the sizes of an input
    ("BertForSequenceClassification", BERT, ("bert.encoder.layer.0", ""), (STEPS,)),
    ("BertForMaskedLM", {**BERT, **UNTIED, "initializer_range": 0.05}, ("bert.encoder.layer.0", ""), (STEPS,)),
    ("RobertaForSequenceClassification", BERT, ("roberta.encoder.layer.0", ""), (STEPS,)),
    ("DistilBertForTokenClassification", DISTILBERT, ("distilbert.transformer.layer.0", ""), (STEPS,)),
    ("ElectraForSequenceClassification", {**BERT, "embedding_size": 16}, ("electra.embeddings_project", ""), (STEPS,)),
    (
        "GPT2LMHeadModel",
        {**GPT2, **UNTIED, "initializer_range": 0.1},
        ("transformer.h.0", "transformer.ln_f"),
        (STEPS,),
    ),
    ("GPT2ForSequenceClassification", GPT2, ("transformer.h.0", "transformer.ln_f"), (STEPS,)),
    (
        "LlamaForCausalLM",
        {**LLAMA, "initializer_range": 0.2, "rope_theta": 50.0},
        ("model.layers.0", "model.norm"),
        (STEPS,),
    ),
    (
        "MistralForCausalLM",
        {**LLAMA, "head_dim": 8, "initializer_range": 0.1},
        ("model.layers.0", "model.norm"),
        (STEPS,),
    ),
    ("Qwen2ForSequenceClassification", {**LLAMA, "attention_dropout": 0.2}, ("model.layers.0", "model.norm"), (STEPS,)),
    ("ViTForImageClassification", {**VIT, "hidden_dropout_prob": 0.1}, ("vit.layers.0", "vit.layernorm"), (16, 16, 3)),
    ("ResNetForImageClassification", RESNET, ("resnet.encoder", "resnet.pooler"), (32, 32, 3)),
    ("T5EncoderModel", T5, ("encoder.block.0", "encoder.block.2.layer.1"), (STEPS,)),
    (
        "T5EncoderModel",
        {**T5, "feed_forward_proj": "gated-gelu"},
        ("encoder.block.0", "encoder.block.2.layer.1"),
        (40,),
    ),
    (
        "ResNetForImageClassification",
        {**RESNET, "layer_type": "basic", "hidden_act": "gelu"},
        ("resnet.encoder", "resnet.pooler"),
        (32, 32, 3),
    ),
]

TWO, SMALL = {"num_hidden_layers": 2}, {"num_hidden_layers": 2, "hidden_size": 896, "num_attention_heads": 14}
COUNTED: list[tuple[str, dict[str, Any], tuple[int, ...]]] = [
    *((f"Bert{head}", {}, (128,)) for head in ("Model", "ForMaskedLM", "ForNextSentencePrediction")),
    *((f"BertFor{head}Classification", {"num_labels": 5}, (128,)) for head in ("Sequence", "Token")),
    *((f"Roberta{head}", {}, (100,)) for head in ("Model", "ForMaskedLM", "ForSequenceClassification")),
    *((f"DistilBert{head}", {}, (128,)) for head in ("Model", "ForMaskedLM", "ForSequenceClassification")),
    *((f"Electra{head}", {}, (64,)) for head in ("Model", "ForPreTraining", "ForMaskedLM")),
    *((f"GPT2{head}", {}, (64,)) for head in ("Model", "LMHeadModel", "ForSequenceClassification")),
    ("GPT2ForTokenClassification", {"n_inner": 100, "n_layer": 2}, (64,)),
    ("LlamaForCausalLM", {**TWO, "attention_bias": True, "mlp_bias": True, "num_key_value_heads": 4}, (64,)),
    *((f"LlamaFor{head}Classification", TWO, (64,)) for head in ("Sequence", "Token")),
    *((f"Qwen2{head}", {**SMALL, "num_key_value_heads": 2}, (64,)) for head in ("Model", "ForCausalLM")),
    ("Qwen2ForCausalLM", {**SMALL, "num_key_value_heads": 2, "tie_word_embeddings": True}, (64,)),
    ("MistralForCausalLM", TWO, (64,)),
    ("ViTModel", {"qkv_bias": False, "image_size": 64}, ()),
    ("ViTForImageClassification", {"num_labels": 1000}, ()),
    ("T5EncoderModel", {"feed_forward_proj": "gated-gelu"}, (64,)),
    ("ResNetForImageClassification", {"num_labels": 1000}, ()),
    ("ResNetModel", {"layer_type": "basic", "hidden_sizes": [64, 128], "depths": [2, 2]}, (64, 64, 3)),
]


def imported(name: str, fields: dict[str, Any], sizes: tuple[int, ...]) -> tuple[Any, Imported]:
    """A config of transformers, and what comes of the JSON that it writes."""
    config = getattr(transformers, name).config_class(**fields, pad_token_id=0)
    config.architectures = [name]
    return config, read(BytesIO(config.to_json_string(use_diff=False).encode()), Options(input=sizes))


def last_linear(model: Any) -> Any:
    """The layer that the prediction comes out of."""
    return [one for one in model.modules() if isinstance(one, torch.nn.Linear)][-1]


def draws(config: Any, name: str, ends: tuple[str, str], shape: tuple[int, ...], loss: str) -> Iterator[float]:
    """log10 of the gradient at the first hidden layer over that at the last, of transformers' own model."""
    first, last = ends
    for draw in range(DRAWS):
        torch.manual_seed(draw)
        model = getattr(transformers, name)(config).double().train()
        seen: list[Any] = []

        def keep(_: Any, given: tuple[Any, ...], kwargs: Any = None, seen: list[Any] = seen) -> None:
            given[0].retain_grad()
            seen.append(given[0])

        model.get_submodule(first).register_forward_pre_hook(keep)
        (model.get_submodule(last) if last else last_linear(model)).register_forward_pre_hook(keep)
        if len(shape) == 1:
            x = torch.randint(3, VOCABULARY, (SAMPLES, *shape))
        else:
            x = torch.randn(SAMPLES, shape[2], *shape[:2], dtype=torch.float64)
        found = model(x)
        if loss == "squared_error":
            y = found.last_hidden_state
            ((y - torch.randn_like(y)) ** 2).sum().backward()
        else:
            logits = found.logits
            classes = torch.randint(logits.shape[-1], logits.shape[:-1])
            torch.nn.functional.cross_entropy(logits.reshape(-1, logits.shape[-1]), classes.reshape(-1)).backward()
        yield float(torch.log10(seen[0].grad.norm() / seen[-1].grad.norm()))


@pytest.mark.parametrize(("name", "fields", "ends", "sizes"), CASES, ids=[case[0] for case in CASES])
def test_the_depth_ratio_is_that_of_the_models_own_gradients(
    name: str, fields: dict[str, Any], ends: tuple[str, str], sizes: tuple[int, ...]
) -> None:
    config, found = imported(name, fields, sizes)
    body = {**json.loads(found.specification.model_dump_json()), "trials": DRAWS, "data": {"samples": SAMPLES}}
    ours = simulate(type(found.specification).model_validate(body)).verdict.depth_ratio.median
    theirs = float(np.median(list(draws(config, name, ends, sizes, found.specification.loss.kind))))
    assert ours == pytest.approx(theirs, abs=0.1)


@pytest.mark.parametrize(("name", "fields", "sizes"), COUNTED, ids=[one[0] for one in COUNTED])
def test_parameters_are_those_of_the_models_own(name: str, fields: dict[str, Any], sizes: tuple[int, ...]) -> None:
    config, found = imported(name, fields, sizes)
    with torch.device("meta"):
        model = getattr(transformers, name)(config)
    assert found.parameters == sum(one.numel() for one in model.parameters())
