"""BERT and what is made like it."""

from dataclasses import dataclass

from service.imports.base import Layer, Subject
from service.imports.huggingface.config import Config
from service.imports.huggingface.parts import (
    LOGITS,
    NONE,
    Described,
    Head,
    activation,
    attention,
    behind,
    chosen,
    classifier,
    dense,
    dropped,
    epsilon_of,
    first_step,
    heads_of,
    language_head,
    norm,
    normal,
    of_dropout,
    repeated,
    residual,
    tokens,
    unused_rows,
)


@dataclass(frozen=True)
class _Encoder:
    """The sizes of a BERT, by its own words."""

    config: Config
    features: int
    blocks: int
    heads: int
    inner: int
    activation: Layer
    dropout: float
    shares: float  # the dropout of attention
    epsilon: float
    std: float
    vocabulary: int
    positions: int
    embedded: int  # features of an embedding
    types: int = 0  # kinds of tokens
    first: int = 0  # the position of the first step
    causal: bool = False

    @classmethod
    def of_bert(cls, config: Config, features: int = 768, heads: int = 12, inner: int = 3072) -> "_Encoder":
        """By the names that BERT, RoBERTa and ELECTRA have for them."""
        config.only("position_embedding_type", "absolute", None)
        features = config.integer("hidden_size", features)
        return cls(
            config,
            features=features,
            blocks=config.integer("num_hidden_layers", 12, 1000),
            heads=heads_of(config, "num_attention_heads", heads, ("hidden_size", features)),
            inner=config.integer("intermediate_size", inner),
            activation=activation(config, "hidden_act", "gelu"),
            dropout=config.rate("hidden_dropout_prob", 0.1),
            shares=config.rate("attention_probs_dropout_prob", 0.1),
            epsilon=epsilon_of(config, "layer_norm_eps", 1e-12),
            std=config.spread(),
            vocabulary=config.integer("vocab_size", 30522),
            positions=config.integer("max_position_embeddings", 512),
            embedded=features,
            types=config.integer("type_vocab_size", 2),
            causal=config.flag("is_decoder", False),
        )

    def described(self, name: str, steps: int, head: Head) -> Described:
        """The whole model: embeddings, blocks, and the head."""
        projection = [dense("embeddings_project", self.features, self.std)] if self.embedded != self.features else []
        layers = [*self._embeddings(), *projection, repeated(name, self.blocks, self._block()), *head.layers]
        unread = unused_rows(self.config, "max_position_embeddings", self.positions, steps, self.embedded)
        more = unread + max(self.types - 1, 0) * self.embedded + head.more
        return Described(tokens(steps, self.vocabulary), layers, head.loss, more)

    def steps(self) -> int:
        """How many steps a sequence has."""
        self.config.assume(
            Subject.MASK, "pad_token_id", "No sequence is padded: every step is a token like all others."
        )
        return self.config.steps("max_position_embeddings", self.positions - self.first)

    def _embeddings(self) -> list[Layer]:
        words = {"kind": "embedding", "name": "word_embeddings", "units": self.embedded, "weights": normal(self.std)}
        positions = {"kind": "position_embedding", "name": "position_embeddings", "positions": normal(self.std)}
        return [
            words,
            *self._types(),
            positions,
            norm("embeddings.LayerNorm", self.epsilon),
            *dropped(self.dropout),
        ]

    def _types(self) -> list[Layer]:
        """The vector of the first type of token, which is added to every step."""
        if not self.types:
            return []
        self.config.assume(
            Subject.INPUT,
            "type_vocab_size",
            f"Every token is of the first of {self.types} types, as transformers has it where none are said: its "
            "vector is the shift of a batch_norm that does nothing else.",
        )
        return [
            {
                "kind": "batch_norm",
                "name": "token_type_embeddings",
                "mode": "inference",
                "epsilon": 1e-12,
                "gain": NONE,
                "shift": normal(self.std),
            }
        ]

    def _block(self) -> list[Layer]:
        own = {"causal": self.causal, **of_dropout(self.shares)}
        inner = dense("intermediate.dense", self.inner, self.std, activation=self.activation)
        outer = dense("output.dense", self.features, self.std)
        return [
            residual("attention", [attention("attention.self", self.heads, self.std, **own), *dropped(self.dropout)]),
            norm("attention.output.LayerNorm", self.epsilon),
            residual("output", [inner, outer, *dropped(self.dropout)]),
            norm("output.LayerNorm", self.epsilon),
        ]

    def transform(self, names: tuple[str, str], of: Layer, units: int) -> list[Layer]:
        """What a head for words does to every step before its outputs."""
        return [dense(names[0], units, self.std, activation=of), norm(names[1], self.epsilon)]

    def words(self, name: str) -> Head:
        """An output for each token."""
        tied = self.config.flag("tie_word_embeddings", True)
        made = dense(name, self.vocabulary, self.std)
        return language_head(self.config, made, self.embedded, tied)

    def classified(self, *before: Layer, name: str = "classifier") -> Head:
        """Layers, and a classifier behind them."""
        found = classifier(self.config, name, self.std)
        return Head([*before, *found.layers], found.loss)


def _classifier_dropout(config: Config, default: float) -> list[Layer]:
    return dropped(config.rate("classifier_dropout", default))


