"""Hyperparameters, anchors, names and freezing: how fields of the config are read."""

from __future__ import annotations

from typing import Literal

import pytest
from network_configs import HYPER, pipeline, read

from cfgtool.errors import UserError
from cfgtool.networks import describe, described_extractors, frozen_variables, known_extractors
from cfgtool.networks.anchor_counts import anchors_per_location
from cfgtool.networks.backbones.mobilenet_v2 import round_filters
from cfgtool.networks.hyperparams import Hyperparams, read_hyperparams
from cfgtool.networks.names import Layers, Names
from cfgtool.networks.variables import Initializer, Variable

Generation = Literal["tf1", "tf2"]


def hyper(text: str, generation: Generation = "tf2", *, freeze: bool = False) -> Hyperparams:
    config = read(f"model {{ ssd {{ feature_extractor {{ conv_hyperparams {{ {text} }} }} }} }}")
    message = config.find("model.ssd.feature_extractor.conv_hyperparams")
    return read_hyperparams(message, generation, freeze_batchnorm=freeze)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("truncated_normal_initializer { stddev: 0.5 }", Initializer("truncated_normal", stddev=0.5)),
        (
            "random_normal_initializer { mean: 1 stddev: 0.5 }",
            Initializer("random_normal", mean=1.0, stddev=0.5),
        ),
        (
            "variance_scaling_initializer { factor: 1.0 uniform: true mode: FAN_AVG }",
            Initializer("variance_scaling", factor=1.0, uniform=True, mode="fan_avg"),
        ),
        ('keras_initializer_by_name: "he_normal"', Initializer("variance_scaling", factor=2.0)),
    ],
)
def test_initializers(text: str, expected: Initializer) -> None:
    assert hyper(f"initializer {{ {text} }}").weights.initializer == expected


@pytest.mark.parametrize(
    ("text", "l1", "l2"),
    [
        ("regularizer { l2_regularizer { weight: 0.5 } }", 0.0, 0.5),
        ("regularizer { l2_regularizer { } }", 0.0, 1.0),
        ("regularizer { l1_regularizer { weight: 0.25 } }", 0.25, 0.0),
        ("", 0.0, 0.0),
    ],
)
def test_regularizers(text: str, l1: float, l2: float) -> None:
    weights = hyper(text).weights
    assert (weights.l1, weights.l2) == (l1, l2)


@pytest.mark.parametrize(
    ("text", "generation", "bias", "trains"),
    [
        ("batch_norm { }", "tf2", False, True),
        ("batch_norm { center: false }", "tf2", True, True),
        ("batch_norm { center: false }", "tf1", False, True),
        ("batch_norm { } force_use_bias: true", "tf2", True, True),
        ("batch_norm { train: false }", "tf1", False, False),
        ("batch_norm { train: false }", "tf2", False, True),
        ("sync_batch_norm { }", "tf2", False, True),
        ("sync_batch_norm { }", "tf1", True, None),
        ("", "tf2", True, None),
        ("group_norm { }", "tf2", True, None),
    ],
)
def test_normalisation_and_bias(text: str, generation: Generation, bias: bool, trains: bool | None) -> None:
    settings = hyper(text, generation)
    assert settings.bias is bias
    assert (settings.norm.train if settings.norm else None) is trains


def test_a_frozen_batch_norm_does_not_train() -> None:
    norm = hyper("batch_norm { decay: 0.5 epsilon: 0.25 scale: true }", freeze=True).norm
    assert norm is not None
    assert (norm.train, norm.decay, norm.epsilon, norm.scale) == (False, 0.5, 0.25, True)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ssd_anchor_generator { aspect_ratios: [1, 2, 0.5, 3, 0.3333] }", [3, 6, 6, 6, 6, 6]),
        (
            "ssd_anchor_generator { num_layers: 2 aspect_ratios: [1, 2] reduce_boxes_in_lowest_layer: false}",
            [3, 3],
        ),
        (
            "ssd_anchor_generator { scales: [0.1, 0.2] aspect_ratios: 1 interpolated_scale_aspect_ratio: 0 }",
            [3, 1],
        ),
        ("multiscale_anchor_generator { aspect_ratios: [1, 2, 0.5] }", [6] * 5),
        (
            "multiscale_anchor_generator { min_level: 4 max_level: 5 aspect_ratios: 1 scales_per_octave: 1}",
            [1, 1],
        ),
        ("grid_anchor_generator { scales: [1, 2] aspect_ratios: [1, 2, 0.5] }", [6]),
        (
            "flexible_grid_anchor_generator {"
            " anchor_grid { base_sizes: [1, 2] aspect_ratios: 1 } anchor_grid { } }",
            [2, 0],
        ),
    ],
)
def test_anchors_per_location(text: str, expected: list[int]) -> None:
    config = read(f"model {{ ssd {{ anchor_generator {{ {text} }} }} }}")
    assert anchors_per_location(config.find("model.ssd.anchor_generator")) == expected


