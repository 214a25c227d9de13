"""Which network of TF2 follows one of TF1: feature extractors, and the checkpoints published for them."""

from __future__ import annotations

SUCCESSORS: dict[str, str] = {
    name: f"{name}_keras"
    for name in (
        "ssd_mobilenet_v1",
        "ssd_mobilenet_v1_fpn",
        "ssd_mobilenet_v2",
        "ssd_mobilenet_v2_fpn",
        "ssd_resnet50_v1_fpn",
        "ssd_resnet101_v1_fpn",
        "ssd_resnet152_v1_fpn",
        "faster_rcnn_resnet50",
        "faster_rcnn_resnet101",
        "faster_rcnn_resnet152",
        "faster_rcnn_inception_resnet_v2",
    )
}
"""TF1 type -> the TF2 type of the same design."""

_NEAR_MOBILENET = "'ssd_mobilenet_v2_keras' or 'ssd_mobilenet_v2_fpn_keras'"
_NEAR_INCEPTION = "'ssd_resnet50_v1_fpn_keras' or 'ssd_efficientnet-b0_bifpn_keras'"

NEAREST: dict[str, str] = {
    "ssd_mobilenet_v1_ppn": "'ssd_mobilenet_v1_fpn_keras'",
    "ssd_mobilenet_v2_mnasfpn": "'ssd_mobilenet_v2_fpn_keras'",
    "ssd_resnet50_v1_ppn": "'ssd_resnet50_v1_fpn_keras'",
    "ssd_resnet101_v1_ppn": "'ssd_resnet101_v1_fpn_keras'",
    "ssd_resnet152_v1_ppn": "'ssd_resnet152_v1_fpn_keras'",
    "embedded_ssd_mobilenet_v1": _NEAR_MOBILENET,
    "ssd_mobilenet_v3_large": _NEAR_MOBILENET,
    "ssd_mobilenet_v3_small": _NEAR_MOBILENET,
    "ssd_mobilenet_edgetpu": _NEAR_MOBILENET,
    "ssd_mobiledet_cpu": _NEAR_MOBILENET,
    "ssd_mobiledet_dsp": _NEAR_MOBILENET,
    "ssd_mobiledet_edgetpu": _NEAR_MOBILENET,
    "ssd_mobiledet_gpu": _NEAR_MOBILENET,
    "ssd_spaghettinet": _NEAR_MOBILENET,
    "ssd_inception_v2": _NEAR_INCEPTION,
    "ssd_inception_v3": _NEAR_INCEPTION,
    "ssd_pnasnet": _NEAR_INCEPTION,
    "faster_rcnn_inception_v2": "'faster_rcnn_resnet50_keras'",
    "faster_rcnn_nas": "'faster_rcnn_inception_resnet_v2_keras'",
    "faster_rcnn_pnas": "'faster_rcnn_inception_resnet_v2_keras'",
}
"""TF1 type without a TF2 twin -> what comes nearest, for the user to choose."""

PUBLISHED: dict[str, tuple[str, ...]] = {
    "ssd_mobilenet_v1_fpn_keras": ("ssd_mobilenet_v1_fpn_640x640_coco17_tpu-8",),
    "ssd_mobilenet_v2_keras": ("ssd_mobilenet_v2_320x320_coco17_tpu-8",),
    "ssd_mobilenet_v2_fpn_keras": (
        "ssd_mobilenet_v2_fpnlite_320x320_coco17_tpu-8",
        "ssd_mobilenet_v2_fpnlite_640x640_coco17_tpu-8",
    ),
    **{
        f"ssd_resnet{depth}_v1_fpn_keras": (
            f"ssd_resnet{depth}_v1_fpn_640x640_coco17_tpu-8",
            f"ssd_resnet{depth}_v1_fpn_1024x1024_coco17_tpu-8",
        )
        for depth in (50, 101, 152)
    },
    **{
        f"faster_rcnn_resnet{depth}_keras": (
            f"faster_rcnn_resnet{depth}_v1_640x640_coco17_tpu-8",
            f"faster_rcnn_resnet{depth}_v1_1024x1024_coco17_tpu-8",
            f"faster_rcnn_resnet{depth}_v1_800x1333_coco17_gpu-8",
        )
        for depth in (50, 101, 152)
    },
    "faster_rcnn_inception_resnet_v2_keras": (
        "faster_rcnn_inception_resnet_v2_640x640_coco17_tpu-8",
        "faster_rcnn_inception_resnet_v2_1024x1024_coco17_tpu-8",
        "mask_rcnn_inception_resnet_v2_1024x1024_coco17_gpu-8",
    ),
}
"""TF2 type -> names of the published models with this backbone; plain MobileNet V1 has none."""
