"""SSD on MobileNet V2: plain, and with a feature pyramid."""

from __future__ import annotations

from typing import TypeVar

from cfgtool.networks.backbones.mobilenet_v2 import Widths, mobilenet_v2
from cfgtool.networks.hyperparams import MOBILENET, Hyperparams
from cfgtool.networks.ops import Ops
from cfgtool.networks.ssd.extra_maps import extra_maps
from cfgtool.networks.ssd.extractor import SsdExtractor
from cfgtool.networks.ssd.pyramid import pyramid

T = TypeVar("T")


def feature_maps(ops: Ops[T], image: T, extractor: SsdExtractor) -> list[T]:
    """See `FeatureMaps`."""
    with_pyramid = extractor.type == "ssd_mobilenet_v2_fpn"
    slim = extractor.generation == "tf1"
    hyper = _backbone_hyper(extractor)
    scope = extractor.names("backbone", tf2="classification_backbone", tf1="MobilenetV2")
    configured = extractor.hyper.activation
    if extractor.overrides and configured != "relu_6":
        what = f"the backbone's activation is relu_6 in TF1, and {configured} from conv_hyperparams in TF2"
        ops.differs(scope, what)
    maps = mobilenet_v2(
        ops,
        image,
        scope,
        hyper,
        widths=Widths(extractor.generation, extractor.depth_multiplier, extractor.min_depth),
        # On its own slim does not regularise the depthwise kernels of MobileNet V2.
        depthwise=hyper.weights._replace(l2=0.0) if slim and not extractor.overrides else hyper.weights,
        padding=extractor.padding,
        # The Keras type means to narrow the last layer as well but does not hand the setting on.
        last_filters=256 if slim and with_pyramid and extractor.use_depthwise else 1280,
    )
    if with_pyramid:
        levels = {2: maps["block_2"], 3: maps["block_5"], 4: maps["block_12"], 5: maps["last"]}
        keras = "ssd_mobile_net_v2_fpn_keras_feature_extractor"
        return pyramid(ops, levels, extractor, keras=keras, tf1="MobilenetV2", first_number=20)
    return extra_maps(
        ops,
        # Plain SSD takes the wider map inside a block.
        [maps["block_13_expand"], maps["last"]],
        extractor,
        base="layer_19",
        keras="ssd_mobile_net_v2_keras_feature_extractor",
        tf1="MobilenetV2",
    )


def _backbone_hyper(extractor: SsdExtractor) -> Hyperparams:
    if not extractor.overrides:
        return extractor.own_hyper(MOBILENET)
    if extractor.generation == "tf2":
        return extractor.hyper._replace(bias=False)
    # Slim's MobileNet V2 has ReLU6 written out in its layers; the override does not reach it.
    return extractor.hyper._replace(activation="relu_6")
