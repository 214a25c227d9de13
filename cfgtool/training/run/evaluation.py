"""COCO metrics and losses of weights on the evaluation reader."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from PIL import Image

from cfgtool.data.label_map import read_label_map
from cfgtool.schema import Config
from cfgtool.training.input.pipeline import checked, evaluation_batches
from cfgtool.training.run.assembly import Assembly
from cfgtool.training.run.drawing import Boxes, draw_boxes, side_by_side
from cfgtool.training.run.metrics import CocoMetrics

PICTURES = 8


class Evaluator:
    """Evaluates an assembly on the first `eval_input_reader`; traced once, usable after every checkpoint."""

    def __init__(self, config: Config, assembly: Assembly) -> None:
        """Raises UserError if the config has no evaluation reader or its files are not there."""
        self._reader = config.messages("eval_input_reader")[0] if config.has("eval_input_reader") else None
        self._dataset = evaluation_batches(config, keep_images=True)
        self._evaluate = tf.function(assembly.evaluate)
        self.names = class_names(config)

    def run(
        self, *, per_class: bool = False, on_image: Callable[[int], None] = lambda count: None
    ) -> Evaluation:
        """Evaluate all examples; `on_image` is told how many are done."""
        metrics = CocoMetrics(self.names)
        losses: list[dict[str, float]] = []
        pictures: list[tuple[Any, Boxes, Boxes]] = []
        assert self._reader is not None  # evaluation_batches has refused a config without a reader
        for batch in checked(self._dataset, self._reader):
            detections, batch_losses = self._evaluate(batch)
            losses.append({name: float(value) for name, value in batch_losses.items()})
            for index in np.flatnonzero(batch["valid"].numpy()):
                truth, found, crowd, area = _image(batch, detections, int(index))
                _add(metrics, batch["original_size"][index].numpy(), truth, found, crowd, area)
                if len(pictures) < PICTURES:
                    pictures.append((_picture(batch, int(index)), truth, found))
            on_image(len(metrics))
        values = metrics.result(per_class)
        for name in losses[0]:
            values[f"Loss/{name}"] = float(np.mean([row[name] for row in losses]))
        values["Loss/total_loss"] = sum(value for name, value in values.items() if name.startswith("Loss/"))
        return Evaluation(values, pictures, self.names)


class Evaluation:
    """`values` by the OD API's names, and the first pictures with groundtruth and detections."""

    def __init__(
        self, values: dict[str, float], pictures: list[tuple[Any, Boxes, Boxes]], names: Mapping[int, str]
    ) -> None:
        self.values = values
        self._pictures = pictures
        self._names = names

    def side_by_side(self, min_score: float = 0.5) -> Iterator[Image.Image]:
        """Detections left, groundtruth right, one picture an example."""
        for picture, truth, found in self._pictures:
            drawn = draw_boxes(picture, found, self._names, min_score)
            yield side_by_side([[drawn, draw_boxes(picture, truth, self._names)]])


def class_names(config: Config) -> dict[int, str]:
    """Class id -> name by the evaluation reader's label map, or the training reader's, or numbers without any."""
    readers = [*config.messages("eval_input_reader"), config.message("train_input_reader")]
    for reader in readers:
        if reader.text("label_map_path"):
            return read_label_map(reader.text("label_map_path")).titles()
    return {
        number: f"class {number}" for number in range(1, config.find("model.ssd").integer("num_classes") + 1)
    }


def write_picture(evaluation: Evaluation, path: Path, min_score: float = 0.5) -> None:
    """One PNG with the first pictures below one another: detections left, groundtruth right."""
    side_by_side([[image] for image in evaluation.side_by_side(min_score)]).save(path)


def _image(batch: Any, detections: Any, index: int) -> tuple[Boxes, Boxes, Any, Any]:
    """Groundtruth and detections of one image, both as fractions of the stored image, and crowd flags and areas."""
    count = int(batch["num_boxes"][index])
    truth = Boxes(
        batch["original_boxes"][index, :count].numpy(),
        batch["classes"][index, :count].numpy().astype(np.int64) + 1,
    )
    found = int(detections["num_detections"][index])
    boxes = Boxes(
        detections["detection_boxes"][index, :found].numpy(),
        detections["detection_classes"][index, :found].numpy().astype(np.int64) + 1,
        detections["detection_scores"][index, :found].numpy(),
    )
    return truth, boxes, batch["is_crowd"][index, :count].numpy(), batch["area"][index, :count].numpy()


def _add(metrics: CocoMetrics, size: Any, truth: Boxes, found: Boxes, crowd: Any, area: Any) -> None:
    """COCO counts in pixels of the stored image."""
    scale = np.array([size[0], size[1], size[0], size[1]], np.float32)
    metrics.add_image(
        boxes=truth.boxes * scale,
        classes=truth.classes,
        detection_boxes=found.boxes * scale,
        detection_classes=found.classes,
        detection_scores=found.scores if found.scores is not None else [],
        is_crowd=crowd,
        area=area,
    )


def _picture(batch: Any, index: int) -> Any:
    """The image without its padding, uint8 [height, width, 3]."""
    height, width, _ = batch["true_image_shape"][index].numpy()
    return batch["original_image"][index].numpy()[:height, :width]
