"""Layer settings from the proto message `Hyperparams`, as each generation's builder understands them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from cfgtool.errors import UserError
from cfgtool.networks.ops import GLOROT, ZEROS, BatchNorm, Weights
from cfgtool.networks.variables import Initializer

if TYPE_CHECKING:
    from cfgtool.schema import Config

Generation = Literal["tf1", "tf2"]

_BY_NAME: dict[str, Initializer] = {
    "zeros": ZEROS,
    "ones": Initializer("constant", value=1.0),
    "glorot_uniform": Initializer("glorot_uniform"),
    "glorot_normal": Initializer("variance_scaling", factor=1.0, mode="fan_avg"),
    "he_normal": Initializer("variance_scaling", factor=2.0, mode="fan_in"),
    "he_uniform": Initializer("variance_scaling", factor=2.0, uniform=True, mode="fan_in"),
    "lecun_normal": Initializer("variance_scaling", factor=1.0, mode="fan_in"),
    "lecun_uniform": Initializer("variance_scaling", factor=1.0, uniform=True, mode="fan_in"),
    "random_normal": Initializer("random_normal", stddev=0.05),
    "random_uniform": Initializer("random_uniform", stddev=0.05),
    "truncated_normal": Initializer("truncated_normal", stddev=0.05),
}
"""`keras_initializer_by_name` with the defaults that Keras gives each of them."""


class Hyperparams(NamedTuple):
    """What the layers of one part of a network have in common.

    `bias`: whether a convolution has a bias where nothing else decides it. `tower_norm`: the normalisation
    of the weight-shared head, which looks at `batch_norm` only.
    """

    weights: Weights
    norm: BatchNorm | None
    activation: str
    bias: bool
    tower_norm: BatchNorm | None = None

    @property
    def bias_start(self) -> Initializer | None:
        """The initializer of a bias, None where there is none."""
        return ZEROS if self.bias else None


MOBILENET = Hyperparams(
    Weights(Initializer("truncated_normal", stddev=0.09), l2=0.00004), BatchNorm(), "relu_6", bias=False
)
"""A MobileNet backbone without `override_base_feature_extractor_hyperparams` (the same numbers in both
generations).
"""


def read_hyperparams(
    config: Config, generation: Generation, *, freeze_batchnorm: bool = False
) -> Hyperparams:
    """The settings in a `Hyperparams` message.

    TF1 knows neither `sync_batch_norm` nor `force_use_bias`, and obeys `batch_norm.train`, which Keras
    ignores. A convolution has a bias in TF1 when it is not normalised, in Keras also when the normalisation
    is not centred.
    """
    norm = tower_norm = None
    if config.has("batch_norm"):
        norm = tower_norm = _batch_norm(config.message("batch_norm"), generation, freeze_batchnorm)
    elif generation == "tf2" and config.has("sync_batch_norm"):
        norm = _batch_norm(config.message("sync_batch_norm"), generation, freeze_batchnorm)
    if generation == "tf1":
        bias = norm is None
    else:
        bias = norm is None or not norm.center or config.flag("force_use_bias")
    l1, l2 = _regularizer(config.message("regularizer"))
    weights = Weights(_initializer(config.message("initializer")), l2, l1)
    return Hyperparams(weights, norm, config.enum("activation").lower(), bias, tower_norm)


def unconfigured(hyper: Hyperparams, generation: Generation) -> Weights:
    """The weights of a kernel that a Keras layer of the OD API leaves at its own defaults, and TF1 does
    not.
    """
    return hyper.weights if generation == "tf1" else GLOROT


def _batch_norm(config: Config, generation: Generation, freeze: bool) -> BatchNorm:
    return BatchNorm(
        config.number("decay"),
        config.number("epsilon"),
        config.flag("center"),
        config.flag("scale"),
        train=not freeze and (generation == "tf2" or config.flag("train")),
    )


def _regularizer(config: Config) -> tuple[float, float]:
    kind = config.which("regularizer_oneof")
    if kind is None:
        return 0.0, 0.0
    weight = config.message(kind).number("weight")
    return (weight, 0.0) if kind == "l1_regularizer" else (0.0, weight)


def _initializer(config: Config) -> Initializer:
    kind = config.which("initializer_oneof")
    if kind is None:
        return Initializer("glorot_uniform")
    if kind == "keras_initializer_by_name":
        name = config.text(kind)
        if name.lower() not in _BY_NAME:
            raise UserError(
                f"unknown keras_initializer_by_name {name!r}", hint=f"known are {', '.join(_BY_NAME)}"
            )
        return _BY_NAME[name.lower()]
    values = config.message(kind)
    if kind == "variance_scaling_initializer":
        return Initializer(
            "variance_scaling",
            factor=values.number("factor"),
            uniform=values.flag("uniform"),
            mode=values.enum("mode").lower(),
        )
    return Initializer(
        kind.removesuffix("_initializer"), mean=values.number("mean"), stddev=values.number("stddev")
    )
