"""`config.json` of Hugging Face's transformers as a specification, by a template for each `model_type`.

What a config does not say has the value that transformers gives it. Every field is understood by the template, without
effect on the gradient, or a fault. `auto_map` names code of the model's own: such a config is refused.
"""

from collections.abc import Callable
from typing import BinaryIO

from service.core import strict_json
from service.imports.base import Fault, Imported, NotUnderstood, Options, Reading, Source, WeightValues
from service.imports.huggingface import decoders, encoders, images, t5
from service.imports.huggingface.config import Config
from service.imports.huggingface.parts import Described

_MOST_BYTES = 1 << 20
_TEMPLATES: dict[str, Callable[[Config], Described]] = {
    "bert": encoders.bert,
    "distilbert": encoders.distilbert,
    "electra": encoders.electra,
    "gpt2": decoders.gpt2,
    "llama": decoders.llama,
    "mistral": decoders.mistral,
    "qwen2": decoders.qwen2,
    "resnet": images.resnet,
    "roberta": encoders.roberta,
    "t5": t5.t5,
    "vit": images.vit,
}


def read(data: BinaryIO, options: Options) -> Imported:
    """The model that a `config.json` describes; NotUnderstood, MalformedJson.

    `parameters` are those that the model has in transformers, with what the specification has more or fewer of, which
    stands among the assumptions.
    """
    text = data.read(_MOST_BYTES + 1)
    if len(text) > _MOST_BYTES:
        raise NotUnderstood.of([Fault("", f"A config.json has at most {_MOST_BYTES} bytes here.")])
    fields = strict_json.loads(text)
    if not isinstance(fields, dict):
        raise NotUnderstood.of([Fault("", "A config.json is an object with a `model_type`.")])
    reading = Reading(Source.HUGGINGFACE, options)
    if options.values is WeightValues.FILE:
        reading.fault("", "A config.json holds no trained values; they can only be drawn.")
    config = Config(fields, reading)
    template = _TEMPLATES.get(config.model_type)
    if template is None:
        known = ", ".join(sorted(_TEMPLATES))
        said = f"The model_type {config.model_type!r:.60} is none of those read"
        missing = "The config has no `model_type`, which says what model it is; write it into the file, as one of these"
        reading.fault("/model_type", f"{said if config.model_type else missing}: {known}.")
        reading.check()
    found = template(config) if template else Described({}, [])
    config.check_all_read()
    version = fields.get("transformers_version")
    form = f"config.json of transformers{f' {version}' if isinstance(version, str) else ''}, {config.model_type}"
    made = reading.finished(form[:200], found.shape, found.layers, found.loss)
    return made.model_copy(update={"parameters": made.parameters + found.more})
