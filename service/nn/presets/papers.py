"""What papers take where nothing is said."""

from collections.abc import Collection, Mapping
from math import sqrt
from typing import ClassVar

from service.nn.initializers import NoBias
from service.nn.initializers.base import Distribution, FanMode, Normal, Uniform
from service.nn.initializers.matrices import Orthogonal
from service.nn.layers import Node
from service.nn.layers.convolution import Convolution
from service.nn.presets.base import Filled, Surroundings, Table, scaled


class _Small(Table):
    """N(0, 0.02²) everywhere, biases of zeros."""

    kernel = Normal(std=0.02)
    embedding = Normal(std=0.02)


class Gpt2(_Small):
    """N(0, 0.02²), and what ends in the stream of transformer blocks smaller by √(2 · blocks)."""

    name: ClassVar[str] = "gpt2"
    source: ClassVar[str] = "Radford et al. 2019; transformers.GPT2Model."
    aliases: ClassVar[Collection[str]] = ("gpt-2", "gpt", "nanogpt")

    def block(self, where: Surroundings) -> Filled:
        output = Normal(std=0.02 / sqrt(2.0 * max(1, where.blocks)))
        return {**super().block(where), "attention_output_weights": output, "mlp_output_weights": output}


class Llama(_Small):
    """N(0, 0.02²) and no biases."""

    name: ClassVar[str] = "llama"
    source: ClassVar[str] = "Touvron et al. 2023; transformers.LlamaModel, epsilon 1e-6."
    aliases: ClassVar[Collection[str]] = ("llama2", "llama3", "mistral")
    bias = NoBias()
    epsilon = 1e-6


class Bert(_Small):
    """N(0, 0.02²), with a small epsilon."""

    name: ClassVar[str] = "bert"
    source: ClassVar[str] = "Devlin et al. 2019; transformers.BertModel; ViT draws alike."
    aliases: ClassVar[Collection[str]] = ("roberta", "vit")
    epsilon = 1e-12


class T5(Table):
    """Variance 1/fan_in, with the scores' scale in the queries; no biases."""

    name: ClassVar[str] = "t5"
    source: ClassVar[str] = "Raffel et al. 2020; queries of variance 1/(d·d_k) without the 1/√d_k that is here."
    aliases: ClassVar[Collection[str]] = ("flan-t5",)
    kernel = scaled(1.0, distribution=Distribution.NORMAL)
    bias = NoBias()
    epsilon = 1e-6


class ResNet(Table):
    """He's normal by fan_out, no biases in convolutions, the last layer as in PyTorch."""

    name: ClassVar[str] = "resnet"
    source: ClassVar[str] = "He et al. 2015; torchvision.models.resnet: kaiming_normal_(mode='fan_out')."
    aliases: ClassVar[Collection[str]] = ("torchvision", "resnet50", "resnext")
    kernel = scaled(2.0, FanMode.FAN_OUT, Distribution.NORMAL)
    bias = NoBias()

    def table(self) -> Mapping[str, Filled]:
        return {**super().table(), "dense": {"weights": scaled(1.0 / 3.0), "bias": scaled(1.0 / 3.0)}}

    def fill(self, node: Node, where: Surroundings) -> Filled:
        found = super().fill(node, where)
        if not isinstance(node, Convolution) or node.groups == 1:
            return found
        every = scaled(2.0 / node.groups, FanMode.FAN_OUT, Distribution.NORMAL)  # PyTorch's fan_out is of all groups
        return {**found, "weights": every}


class Dcgan(Table):
    """N(0, 0.02²), gains N(1, 0.02²), no biases."""

    name: ClassVar[str] = "dcgan"
    source: ClassVar[str] = "Radford, Metz & Chintala 2016."
    aliases: ClassVar[Collection[str]] = ("gan",)
    kernel = Normal(std=0.02)
    bias = NoBias()
    gain = Normal(mean=1.0, std=0.02)


class Siren(Table):
    """U(±1/n) in the first layer, U(±√(6/n)/30) in the others; for sines of 30 z."""

    name: ClassVar[str] = "siren"
    source: ClassVar[str] = "Sitzmann et al. 2020."
    kernel = scaled(2.0 / 900.0)  # U(±√(6/n)/30) has the variance 6/(3 · 900 · n)
    bias = scaled(1.0 / 3.0)

    def fill(self, node: Node, where: Surroundings) -> Filled:
        found = super().fill(node, where)
        if node.kind != "dense" or not where.first:
            return found
        return {**found, "weights": Uniform(low=-1.0 / where.features, high=1.0 / where.features)}


class Ppo(Table):
    """Orthogonal, √2 in hidden layers and 0.01 in the head; biases of zeros."""

    name: ClassVar[str] = "ppo"
    source: ClassVar[str] = "Schulman et al. 2017; Huang et al. 2022 for the gains; a head of values has 1 instead."
    aliases: ClassVar[Collection[str]] = ("a2c", "stable-baselines3")
    kernel = Orthogonal(gain=sqrt(2.0))

    def fill(self, node: Node, where: Surroundings) -> Filled:
        found = super().fill(node, where)
        return {**found, "weights": Orthogonal(gain=0.01)} if node.kind == "dense" and where.last else found
