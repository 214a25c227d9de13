"""Which feature extractor types the OD API knows, and which of them are described here.

A family is a module of the meta-architecture's package (`networks/ssd/mobilenet_v1.py`) that describes the
types which share a backbone.
"""

from __future__ import annotations

from typing import NamedTuple

from cfgtool.errors import UserError


class Extractor(NamedTuple):
    """A feature extractor type: `family` is the module that describes it, None where nothing does.

    `generation` is the one that the type belongs to, `twin` says that the other one has the same network.
    `verified` says that a list of variables made by the OD API itself was compared; what such a list does not
    cover is derived from its relatives.
    """

    type: str
    architecture: str
    generation: str
    family: str | None
    twin: bool
    verified: bool

    @property
    def worlds(self) -> tuple[str, ...]:
        """The generations that have the network, the type's own first."""
        other = "tf2" if self.generation == "tf1" else "tf1"
        return (self.generation, other) if self.twin else (self.generation,)


_TF1_AND_TF2 = """
ssd          mobilenet_v1         ssd_mobilenet_v1 ssd_mobilenet_v1_fpn
ssd          mobilenet_v2         ssd_mobilenet_v2 ssd_mobilenet_v2_fpn
ssd          resnet_v1            ssd_resnet50_v1_fpn ssd_resnet101_v1_fpn ssd_resnet152_v1_fpn
faster_rcnn  resnet_v1            faster_rcnn_resnet50 faster_rcnn_resnet101 faster_rcnn_resnet152
faster_rcnn  inception_resnet_v2  faster_rcnn_inception_resnet_v2
"""
"""Architecture, family and types of both generations, under their TF1 names; TF2 appends `_keras`.

`-`: not described. `?`: no list of variables of the OD API was compared.
"""
_TF1 = """
ssd          mobilenet_v1         ssd_mobilenet_v1_ppn embedded_ssd_mobilenet_v1
ssd          resnet_v1            ssd_resnet50_v1_ppn ssd_resnet101_v1_ppn ssd_resnet152_v1_ppn
ssd          inception            ssd_inception_v2 ssd_inception_v3
ssd          mobilenet_v3         ssd_mobilenet_v3_large ssd_mobilenet_v3_small
ssd          mobilenet_v3         ssd_mobilenet_edgetpu
ssd          mobiledet            ssd_mobiledet_cpu ssd_mobiledet_dsp ssd_mobiledet_edgetpu ssd_mobiledet_gpu
ssd          mnasfpn              ssd_mobilenet_v2_mnasfpn
ssd          pnasnet              ssd_pnasnet
ssd          -                    ssd_spaghettinet?
faster_rcnn  inception_v2         faster_rcnn_inception_v2
faster_rcnn  nasnet               faster_rcnn_nas
faster_rcnn  nasnet               faster_rcnn_pnas
"""
_TF2 = """
ssd          efficientdet ssd_efficientnet-b0_bifpn_keras ssd_efficientnet-b1_bifpn_keras
ssd          efficientdet ssd_efficientnet-b2_bifpn_keras ssd_efficientnet-b3_bifpn_keras
ssd          efficientdet ssd_efficientnet-b4_bifpn_keras ssd_efficientnet-b5_bifpn_keras
ssd          efficientdet ssd_efficientnet-b6_bifpn_keras ssd_efficientnet-b7_bifpn_keras
faster_rcnn  resnet_v1_fpn   faster_rcnn_resnet50_fpn_keras faster_rcnn_resnet101_fpn_keras
faster_rcnn  resnet_v1_fpn   faster_rcnn_resnet152_fpn_keras
center_net   resnet_v2       resnet_v2_50 resnet_v2_101
center_net   resnet_v1_fpn   resnet_v1_18_fpn resnet_v1_34_fpn resnet_v1_50_fpn resnet_v1_101_fpn
center_net   hourglass       hourglass_10 hourglass_20 hourglass_32 hourglass_52 hourglass_104
center_net   mobilenet_v2    mobilenet_v2 mobilenet_v2_fpn mobilenet_v2_fpn_sep_conv
"""


def _registry() -> dict[str, Extractor]:
    found: dict[str, Extractor] = {}
    for rows, generations in ((_TF1_AND_TF2, ("tf1", "tf2")), (_TF1, ("tf1",)), (_TF2, ("tf2",))):
        for row in rows.strip().splitlines():
            architecture, family, *types = row.split()
            for marked in types:
                for generation in generations:
                    type_ = marked.rstrip("?")
                    if len(generations) == 2 and generation == "tf2":
                        type_ += "_keras"
                    found[type_] = Extractor(
                        type_,
                        architecture,
                        generation,
                        None if family == "-" else family,
                        len(generations) == 2,
                        not marked.endswith("?"),
                    )
    return found


EXTRACTORS = _registry()
"""Every registered type of the OD API, by `feature_extractor.type`."""


def known_extractors() -> dict[str, str]:
    """Every registered feature extractor type of the OD API and its generation, `tf1` or `tf2`."""
    return {extractor.type: extractor.generation for extractor in EXTRACTORS.values()}


def described_extractors(architecture: str | None = None) -> tuple[str, ...]:
    """The types whose networks can be described here, of all meta-architectures or of one."""
    return tuple(
        extractor.type
        for extractor in EXTRACTORS.values()
        if extractor.family is not None and architecture in (None, extractor.architecture)
    )


def find_extractor(type_: str, architecture: str) -> Extractor:
    """The described type of that name; raises UserError for any other, with the nearest described one."""
    extractor = EXTRACTORS.get(type_)
    if extractor is not None and extractor.architecture == architecture and extractor.family is not None:
        return extractor
    # Costs several milliseconds, for errors only.
    import difflib

    described = described_extractors(architecture)
    near = difflib.get_close_matches(type_, described, 1, cutoff=0.4)
    known = "is unknown"
    if extractor is not None:
        other = extractor.architecture
        known = "is not described yet" if other == architecture else f"belongs to {other!r} models"
    hint = f"described are {', '.join(described)}"
    raise UserError(
        f"feature extractor type {type_!r} {known}", hint=f"nearest is {near[0]!r}; {hint}" if near else hint
    )
