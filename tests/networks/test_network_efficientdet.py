"""Settings of EfficientDet: what is refused, presets, penalties, layers without use."""

from __future__ import annotations

from pathlib import Path

import pytest
from network_configs import HYPER, pipeline, read

from cfgtool.errors import UserError
from cfgtool.networks import describe
from cfgtool.networks.backbones.efficientnet import efficientnet
from cfgtool.networks.names import Names
from cfgtool.networks.shapes import Shape, ShapeOps
from cfgtool.textproto import apply_edits
from cfgtool.textproto.edits import delete_fields

B0 = "ssd_efficientnet-b0_bifpn_keras"
OVERRIDE = "override_base_feature_extractor_hyperparams: true"


@pytest.mark.parametrize(
    ("extractor", "message"),
    [
        ("depth_multiplier: 0.5", "cannot have depth_multiplier"),
        ("use_depthwise: true", "cannot have use_depthwise"),
        ("use_explicit_padding: true", "cannot have use_explicit_padding"),
        ("bifpn { num_filters: 64 }", "bifpn has num_iterations 0"),
        ("bifpn { num_iterations: -3 num_filters: 64 }", "bifpn has num_iterations -3"),
        ("bifpn { num_iterations: 3 } min_depth: 0", "bifpn has num_filters 0"),
        ("bifpn { num_iterations: 3 num_filters: -8 } min_depth: -1", "bifpn has num_filters -8"),
        ("bifpn { num_iterations: 9999 num_filters: 64 }", "more than any network has"),
        ("bifpn { num_iterations: 3 min_level: 0 }", "bifpn.min_level 0 is not between 1 and 5"),
        ("bifpn { num_iterations: 3 min_level: 6 }", "bifpn.min_level 6 is not between 1 and 5"),
        ("bifpn { num_iterations: 3 max_level: 5 }", "bifpn.max_level 5 is not between 6 and 20"),
        ("bifpn { num_iterations: 3 max_level: 21 }", "bifpn.max_level 21 is not between 6 and 20"),
        ('bifpn { num_iterations: 3 combine_method: "mean" }', "unknown bifpn.combine_method 'mean'"),
        ("bifpn { num_iterations: 3 max_level: 6 }", "the anchor generator has 5 layers"),
    ],
)
def test_settings_that_cannot_be_built(extractor: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        describe(pipeline(B0, extractor=extractor))


def test_the_least_depth_is_one_for_filters_of_the_pyramid() -> None:
    shapes = {
        v.name: v.shape
        for v in describe(pipeline(B0, extractor="bifpn { num_iterations: 1 } min_depth: 24")).variables
    }
    assert shapes["neck/pass_1/down_6/conv/pointwise_kernel"] == (1, 1, 24, 24)


@pytest.mark.reference
@pytest.mark.parametrize("version", range(7))
def test_without_a_block_the_pyramid_is_the_published_one(version: int, shared: Path) -> None:
    (path,) = (shared / "corpus" / "configs_tf2").glob(f"ssd_efficientdet_d{version}_*.config")
    text = path.read_text()
    config = read(text)
    bifpn = config.find("model.ssd.feature_extractor").entry("bifpn")
    assert bifpn is not None
    without = apply_edits(text, delete_fields(config.document, [bifpn.field]))
    assert "bifpn {" not in without
    assert describe(read(without)).variables == describe(config).variables


@pytest.mark.parametrize(
    ("extractor", "hyper", "l2"),
    [
        ("", HYPER, 0.00001),
        (OVERRIDE, HYPER, 0.00004),
        (OVERRIDE, "regularizer { l1_regularizer { weight: 0.5 } }", 1.0),
        (OVERRIDE, "", 0.02),
    ],
)
def test_the_backbone_has_a_penalty_of_its_own(extractor: str, hyper: str, l2: float) -> None:
    settings = f"{extractor} bifpn {{ num_iterations: 1 }}"
    variables = {v.name: v for v in describe(pipeline(B0, extractor=settings, hyper=hyper)).variables}
    penalised = {
        name for name, v in variables.items() if name.startswith("backbone/") and (v.l2, v.l1) != (0.0, 0.0)
    }
    backbone = {name for name in variables if name.startswith("backbone/")}
    assert penalised == {name for name in backbone if name.endswith(("/kernel", "/bias"))}
    assert [variables[name].l2 for name in penalised] == pytest.approx([l2] * len(penalised))
    assert {variables[name].l1 for name in penalised} == {0.0}


def test_the_classifier_has_variables_but_no_cost() -> None:
    """EfficientNet B0 up to its last block has 0.39 G multiply-adds at 224 pixels, less 0.02 G for the classifier."""
    text = f"""model {{ ssd {{
      num_classes: 1 image_resizer {{ fixed_shape_resizer {{ height: 224 width: 224 }} }}
      feature_extractor {{ type: "{B0}" bifpn {{ num_iterations: 1 }} min_depth: 1 }}
      box_predictor {{ weight_shared_convolutional_box_predictor {{ depth: 1 }} }}
      anchor_generator {{ multiscale_anchor_generator {{ aspect_ratios: 1 scales_per_octave: 1 }} }}
    }} }}"""
    network = describe(read(text))
    shapes = {v.tf2_key: v.shape for v in network.variables}
    backbone = "model/_feature_extractor/classification_backbone/layer_with_weights"
    assert shapes[f"{backbone}-130/kernel"] == (1280, 1000)
    assert network.multiply_adds == pytest.approx(0.37e9, rel=0.02)


class _Kept(ShapeOps):
    """Notes the probabilities of stochastic depth."""

    __slots__ = ("noted",)

    def __init__(self) -> None:
        super().__init__()
        self.noted: list[float] = []

    def stochastic_depth(self, x: Shape, keep_probability: float) -> Shape:
        self.noted.append(keep_probability)
        return x


@pytest.mark.parametrize(
    ("version", "count", "first", "last"),
    [("b0", 9, 0.975, 0.825), ("b3", 18, 0.992308, 0.823077), ("b7", 45, 0.996364, 0.818182)],
)
def test_stochastic_depth_has_the_probabilities_of_the_od_api(
    version: str, count: int, first: float, last: float
) -> None:
    """What the OD API's own layers say, of the blocks that the pyramid needs."""
    ops, scope = _Kept(), Names("backbone", "model", "", None)
    efficientnet(ops, (1, 64, 64, 3), scope, scope, version=version, last=(6, 0))
    assert len(ops.noted) == count
    assert (ops.noted[0], ops.noted[-1]) == pytest.approx((first, last), abs=1e-6)


@pytest.mark.parametrize(("size", "maps"), [(100, [13, 7, 4, 2, 1]), (128, [16, 8, 4, 2, 1])])
def test_maps_of_any_size(size: int, maps: list[int]) -> None:
    network = describe(pipeline(B0, size=size, extractor="bifpn { num_iterations: 1 }"))
    assert [height for height, _, _ in network.feature_maps] == maps


@pytest.mark.parametrize("forced", [False, True])
def test_a_forced_bias_reaches_the_towers_of_keras(forced: bool) -> None:
    hyper = HYPER + f" force_use_bias: {str(forced).lower()}"
    names = {
        v.name for v in describe(pipeline(B0, extractor="bifpn { num_iterations: 1 }", hyper=hyper)).variables
    }
    assert ("head/box_tower/conv_0/bias" in names) is forced
    assert ("neck/pass_1/up_4/conv/bias" in names) is forced