def bert(config: Config) -> Described:
    """BERT; without a head its pooler's output."""
    config.ignore("pooler_fc_size", "pooler_num_attention_heads", "pooler_num_fc_layers", "pooler_size_per_head")
    config.only("pooler_type", "first_token_transform")
    one = _Encoder.of_bert(config)
    steps, own = one.steps(), _classifier_dropout(config, one.dropout)
    pooler = [*first_step(steps), dense("pooler.dense", one.features, one.std, activation={"kind": "tanh"})]
    transform = one.transform(("cls.transform.dense", "cls.transform.LayerNorm"), one.activation, one.features)
    heads = {
        "": lambda: Head(pooler),
        "BertModel": lambda: Head(pooler),
        "BertForSequenceClassification": lambda: one.classified(*pooler, *own),
        "BertForTokenClassification": lambda: one.classified(*own),
        "BertForNextSentencePrediction": lambda: Head([*pooler, dense("cls", 2, one.std)], LOGITS),
        **dict.fromkeys(("BertForMaskedLM", "BertLMHeadModel"), lambda: behind(transform, one.words("cls.decoder"))),
    }
    return one.described("encoder.layer", steps, chosen(config, heads))


def roberta(config: Config) -> Described:
    """RoBERTa, whose positions begin behind that of padding; without a head its pooler's output."""
    one = _Encoder.of_bert(config)
    padding = config.value("pad_token_id")
    first = (padding if type(padding) is int and 0 <= padding < one.positions - 1 else 1) + 1
    one = _Encoder(**{**vars(one), "first": first})
    steps, own = one.steps(), _classifier_dropout(config, one.dropout)
    tanh, name = {"kind": "tanh"}, "classifier.dense"
    pooler = [*first_step(steps), dense("pooler.dense", one.features, one.std, activation=tanh)]
    of_first = [*first_step(steps), *own, dense(name, one.features, one.std, activation=tanh), *own]
    transform = one.transform(("lm_head.dense", "lm_head.layer_norm"), {"kind": "gelu"}, one.features)
    heads = {
        "": lambda: Head(pooler),
        "RobertaModel": lambda: Head(pooler),
        "RobertaForSequenceClassification": lambda: one.classified(*of_first, name="classifier.out_proj"),
        "RobertaForTokenClassification": lambda: one.classified(*own),
        **dict.fromkeys(
            ("RobertaForMaskedLM", "RobertaForCausalLM"), lambda: behind(transform, one.words("lm_head.decoder"))
        ),
    }
    return one.described("encoder.layer", steps, chosen(config, heads))


def electra(config: Config) -> Described:
    """ELECTRA, whose embeddings may have fewer features; without a head what comes out of its blocks."""
    config.ignore("summary_type", "summary_use_proj", "summary_activation", "summary_last_dropout")
    one = _Encoder.of_bert(config, features=256, heads=4, inner=1024)
    one = _Encoder(**{**vars(one), "embedded": config.integer("embedding_size", 128)})
    steps, own = one.steps(), _classifier_dropout(config, one.dropout)
    name = "discriminator_predictions.dense"
    found = [
        dense(name, one.features, one.std, activation=one.activation),
        dense("discriminator_predictions.dense_prediction", 1, one.std),
    ]
    of_first = [*first_step(steps), *own, dense("classifier.dense", one.features, one.std, activation={"kind": "gelu"})]
    names = "generator_predictions.dense", "generator_predictions.LayerNorm"
    heads = {
        "": Head,
        "ElectraModel": Head,
        "ElectraForPreTraining": lambda: Head(found, "binary_cross_entropy_with_logits"),
        "ElectraForSequenceClassification": lambda: one.classified(*of_first, *own, name="classifier.out_proj"),
        "ElectraForTokenClassification": lambda: one.classified(*own),
        "ElectraForMaskedLM": lambda: behind(
            one.transform(names, {"kind": "gelu"}, one.embedded), one.words("generator_lm_head")
        ),
    }
    return one.described("encoder.layer", steps, chosen(config, heads))


def distilbert(config: Config) -> Described:
    """DistilBERT, by its own names of the same sizes; without a head what comes out of its blocks."""
    config.only("sinusoidal_pos_embds", False)
    config.ignore("qa_dropout", "tie_weights_")
    features = config.integer("dim", 768)
    one = _Encoder(
        config,
        features=features,
        blocks=config.integer("n_layers", 6, 1000),
        heads=heads_of(config, "n_heads", 12, ("dim", features)),
        inner=config.integer("hidden_dim", 3072),
        activation=activation(config, "activation", "gelu"),
        dropout=config.rate("dropout", 0.1),
        shares=config.rate("attention_dropout", 0.1),
        epsilon=1e-12,
        std=config.spread(),
        vocabulary=config.integer("vocab_size", 30522),
        positions=config.integer("max_position_embeddings", 512),
        embedded=features,
    )
    steps, own = one.steps(), dropped(config.rate("seq_classif_dropout", 0.2))
    before = [*first_step(steps), dense("pre_classifier", features, one.std, activation={"kind": "relu"}), *own]
    transform = one.transform(("vocab_transform", "vocab_layer_norm"), one.activation, features)
    heads = {
        "": Head,
        "DistilBertModel": Head,
        "DistilBertForSequenceClassification": lambda: one.classified(*before),
        "DistilBertForTokenClassification": lambda: one.classified(*dropped(one.dropout)),
        "DistilBertForMaskedLM": lambda: behind(transform, one.words("vocab_projector")),
    }
    return one.described("transformer.layer", steps, chosen(config, heads))
