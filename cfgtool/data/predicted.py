"""What of an object a configured model predicts beside its box and class."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cfgtool.schema import Config


class Predicted:
    """`kind` is the meta-architecture, empty without a model; `masks` and `keypoints` whether the model predicts them."""

    __slots__ = ("keypoints", "kind", "masks")

    def __init__(self, kind: str, *, masks: bool = False, keypoints: bool = False) -> None:
        self.kind = kind
        self.masks = masks
        self.keypoints = keypoints

    def __str__(self) -> str:
        """Such as "this 'ssd' predicts boxes only"."""
        more = [name for name in ("masks", "keypoints") if getattr(self, name)]
        return f"this {self.kind!r} predicts {' and '.join(['boxes', *more])} only"


def predicted(config: Config) -> Predicted:
    """What the model of a pipeline config predicts."""
    model = config.message("model")
    kind = model.which("model") or ""
    if kind == "ssd":
        coder = model.find("ssd.box_coder").which("box_coder_oneof")
        return Predicted(kind, keypoints=coder == "keypoint_box_coder")
    if kind == "faster_rcnn":
        detector = model.message(kind)
        head = detector.find("second_stage_box_predictor.mask_rcnn_box_predictor")
        masks = head.flag("predict_instance_masks") and detector.integer("number_of_stages") > 2
        return Predicted(kind, masks=masks)
    if kind == "center_net":
        detector = model.message(kind)
        masks = detector.has("mask_estimation_task") or detector.has("deepmac_mask_estimation")
        return Predicted(kind, masks=masks, keypoints=detector.has("keypoint_estimation_task"))
    return Predicted(kind)
