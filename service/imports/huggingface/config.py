"""A config that keeps account of which of its fields were read: what is left over is a fault."""

from collections.abc import Collection, Mapping
from math import isfinite
from typing import Any

from service.core.pointers import escape
from service.imports.base import Reading, Subject
from service.nn.shapes import WIDEST

_LARGEST = 1 << 20
_STEPS = 128
"""Steps of a sequence where none are asked for: the configs' own thousands take long to simulate."""

_NEUTRAL = frozenset(
    (
        *("_name_or_path", "name_or_path", "_commit_hash", "transformers_version", "model_type", "architectures"),
        *("torch_dtype", "dtype", "use_bfloat16", "torchscript", "tf_legacy_loss", "gradient_checkpointing"),
        *("_attn_implementation", "attn_implementation", "_attn_implementation_autoset"),
        *("use_cache", "return_dict", "output_hidden_states", "output_attentions", "output_past", "use_return_dict"),
        *(
            "id2label",
            "label2id",
            "num_labels",
            "_num_labels",
            "problem_type",
            "finetuning_task",
            "tie_word_embeddings",
        ),
        *("task_specific_params", "prefix", "language", "directionality", "tokenizer_class", "chunk_size_feed_forward"),
        *("bos_token_id", "eos_token_id", "pad_token_id", "sep_token_id", "decoder_start_token_id", "cls_token_id"),
        *("max_length", "min_length", "do_sample", "early_stopping", "num_beams", "num_beam_groups", "temperature"),
        *("diversity_penalty", "top_k", "top_p", "typical_p", "repetition_penalty", "length_penalty"),
        *("no_repeat_ngram_size", "encoder_no_repeat_ngram_size", "bad_words_ids", "num_return_sequences"),
        *("output_scores", "return_dict_in_generate", "forced_bos_token_id", "forced_eos_token_id"),
        *("remove_invalid_values", "exponential_decay_length_penalty", "suppress_tokens", "begin_suppress_tokens"),
    )
)
"""Fields that no number of the two passes depends on, whatever they say."""
_WITHOUT_EFFECT: Mapping[str, Collection[Any]] = {
    "add_cross_attention": (False, None),
    "cross_attention_hidden_size": (None,),
    "is_decoder": (False, None),
    "is_encoder_decoder": (False, None),
    "pruned_heads": ({}, None),
    "tie_encoder_decoder": (False, None),
    "auto_map": (None, {}),
    "quantization_config": (None,),
}
"""Fields that have no effect at these values, where no template reads them."""
_WHY = {
    "auto_map": "`auto_map` names code of the model's own, which is never run.",
    "quantization_config": "`quantization_config` says that weights are rounded, which is not simulated.",
}


