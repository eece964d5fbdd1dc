"""A plan as mean field theory sees it, and the prediction beside the measurement."""

from math import fsum

from service.nn.layers.dense import Dense
from service.simulation.plan import Plan, PlannedLayer
from service.simulation.results import Theory
from service.theory.mean_field import DenseStage, Prediction, predict


def theory_of(plan: Plan, measured: float | None) -> Theory:
    """The prediction for `plan`; `measured` is the median depth ratio."""
    prediction = _prediction(plan)
    if prediction.reason is not None:
        return Theory(depth_ratio=None, difference=None, log10_backward_gain=[], reason=prediction.reason)
    predicted = fsum(prediction.log10_backward_gain)
    return Theory(
        depth_ratio=predicted,
        difference=None if measured is None else measured - predicted,
        log10_backward_gain=prediction.log10_backward_gain,
        reason=None,
    )


def _prediction(plan: Plan) -> Prediction:
    stages = [_stage(planned) for planned in plan.layers]
    known = [stage for stage in stages if stage is not None]
    if len(known) < len(stages):
        return Prediction([], "The theory is for stacks of dense layers; there are other layers in this network.")
    return predict(known, plan.spec.data.inputs.mean_square())


def _stage(planned: PlannedLayer) -> DenseStage | None:
    layer, fan_in, fan_out = planned.layer, planned.features, planned.units
    if not isinstance(layer, Dense):
        return None
    return DenseStage(
        fan_in, layer.weights.variance(fan_in, fan_out), layer.bias.variance(1, fan_out), layer.activation
    )
