"""The networks that a config can be made for: `--like` names, and how each is usually trained."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from cfgtool.creating import center_net, faster_rcnn, ssd
from cfgtool.creating.ssd import EFFICIENTDETS
from cfgtool.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cfgtool.creating.blocks import Block
    from cfgtool.creating.keypoints import Pose

    Model = Callable[["Wanted"], Block]
    """Makes the model for what is wanted."""


class Wanted(NamedTuple):
    """What a model is made for. `detections` and `detections_of_class` bound what it may find in an image;
    `freeze_norm` keeps batch norm as the start checkpoint has it; `poses` are the classes with keypoints, whose names
    stand in `label_map`. `square`: whether the input of the network is.
    """

    num_classes: int
    resizer: Block
    batch_size: int
    detections: int = 100
    detections_of_class: int = 100
    freeze_norm: bool = False
    poses: tuple[Pose, ...] = ()
    label_map: str = ""
    square: bool = True


class Practice(NamedTuple):
    """How a family of networks is usually trained.

    `rate` is the highest learning rate for batches of `batch` images; `epochs` how often it sees every image, and
    `warmup` the steps that the rate climbs, when trained on COCO's 118,000 images. `augmentation` is one of the
    functions of `training`.
    """

    optimizer: str
    batch: int
    rate: float
    epochs: int
    warmup: int
    augmentation: str
    clip: float = 0.0


class Recipe(NamedTuple):
    """A `--like` name. `sizes` are (shorter, longer) sides of its input in pixels, `keeps_shape` says that images are
    padded to it rather than stretched, `multiple` what both sides must be multiples of.
    """

    name: str
    title: str
    sizes: tuple[tuple[int, int], ...]
    multiple: int
    keeps_shape: bool
    practice: Practice
    model: Model
    masks: bool = False
    keypoints: bool = False
    fixed_size: bool = False
    small_batches: bool = True


_MOBILE = Practice("momentum", 128, 0.08, 54, 1000, "crop")
_SSD_V2 = Practice("momentum", 512, 0.8, 217, 2000, "ssd_crop")
_RETINA = Practice("momentum", 64, 0.04, 14, 2000, "crop")
_EFFICIENT = Practice("momentum", 128, 0.08, 300, 2500, "scale_to_square")
_TWO_STAGES = Practice("momentum", 64, 0.04, 14, 2000, "flip")
_MASKS = Practice("momentum", 16, 0.008, 27, 5000, "flip", 10.0)
_CENTERS = Practice("adam", 128, 0.001, 150, 5000, "crop_and_colours")
_DEPTHS = (50, 101, 152)
"""Layers of the ResNets."""


def _squares(*edges: int) -> tuple[tuple[int, int], ...]:
    return tuple((edge, edge) for edge in edges)


def _ssds() -> Iterator[Recipe]:
    def recipe(
        name: str, title: str, edges: tuple[int, ...], multiple: int, practice: Practice, model: Model
    ) -> Recipe:
        return Recipe(
            f"ssd_{name}", title, _squares(*edges), multiple, False, practice, model, small_batches=False
        )

    yield recipe(
        "mobilenet_v1_fpn", "RetinaNet on MobileNet V1", (320, 640), 32, _RETINA, ssd.mobilenet_v1_fpn
    )
    yield recipe("mobilenet_v2", "SSD on MobileNet V2", (300,), 1, _SSD_V2, ssd.mobilenet_v2)
    title = "SSDLite with a pyramid on MobileNet V2"
    yield recipe("mobilenet_v2_fpnlite", title, (320, 640), 32, _MOBILE, ssd.mobilenet_v2_fpnlite)
    for depth in _DEPTHS:
        title, model = f"RetinaNet on ResNet-{depth}", partial(ssd.resnet, depth)
        yield recipe(f"resnet{depth}_v1_fpn", title, (640, 1024), 32, _RETINA, model)
    for number, scaling in enumerate(EFFICIENTDETS):
        title, model = f"EfficientDet-D{number}", partial(ssd.efficientdet, number)
        found = recipe(f"efficientdet_d{number}", title, (scaling.size,), 128, _EFFICIENT, model)
        yield found._replace(keeps_shape=True, fixed_size=True)


def _faster_rcnns() -> Iterator[Recipe]:
    def recipe(
        name: str,
        title: str,
        sizes: tuple[tuple[int, int], ...],
        practice: Practice,
        model: Model,
        multiple: int = 1,
    ) -> Recipe:
        return Recipe(name, title, sizes, multiple, True, practice, model)

    for depth in _DEPTHS:
        title, model = f"Faster R-CNN on ResNet-{depth}", partial(faster_rcnn.resnet, depth)
        sizes = ((640, 640), (800, 1333), (1024, 1024))
        yield recipe(f"faster_rcnn_resnet{depth}_v1", title, sizes, _TWO_STAGES, model)
    for depth in _DEPTHS:
        title, model = (
            f"Faster R-CNN with a pyramid on ResNet-{depth}",
            partial(faster_rcnn.resnet_fpn, depth),
        )
        yield recipe(f"faster_rcnn_resnet{depth}_v1_fpn", title, _squares(640, 1024), _TWO_STAGES, model, 32)
    model = partial(faster_rcnn.inception_resnet_v2, masks=False)
    title = "Faster R-CNN on Inception-ResNet v2"
    yield recipe("faster_rcnn_inception_resnet_v2", title, _squares(640, 1024), _MASKS, model)
    model, title = partial(faster_rcnn.inception_resnet_v2, masks=True), "Mask R-CNN on Inception-ResNet v2"
    yield recipe("mask_rcnn_inception_resnet_v2", title, _squares(1024), _MASKS, model)._replace(masks=True)
    model, title = partial(faster_rcnn.resnet, 50, masks=True), "Mask R-CNN on ResNet-50"
    yield recipe("mask_rcnn_resnet50_v1", title, _squares(640, 1024), _MASKS, model)._replace(masks=True)


def _center_nets() -> Iterator[Recipe]:
    def recipe(
        name: str, title: str, model: Model, edges: tuple[int, ...] = (512,), multiple: int = 32
    ) -> Recipe:
        sizes = _squares(*edges)
        return Recipe(f"centernet_{name}", title, sizes, multiple, True, _CENTERS, model, keypoints=True)

    for depth in (50, 101):
        title = f"CenterNet with a pyramid on ResNet-{depth}"
        yield recipe(f"resnet{depth}_v1_fpn", title, partial(center_net.plain, f"resnet_v1_{depth}_fpn"))
    for depth in (50, 101):
        model = partial(center_net.plain, f"resnet_v2_{depth}")
        yield recipe(f"resnet{depth}_v2", f"CenterNet on ResNet-{depth} v2", model)
    title = "CenterNet with a light pyramid on MobileNet V2"
    yield recipe("mobilenet_v2_fpn", title, center_net.mobilenet_v2_fpn)
    yield recipe("hourglass104", "CenterNet on two hourglasses", center_net.hourglass, (512, 1024), 128)


RECIPES = {recipe.name: recipe for recipe in (*_ssds(), *_faster_rcnns(), *_center_nets())}
"""By `--like` name."""

_MISNAMED = {"centernet_resnet101_v1_fpn_512x512_coco17": "centernet_resnet101_v2_512x512_coco17"}
"""Published names that say another network than the published config and weights have."""
_PUBLISHED = re.compile(r"(?:_kpts)?(?:_(\d{2,4})x(\d{2,4}))?(?:_kpts)?(?:_coco\d*(?:_[tg]pu-\d+)?)?")
"""What published names have behind the network: size, keypoints, data set and machine."""


def find_recipe(name: str) -> tuple[Recipe, tuple[int, int] | None]:
    """The recipe of a `--like` name, and the size (shorter, longer side) that the name says, if it does.

    Published names such as `ssd_mobilenet_v2_fpnlite_320x320_coco17_tpu-8` are known by their beginning. Raises
    UserError for any other, with the nearest name.
    """
    wanted = name.strip().lower().replace("-", "_").replace("tpu_", "tpu-").replace("gpu_", "gpu-")
    wanted = wanted.removesuffix(".config").removesuffix(".tar.gz")
    for said, meant in _MISNAMED.items():
        wanted = wanted.replace(said, meant)
    for recipe in sorted(RECIPES.values(), key=lambda recipe: -len(recipe.name)):
        rest = wanted.removeprefix(recipe.name)
        found = _PUBLISHED.fullmatch(rest) if wanted.startswith(recipe.name) else None
        if found is not None:
            size = None if found[1] is None else (int(found[1]), int(found[2]))
            return recipe, size
    import difflib

    near = difflib.get_close_matches(wanted, RECIPES, 1, cutoff=0.5)
    known = "`cfgtool new --list` shows all"
    raise UserError(
        f"no network {name!r} is known for new configs",
        hint=f"did you mean {near[0]!r}? {known}" if near else known,
    )
