"""Costs by layer: they sum up to the network's, and are what hands and papers compute."""

from __future__ import annotations

from math import prod
from pathlib import Path

import pytest
from network_configs import pipeline, read

from cfgtool.networks import describe
from cfgtool.networks.accounting import CostOps, account, optimizer_slots, training_memory
from cfgtool.networks.backbones.mobilenet_v1 import mobilenet_v1
from cfgtool.networks.backbones.mobilenet_v2 import Widths, mobilenet_v2
from cfgtool.networks.extractors import described_extractors
from cfgtool.networks.hyperparams import MOBILENET
from cfgtool.networks.modules import folded_modules, module_tree, whole_module
from cfgtool.networks.names import Names
from cfgtool.networks.ops import GLOROT, ZEROS, BatchNorm
from cfgtool.schema import Config

ROOT = Names("", "model", "", "")
NONE: frozenset[str] = frozenset()


def _layer(name: str) -> Names:
    return ROOT.child(name, tf2=name, keras=name, tf1=name)


def test_operations_without_a_layer_belong_to_the_one_before() -> None:
    ops = CostOps()
    x = ops.max_pool((1, 8, 8, 3), 2, stride=2)
    x = ops.conv(x, _layer("a"), 5, 3, weights=GLOROT, bias=ZEROS)
    x = ops.activation(ops.batch_norm(x, _layer("a/norm"), BatchNorm()), "relu")
    y = ops.depthwise_conv(x, _layer("b"), 3, weights=GLOROT, stride=2)
    y = ops.separable_conv(y, _layer("c"), 2, 3, depthwise=GLOROT, pointwise=GLOROT)
    ops.conv(y, _layer("a2"), 4, 1, weights=GLOROT)
    ops.conv(ops.max_pool(y, 2, stride=2), _layer("a2"), 4, 1, weights=GLOROT)
    ops.settle()
    assert list(ops.costs.items()) == [
        ("input", (0, 4 * 4 * 4 * 3, ((4, 4, 3),))),
        ("a", (4 * 4 * 9 * 3 * 5, 4 * 4 * 4 * 5, ((4, 4, 5),))),
        ("a/norm", (0, 2 * 4 * 4 * 4 * 5, ((4, 4, 5),))),
        ("b", (2 * 2 * 9 * 5, 4 * 2 * 2 * 5, ((2, 2, 5),))),
        # Its two parts; the way between them is kept too. The pooling after it is its own.
        ("c", (2 * 2 * 5 * (9 + 2), 4 * 2 * 2 * (5 + 2), ((2, 2, 2),))),
        ("a2", (2 * 2 * 2 * 4 + 1 * 2 * 4, 4 * (2 * 2 * 4 + 1 * 2 + 4), ((1, 1, 2), (1, 1, 4)))),
    ]


SAMPLES = (
    "ssd_mobilenet_v1",
    "ssd_mobilenet_v1_ppn",
    "embedded_ssd_mobilenet_v1",
    "ssd_mobilenet_v2_keras",
    "ssd_mobilenet_v2_fpn_keras",
)
ANCHORS = {"embedded_ssd_mobilenet_v1": "ssd_anchor_generator { num_layers: 5 aspect_ratios: 1.0 }"}


@pytest.mark.parametrize("type_", SAMPLES)
def test_layers_sum_up_to_the_network(type_: str) -> None:
    _check_sums(pipeline(type_, size=256, anchors=ANCHORS.get(type_, "")))


@pytest.mark.reference
def test_layers_of_published_configs_sum_up(shared: Path) -> None:
    seen = set()
    for path in sorted((shared / "corpus").glob("configs_tf*/*.config")):
        config = read(path.read_text())
        kind = config.message("model").which("model")
        type_ = config.find(f"model.{kind}.feature_extractor").text("type") if kind else ""
        # DeepMAC is a model of its own under the name of CenterNet.
        other = config.has("model") and config.find("model").has("center_net") and "deepmac" in path.name
        if type_ in described_extractors() and type_ not in seen and not other:
            seen.add(type_)
            _check_sums(config)
    assert len(seen) > 30


def _check_sums(config: Config) -> None:
    network = describe(config)
    counted = account(config)
    assert counted.network == network
    layers = counted.layers
    assert sum(layer.multiply_adds for layer in layers) == network.multiply_adds
    assert sum(layer.activation_bytes for layer in layers) == network.activation_bytes
    assert [variable for layer in layers for variable in layer.variables] == list(network.variables)
    assert len({layer.name for layer in layers}) == len(layers)
    total = whole_module(counted, NONE)
    tops = list(module_tree(counted, NONE, 1))
    for field in ("layers", "parameters", "trained_parameters", "multiply_adds", "activation_bytes"):
        assert sum(getattr(module, field) for module in tops) == getattr(total, field)
    assert total.parameters == network.parameters
    assert total.trained_parameters == network.trainable_parameters
    for depth in (1, 2, None):
        folded = [module for module in folded_modules(counted, NONE, depth) if module.level == 0]
        assert sum(module.multiply_adds for module in folded) == network.multiply_adds
        assert sum(module.parameters for module in folded) == network.parameters