class Config:
    """The fields of a config; what a template asks for of the wrong type, or out of range, is a fault."""

    def __init__(self, fields: Mapping[str, Any], reading: Reading) -> None:
        self.reading = reading
        self._fields = fields
        self._read: set[str] = set()

    @property
    def model_type(self) -> str:
        """The family of architectures."""
        found = self._fields.get("model_type")
        return found if isinstance(found, str) else ""

    @property
    def architecture(self) -> str:
        """The class of the model, which says its head; empty where none is named."""
        found = self._fields.get("architectures")
        names = [one for one in found if isinstance(one, str)] if isinstance(found, list) else []
        if found is not None and (not isinstance(found, list) or len(names) != len(found) or len(names) > 1):
            self.fault("architectures", "`architectures` is a list with the name of one class.")
        return names[0].replace("LLaMA", "Llama") if names else ""  # as it was spelled before transformers 4.28

    @property
    def labels(self) -> int:
        """How many outputs a classifier has."""
        names = self.value("id2label")
        count = self.integer("num_labels", self.integer("_num_labels", 2, WIDEST), WIDEST)
        if names is None or not isinstance(names, Mapping) or not names:
            if names:
                self.fault("id2label", "`id2label` is an object with a name for each label.")
            return count
        if (self.given("num_labels") or self.given("_num_labels")) and count != len(names):
            self.fault("num_labels", f"`num_labels` is {count}, and `id2label` names {len(names)} labels.")
        return len(names)

    def fault(self, name: str, sentence: str) -> None:
        """Keep a field that is not understood."""
        self.reading.fault(f"/{escape(name)}" if name else "", sentence)

    def __contains__(self, name: str) -> bool:
        """Whether a field is there, be it null."""
        return name in self._fields

    def given(self, name: str) -> bool:
        """Whether a field says anything."""
        return self._fields.get(name) is not None

    def value(self, name: str) -> Any:
        """A field as it is, for a template to make sense of; None where it is not there."""
        self._read.add(name)
        return self._fields.get(name)

    def integer(self, name: str, default: int, most: int = _LARGEST) -> int:
        """A whole number from 1 to `most`; the default stands for null as well."""
        found = self.value(name)
        if found is None:
            return default
        if type(found) is not int or not 1 <= found <= most:
            self.fault(name, f"`{name}` is a whole number from 1 to {most}; here it is {found!r:.40}.")
            return default
        return found

    def number(self, name: str, default: float, least: float, most: float) -> float:
        """A number from `least` to `most`; the default stands for null as well."""
        found = self.value(name)
        if found is None:
            return default
        if type(found) not in (int, float) or not isfinite(found) or not least <= found <= most:
            self.fault(name, f"`{name}` is a number from {least:g} to {most:g}; here it is {found!r:.40}.")
            return default
        return float(found)

    def rate(self, name: str, default: float) -> float:
        """A rate of dropout, from 0 to below 1."""
        return self.number(name, default, 0.0, 0.999)

    def spread(self) -> float:
        """The standard deviation of weights; transformers takes 0.02 where it is 0."""
        return self.number("initializer_range", 0.02, 0.0, 1e6) or 0.02

    def flag(self, name: str, default: bool) -> bool:
        """True or false; the default stands for null as well."""
        found = self.value(name)
        if found is not None and not isinstance(found, bool):
            self.fault(name, f"`{name}` is true or false; here it is {found!r:.40}.")
        return found if isinstance(found, bool) else default

    def only(self, name: str, *known: Any) -> None:
        """See that a field, where it is there, has one of the values that are understood."""
        found = self.value(name)
        if name in self._fields and not _among(found, known):
            wanted = " or ".join(map(repr, known))
            self.fault(name, f"`{name}` is {found!r:.40}; only {wanted} is understood.")

    def ignore(self, *names: str) -> None:
        """Fields that this template's model never looks at."""
        self._read.update(names)

    def assume(self, subject: Subject, name: str, sentence: str) -> None:
        """Keep an assumption about a field."""
        self.reading.assume(subject, f"/{escape(name)}" if name else "", sentence)

    def steps(self, name: str, limit: int) -> int:
        """The steps of a sequence: those asked for, or 128, and never above `limit`, which field `name` says."""
        given = self.reading.options.input
        if len(given) > 1:
            self.fault("", f"The inputs are tokens, so one size is said of them, such as {min(_STEPS, limit)}.")
        if given and not 1 <= given[0] <= min(limit, WIDEST):
            self.fault(name, f"{given[0]} steps are asked for; this model has positions for 1 to {limit}.")
        if given:
            return min(given[0], limit)
        steps = min(_STEPS, limit)
        self.assume(Subject.INPUT, name, f"A sequence has {steps} steps; the model has positions for {limit}.")
        return steps

    def check_all_read(self) -> None:
        """Every field that no one has read is without effect, or a fault."""
        for name, value in self._fields.items():
            known = name in self._read or name in _NEUTRAL
            if not known and not (name in _WITHOUT_EFFECT and _among(value, _WITHOUT_EFFECT[name])):
                self.fault(name, _WHY.get(name, f"The field `{name[:60]}` is not understood."))


def _among(found: Any, known: Collection[Any]) -> bool:
    """Whether a value is one of several, true not being 1."""
    return any(type(found) is type(one) and found == one for one in known)
