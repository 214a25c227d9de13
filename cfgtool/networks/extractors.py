"""Which feature extractor types the OD API knows, and which of them are described here."""

from __future__ import annotations

from typing import NamedTuple

from cfgtool.errors import UserError


class SsdExtractor(NamedTuple):
    """An SSD feature extractor: `backbone` and `neck` name functions, `twin` says that the network has a
    TF2 form.

    `keras_scope` is the Keras name of the extractor in that form.
    """

    type: str
    generation: str
    backbone: str
    neck: str
    twin: bool = True

    @property
    def keras_scope(self) -> str:
        """The name that Keras derives from the class of the extractor."""
        version, fpn = self.backbone[-1], "_fpn" if self.neck == "fpn" else ""
        return f"ssd_mobile_net_v{version}{fpn}_keras_feature_extractor"


_TWINS = (
    ("ssd_mobilenet_v1", "mobilenet_v1", "extra"),
    ("ssd_mobilenet_v1_fpn", "mobilenet_v1", "fpn"),
    ("ssd_mobilenet_v2", "mobilenet_v2", "extra"),
    ("ssd_mobilenet_v2_fpn", "mobilenet_v2", "fpn"),
)
_ALONE = (
    ("ssd_mobilenet_v1_ppn", "mobilenet_v1", "pooled"),
    ("embedded_ssd_mobilenet_v1", "mobilenet_v1", "embedded"),
)
SSD: dict[str, SsdExtractor] = {
    extractor.type: extractor
    for extractor in (
        *(SsdExtractor(type_, "tf1", backbone, neck) for type_, backbone, neck in _TWINS),
        *(SsdExtractor(f"{type_}_keras", "tf2", backbone, neck) for type_, backbone, neck in _TWINS),
        *(SsdExtractor(type_, "tf1", backbone, neck, twin=False) for type_, backbone, neck in _ALONE),
    )
}
"""The SSD extractors that are described, by `feature_extractor.type`."""

_TF2 = """
ssd_mobilenet_v1_keras ssd_mobilenet_v1_fpn_keras ssd_mobilenet_v2_keras ssd_mobilenet_v2_fpn_keras
ssd_resnet50_v1_fpn_keras ssd_resnet101_v1_fpn_keras ssd_resnet152_v1_fpn_keras
ssd_efficientnet-b0_bifpn_keras ssd_efficientnet-b1_bifpn_keras ssd_efficientnet-b2_bifpn_keras
ssd_efficientnet-b3_bifpn_keras ssd_efficientnet-b4_bifpn_keras ssd_efficientnet-b5_bifpn_keras
ssd_efficientnet-b6_bifpn_keras ssd_efficientnet-b7_bifpn_keras faster_rcnn_resnet50_keras
faster_rcnn_resnet101_keras faster_rcnn_resnet152_keras faster_rcnn_inception_resnet_v2_keras
faster_rcnn_resnet50_fpn_keras faster_rcnn_resnet101_fpn_keras faster_rcnn_resnet152_fpn_keras
resnet_v2_50 resnet_v2_101 resnet_v1_18_fpn resnet_v1_34_fpn resnet_v1_50_fpn resnet_v1_101_fpn
hourglass_10 hourglass_20 hourglass_32 hourglass_52 hourglass_104 mobilenet_v2 mobilenet_v2_fpn
mobilenet_v2_fpn_sep_conv
"""
_TF1 = """
ssd_inception_v2 ssd_inception_v3 ssd_mobilenet_v1 ssd_mobilenet_v1_fpn ssd_mobilenet_v1_ppn
ssd_mobilenet_v2 ssd_mobilenet_v2_fpn ssd_mobilenet_v2_mnasfpn ssd_mobilenet_v3_large
ssd_mobilenet_v3_small ssd_mobilenet_edgetpu ssd_resnet50_v1_fpn ssd_resnet101_v1_fpn
ssd_resnet152_v1_fpn ssd_resnet50_v1_ppn ssd_resnet101_v1_ppn ssd_resnet152_v1_ppn
embedded_ssd_mobilenet_v1 ssd_pnasnet ssd_mobiledet_cpu ssd_mobiledet_dsp ssd_mobiledet_edgetpu
ssd_mobiledet_gpu ssd_spaghettinet faster_rcnn_nas faster_rcnn_pnas faster_rcnn_inception_resnet_v2
faster_rcnn_inception_v2 faster_rcnn_resnet50 faster_rcnn_resnet101 faster_rcnn_resnet152
"""


def known_extractors() -> dict[str, str]:
    """Every registered feature extractor type of the OD API and its generation, `tf1` or `tf2`."""
    return {**dict.fromkeys(_TF1.split(), "tf1"), **dict.fromkeys(_TF2.split(), "tf2")}


def described_extractors() -> tuple[str, ...]:
    """The types whose networks can be described and trained here."""
    return tuple(SSD)


def find_ssd(type_: str) -> SsdExtractor:
    """The described SSD extractor of that type; raises UserError for any other, with the nearest
    described one.
    """
    extractor = SSD.get(type_)
    if extractor is not None:
        return extractor
    # Costs several milliseconds, for errors only.
    import difflib

    near = difflib.get_close_matches(type_, SSD, 1, cutoff=0.4)
    known = "is not described yet" if type_ in known_extractors() else "is unknown"
    hint = f"described are {', '.join(SSD)}"
    raise UserError(
        f"feature extractor type {type_!r} {known}", hint=f"nearest is {near[0]!r}; {hint}" if near else hint
    )
