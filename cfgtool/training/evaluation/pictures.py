"""The first examples of an evaluation as pictures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from cfgtool.errors import UserError
from cfgtool.files import atomic_write
from cfgtool.training.run.drawing import Boxes, as_png, draw_boxes, side_by_side

if TYPE_CHECKING:
    from cfgtool.training.evaluation.evaluator import Evaluation

Arrays = Mapping[str, npt.NDArray[Any]]
"""What the batch and the detections hold, by the keys of both."""


@dataclass(frozen=True)
class Picture:
    """An example as it is drawn: `image` uint8 [height, width, 3], groundtruth and detections; `tag` is the OD API's."""

    tag: str
    image: npt.NDArray[np.uint8]
    truth: Boxes
    found: Boxes

    def side_by_side(self, names: Mapping[int, str], min_score: float, max_boxes: int) -> Image.Image:
        """Left the best `max_boxes` detections of at least `min_score`, right the groundtruth."""
        found = draw_boxes(self.image, _best(self.found, max_boxes), names, min_score)
        return side_by_side([[found, draw_boxes(self.image, self.truth, names)]])


def picture_of(arrays: Arrays, batch: int, index: int) -> Picture:
    """The example `index` of batch number `batch`, its image without the padding, with boxes as fractions of it."""
    height, width = arrays["true_image_shape"][index, :2]
    count, found = int(arrays["num_boxes"][index]), int(arrays["num_detections"][index])
    return Picture(
        f"eval_side_by_side_{batch}_{index}",
        arrays["original_image"][index, :height, :width, :3],
        Boxes(arrays["original_boxes"][index, :count], arrays["classes"][index, :count].astype(np.int64) + 1),
        Boxes(
            arrays["detection_boxes"][index, :found],
            arrays["detection_classes"][index, :found].astype(np.int64) + 1,
            arrays["detection_scores"][index, :found],
        ),
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


def _best(found: Boxes, count: int) -> Boxes:
    """The `count` detections with the best scores."""
    assert found.scores is not None
    kept = np.argsort(-found.scores, kind="stable")[:count]
    return Boxes(found.boxes[kept], found.classes[kept], found.scores[kept])