def test_an_unset_anchor_generator_is_refused() -> None:
    with pytest.raises(UserError, match="anchor_generator is not set"):
        anchors_per_location(read("").find("model.ssd.anchor_generator"))


def test_layers_of_a_functional_model_are_counted_by_weights_and_those_of_a_list_all() -> None:
    scope = Names("part", "model/part", "", None)
    numbered: list[str | None] = []
    for functional in (True, False):
        layers = Layers(scope, functional=functional)
        for name in ("first", "second"):
            numbered.append(layers.next(name, keras=name, tf1=name).tf2)
            layers.skip()
    assert numbered == [
        "model/part/layer_with_weights-0",
        "model/part/layer_with_weights-1",
        "model/part/0",
        "model/part/2",
    ]
    assert layers.next("last", keras="last", tf1="Last") == Names("part/last", "model/part/4", "last", None)


@pytest.mark.parametrize(
    ("depth", "minimum", "expected"), [(32, 8, 32), (18, 8, 24), (12, 16, 16), (8.4, 8, 8), (1.0, 8, 8)]
)
def test_filters_are_rounded_to_multiples_of_8(depth: float, minimum: int, expected: int) -> None:
    assert round_filters(depth, minimum) == expected


def test_known_types_have_a_generation_and_the_described_ones_are_known() -> None:
    known = known_extractors()
    assert len(known) == 67
    assert known["ssd_mobilenet_v2"] == "tf1"
    assert known["ssd_efficientnet-b7_bifpn_keras"] == "tf2"
    assert set(described_extractors()) <= set(known)


def test_settings_reach_the_layers_they_belong_to() -> None:
    plain = {v.name: v for v in describe(pipeline()).variables}
    assert plain["backbone/stem/kernel"].initializer == Initializer("truncated_normal", stddev=0.09)
    assert plain["neck/extra_2/conv/kernel"].initializer.stddev == pytest.approx(0.03)
    override = "depth_multiplier: 0.25 override_base_feature_extractor_hyperparams: true"
    changed = {v.name: v for v in describe(pipeline(extractor=override)).variables}
    assert changed["backbone/stem/kernel"].initializer.stddev == pytest.approx(0.03)


@pytest.mark.parametrize(("generation", "pointwise", "head"), [("tf2", 0.0, 0.0), ("tf1", 0.00004, 0.00004)])
def test_keras_leaves_some_separable_kernels_unregularised(
    generation: Generation, pointwise: float, head: float
) -> None:
    config = pipeline(
        "ssd_mobilenet_v2_fpn_keras", extractor="use_depthwise: true", head="use_depthwise: true"
    )
    penalties = {v.name: v.l2 for v in describe(config, generation).variables}
    assert penalties["neck/smoothing_1/depthwise_kernel"] == pytest.approx(0.00004)
    assert penalties["neck/smoothing_1/pointwise_kernel"] == pytest.approx(pointwise)
    assert penalties["head/class/pointwise_kernel"] == pytest.approx(head)


def test_the_class_bias_starts_where_the_config_says() -> None:
    for type_, name in (
        ("ssd_mobilenet_v2", "head/class/level_0/conv/bias"),
        ("ssd_mobilenet_v2_fpn", "head/class/bias"),
    ):
        config = pipeline(type_, head="class_prediction_bias_init: -4.5")
        starts = {v.name: v.initializer for v in describe(config).variables}
        assert starts[name] == Initializer("constant", value=-4.5)