def test_mobilenets_cost_what_their_papers_say() -> None:
    """569 and 300 million multiply-adds at 224 x 224 (arXiv:1704.04861, table 8; arXiv:1801.04381, table 4), of
    which the classifier of 1,000 classes is not part of a detector's backbone.
    """
    ops = CostOps()
    mobilenet_v1(
        ops, (1, 224, 224, 3), ROOT, MOBILENET,
        depth_multiplier=1.0, min_depth=8, padding="SAME", narrow_end=False, generation="tf2",
    )  # fmt: skip
    assert round((ops.multiply_adds + 1024 * 1000) / 1e6) == 569
    ops = CostOps()
    mobilenet_v2(
        ops, (1, 224, 224, 3), ROOT, MOBILENET,
        widths=Widths("tf2", 1.0, 8), depthwise=GLOROT, padding="SAME", last_filters=1280,
    )  # fmt: skip
    assert (ops.multiply_adds + 1280 * 1000) / 1e6 == pytest.approx(300, rel=0.005)


RESNETS = [("50", 3.8), ("101", 7.6), ("152", 11.3)]


@pytest.mark.reference
@pytest.mark.parametrize(("depth", "published"), RESNETS)
def test_resnets_cost_what_their_paper_says(shared: Path, depth: str, published: float) -> None:
    """Billions of multiply-adds at 224 x 224 (arXiv:1512.03385, table 1)."""
    path = shared / "corpus" / "configs_tf2" / f"ssd_resnet{depth}_v1_fpn_640x640_coco17_tpu-8.config"
    backbone = next(module_tree(account(read(path.read_text()), size=(224, 224)), NONE, 1))
    assert backbone.name == "backbone"
    # Not more exactly: the paper does not say whether convolutions of shortcuts are counted.
    assert (backbone.multiply_adds + 2048 * 1000) / 1e9 == pytest.approx(published, rel=0.02)


@pytest.mark.reference
def test_efficientdet_costs_what_its_paper_says(shared: Path) -> None:
    """2.5 billion multiply-adds at 512 x 512 (arXiv:1911.09070, table 2)."""
    path = shared / "corpus" / "configs_tf2" / "ssd_efficientdet_d0_512x512_coco17_tpu-8.config"
    assert round(account(read(path.read_text())).network.multiply_adds / 1e9, 1) == 2.5


@pytest.mark.reference
def test_the_second_stage_counts_all_proposals_where_they_are_computed(shared: Path) -> None:
    """Multiply-adds are those of 300 proposals, also by module; memory that of the 64 of a training step."""
    path = shared / "corpus" / "configs_tf2" / "faster_rcnn_resnet50_v1_640x640_coco17_tpu-8.config"
    modules = {module.name: module for module in module_tree(account(read(path.read_text())), NONE)}
    assert modules["head/class/dense"].multiply_adds == 300 * 2048 * 91
    assert modules["head/class/dense"].activation_bytes >= 4 * 64 * 91
    assert modules["crops"].outputs == ((64, 7, 7, 1024),)
    assert modules["crops"].parameters == modules["crops"].multiply_adds == 0


@pytest.mark.reference
def test_ssdlite_costs_what_its_paper_says(shared: Path) -> None:
    """0.8 billion multiply-adds at 320 x 320 (arXiv:1801.04381, table 6)."""
    path = shared / "corpus" / "configs_tf1" / "ssdlite_mobilenet_v2_coco.config"
    config = read(path.read_text())
    network = account(config, size=(320, 320)).network
    assert round(network.multiply_adds / 1e9, 1) == 0.8


def test_a_size_scales_costs_and_anchors_but_no_variables() -> None:
    config = pipeline("ssd_mobilenet_v2_fpn_keras", size=64)
    small, large = account(config).network, account(config, size=(128, 256)).network
    assert large.input_shape == (128, 256, 3)
    assert large.variables == small.variables
    assert large.anchors > 7 * small.anchors


def test_memory_of_a_step() -> None:
    network = describe(pipeline())
    trained = network.trainable_parameters
    memory = training_memory(network, 8, slots=2)
    assert memory == (
        4 * network.parameters,
        4 * trained,
        8 * trained,
        8 * network.activation_bytes,
    )
    assert memory.total == sum(memory)
    assert memory.fixed == memory.total - 8 * network.activation_bytes
    held = next(variable for variable in network.variables if variable.trainable)
    frozen = training_memory(network, 8, 2, frozenset({held.name}))
    assert memory.total - frozen.total == 12 * prod(held.shape)


@pytest.mark.parametrize(
    ("optimizer", "slots"),
    [
        ("", 0),
        ("momentum_optimizer { } use_moving_average: false", 1),
        ("momentum_optimizer { }", 2),
        ("adam_optimizer { } use_moving_average: false", 2),
        ("rms_prop_optimizer { } use_moving_average: false", 2),
        ("rms_prop_optimizer { momentum_optimizer_value: 0 } use_moving_average: false", 1),
    ],
)
def test_values_of_optimizers(optimizer: str, slots: int) -> None:
    config = read(f"train_config {{ optimizer {{ {optimizer} }} }}")
    assert optimizer_slots(config.find("train_config.optimizer")) == slots
