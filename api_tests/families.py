"""The families of kinds by their names in the catalog."""

from service.core.kinds import Kind
from service.nn.activations import Activation
from service.nn.data import Data, InputData
from service.nn.initializers import Initializer, NoBias
from service.nn.layers import Node
from service.nn.losses import Loss
from service.nn.optimizers import Optimizer
from service.nn.policies import Policy
from service.nn.shapes import InputShape

FAMILIES: dict[str, type[Kind]] = {
    "activations": Activation,
    "biases": NoBias,
    "initializers": Initializer,
    "input_shapes": InputShape,
    "inputs": InputData,
    "layers": Node,
    "losses": Loss,
    "optimizers": Optimizer,
    "policies": Policy,
    "targets": Data,
}
