"""The first examples of an evaluation as pictures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from cfgtool.errors import UserError
from cfgtool.files import atomic_write
from cfgtool.training.evaluation.pasting import paste
from cfgtool.training.evaluation.results import Arrays
from cfgtool.training.run.drawing import Boxes, as_png, draw_boxes, side_by_side
from cfgtool.training.run.drawn_keypoints import Edges

if TYPE_CHECKING:
    from cfgtool.training.evaluation.evaluator import Evaluation

DRAWN = (
    "original_image",
    "true_image_shape",
    "masks",
    "original_keypoints",
    "detection_masks",
    "detection_keypoints",
    "detection_keypoint_scores",
)
"""Keys of what is drawn, as far as it is there, beside boxes and classes."""


@dataclass(frozen=True)
class Picture:
    """An example as it is drawn: `image` uint8 [height, width, 3], groundtruth and detections; `tag` is the OD API's.

    Masks stay small until they are drawn: `truth_masks` uint8 [n, height, ceil(width / 8)] are bits, `found_masks`
    [m, h, w] relative to the boxes. `point_scores` float [m, k] are those of the keypoints. Each may be None.
    """

    tag: str
    image: npt.NDArray[np.uint8]
    truth: Boxes
    found: Boxes
    truth_masks: npt.NDArray[np.uint8] | None = None
    found_masks: npt.NDArray[Any] | None = None
    point_scores: npt.NDArray[np.float32] | None = None

    def side_by_side(
        self, names: Mapping[int, str], min_score: float, max_boxes: int, edges: Edges = ()
    ) -> Image.Image:
        """Left the best `max_boxes` detections of at least `min_score`, right the groundtruth.

        `edges` are pairs of keypoints to connect; of detections, keypoints with a lower score are left out.
        """
        truth = replace(self.truth, masks=self._masks_of_truth(), edges=edges, by_object=True)
        found = replace(self._best(max_boxes, min_score), edges=edges, by_object=True)
        drawn = draw_boxes(self.image, found, names, min_score)
        return side_by_side([[drawn, draw_boxes(self.image, truth, names)]])

    def _masks_of_truth(self) -> npt.NDArray[np.uint8] | None:
        if self.truth_masks is None:
            return None
        return np.unpackbits(self.truth_masks, axis=-1, count=self.image.shape[1])

    def _best(self, count: int, min_score: float) -> Boxes:
        """The `count` detections with the best scores of at least `min_score`, with all that is drawn of them."""
        found = self.found
        assert found.scores is not None
        kept = np.argsort(-found.scores, kind="stable")[:count]
        kept = kept[found.scores[kept] >= min_score]
        masks, points = None, None
        if self.found_masks is not None:
            masks = np.zeros((len(kept), *self.image.shape[:2]), np.uint8)
            for canvas, row in zip(masks, kept, strict=True):
                paste(self.found_masks[row], found.boxes[row], canvas)
        if found.keypoints is not None:
            points = found.keypoints[kept]
            if self.point_scores is not None:
                points = np.where(self.point_scores[kept, :, np.newaxis] >= min_score, points, np.nan)
        return Boxes(found.boxes[kept], found.classes[kept], found.scores[kept], masks, points)


def picture_of(arrays: Arrays, batch: int, index: int) -> Picture:
    """The example `index` of batch number `batch`, its image without the padding, with boxes as fractions of it."""
    height, width = arrays["true_image_shape"][index, :2]
    count, found = int(arrays["num_boxes"][index]), int(arrays["num_detections"][index])

    def rows(name: str, number: int) -> npt.NDArray[Any] | None:
        return arrays[name][index, :number].copy() if name in arrays else None

    masks = arrays["masks"][index, :count, :height, :width] if "masks" in arrays else None
    return Picture(
        f"eval_side_by_side_{batch}_{index}",
        arrays["original_image"][index, :height, :width, :3],
        Boxes(
            arrays["original_boxes"][index, :count],
            arrays["classes"][index, :count].astype(np.int64) + 1,
            keypoints=rows("original_keypoints", count),
        ),
        Boxes(
            arrays["detection_boxes"][index, :found],
            arrays["detection_classes"][index, :found].astype(np.int64) + 1,
            arrays["detection_scores"][index, :found],
            keypoints=rows("detection_keypoints", found),
        ),
        truth_masks=None if masks is None else np.packbits(masks > 0, axis=-1),
        found_masks=rows("detection_masks", found),
        point_scores=rows("detection_keypoint_scores", found),
    )


def write_picture(evaluation: Evaluation, path: Path, min_score: float | None = None) -> None:
    """One PNG with the drawn examples below one another: detections left, groundtruth right.

    Raises UserError if `eval_config` leaves nothing to draw.
    """
    rows = [[image] for image in evaluation.side_by_side(min_score)]
    if not rows:
        raise UserError(
            "eval_config leaves nothing to draw",
            hint="num_visualizations must not be 0, and retain_original_images must be true",
        )
    side_by_side(rows).save(path)


def keep_pictures(evaluation: Evaluation, folder: Path, step: int) -> None:
    """Write the drawn examples of the evaluation at `step` into `folder`, a PNG each, in place of earlier ones."""
    folder.mkdir(parents=True, exist_ok=True)
    earlier = set(folder.glob("step-*.png"))
    for number, image in enumerate(evaluation.side_by_side()):
        path = folder / f"step-{step}-{number:02}.png"
        atomic_write(str(path), as_png(image))
        earlier.discard(path)
    for path in earlier:
        path.unlink(missing_ok=True)