def test_explicit_padding_and_dropout_shift_the_tf2_paths() -> None:
    extractor = "depth_multiplier: 0.25 use_explicit_padding: true"
    keys = {
        v.name: v.tf2_key for v in describe(pipeline(extractor=extractor, head="use_dropout: true")).variables
    }
    assert (
        keys["neck/extra_2/conv/kernel"]
        == "model/_feature_extractor/feature_map_generator/convolutions/2/4/kernel"
    )
    # The class branch alone has dropout.
    assert str(keys["head/box/level_0/conv/kernel"]).endswith("box_encodings/0/_box_encoder_layers/0/kernel")
    assert str(keys["head/class/level_0/conv/kernel"]).endswith("_class_predictor_layers/1/kernel")


def test_layers_before_the_predictor() -> None:
    head = "num_layers_before_predictor: 2 min_depth: 16 max_depth: 32"
    variables = {v.name: v for v in describe(pipeline(head=head)).variables}
    kernel = variables["head/shared/level_1/conv_1/kernel"]
    assert kernel.shape == (1, 1, 32, 32)
    assert kernel.tf2_key == "model/_box_predictor/_shared_nets/1/3/kernel"
    assert kernel.keras_name == "BoxPredictor/SharedConvolutions_1/Conv2d_1_1x1_32/kernel"
    assert kernel.tf1_name == "BoxPredictor_1/Conv2d_1_1x1_32/weights"


def test_maps_of_different_depth_are_projected_for_a_shared_head() -> None:
    config = read(
        f"""
model {{ ssd {{
  num_classes: 2
  feature_extractor {{ type: "ssd_mobilenet_v1" conv_hyperparams {{ {HYPER} }} }}
  box_predictor {{ weight_shared_convolutional_box_predictor {{ depth: 8 conv_hyperparams {{ {HYPER} }} }} }}
  anchor_generator {{ ssd_anchor_generator {{ aspect_ratios: [1, 2] }} }}
}} }}"""
    )
    variables = {v.name: v for v in describe(config).variables}
    assert variables["head/projection/level_1/kernel"].shape == (1, 1, 1024, 512)
    assert variables["head/box/kernel"].shape == (3, 3, 512, 12)
    assert variables["head/projection/level_1/batch_norm/gamma"].tf1_name == (
        "WeightSharedConvolutionalBoxPredictor/ProjectionLayer/conv2d_1/BatchNorm/gamma"
    )


VARIABLES = [
    Variable(name, (1,), True, Initializer("constant"), None, keras, tf1)
    for name, keras, tf1 in (
        ("backbone/stem/kernel", "Conv1/kernel", "FeatureExtractor/MobilenetV2/Conv/weights"),
        ("neck/extra_2/conv/kernel", "scope/layer_19_conv/kernel", None),
        ("head/box/bias", "BoxPredictor/bias", "BoxPredictor_0/biases"),
    )
]


@pytest.mark.parametrize(
    ("train", "frozen"),
    [
        ("", set()),
        ('freeze_variables: "FeatureExtractor"', {"backbone/stem/kernel"}),
        ('freeze_variables: ["backbone", "BoxPredictor/"]', {"backbone/stem/kernel", "head/box/bias"}),
        ('freeze_variables: "stem"', set()),
        ('freeze_variables: ".*kernel$"', {"backbone/stem/kernel", "neck/extra_2/conv/kernel"}),
        ('update_trainable_variables: "head"', {"backbone/stem/kernel", "neck/extra_2/conv/kernel"}),
        ('update_trainable_variables: "head" freeze_variables: "head"', {v.name for v in VARIABLES}),
    ],
)
def test_frozen_variables(train: str, frozen: set[str]) -> None:
    assert frozen_variables(read(f"train_config {{ {train} }}").message("train_config"), VARIABLES) == frozen


def test_a_broken_pattern_is_refused() -> None:
    config = read('train_config { freeze_variables: "(" }').message("train_config")
    with pytest.raises(UserError, match=r"train_config.freeze_variables '\('"):
        frozen_variables(config, VARIABLES)
