"""Metrics and losses of weights on an evaluation reader."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
import tensorflow as tf
from PIL import Image

from cfgtool.errors import UserError
from cfgtool.training.assemblies import Assembly
from cfgtool.training.evaluation.labels import class_items, titles_of
from cfgtool.training.evaluation.metrics import CocoMetrics, Curves, Metric, chosen_metrics
from cfgtool.training.evaluation.metrics.image import Compared
from cfgtool.training.evaluation.pictures import DRAWN, Picture, picture_of
from cfgtool.training.evaluation.results import FOUND, FOUND_OF, TRUTH, TRUTH_OF, Arrays, image_result
from cfgtool.training.evaluation.settings import Drawing, drawing, example_limit, refuse_settings
from cfgtool.training.input.finish import Batch
from cfgtool.training.input.pipeline import evaluation_batches
from cfgtool.training.input.read_errors import checked
from cfgtool.training.run.job import Job
from cfgtool.training.run.loop import TOTAL_LOSS
from cfgtool.training.run.step import PENALTY, TAG, reported


@dataclass(frozen=True)
class Evaluation:
    """`values` by the OD API's names, the main one first; `notes` say what a reader of them should know.

    `pictures` are the first examples, `curves` precision over recall by what is compared, where they were asked for.
    """

    values: dict[str, float]
    names: Mapping[int, str]
    draw: Drawing
    pictures: list[Picture] = field(default_factory=list)
    curves: Mapping[Compared, Curves] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def side_by_side(self, min_score: float | None = None) -> Iterator[Image.Image]:
        """Detections left, groundtruth right, one picture a drawn example.

        `min_score` of a drawn detection is `eval_config.min_score_threshold` where it is None.
        """
        least = self.draw.min_score if min_score is None else min_score
        for picture in self.pictures:
            yield picture.side_by_side(self.names, least, self.draw.max_boxes, self.draw.edges)


class Evaluator:
    """Evaluates an assembly on one evaluation reader; traced once, usable after every checkpoint."""

    def __init__(self, job: Job, assembly: Assembly, reader: int = 0) -> None:
        """`reader` is the index of the `eval_input_reader`.

        Raises UserError if it is not there or its files are not, and for what `eval_config` asks for in vain.
        """
        config = job.config
        self._config = config.message("eval_config")
        self._items = class_items(config, reader)
        self.names = titles_of(self._items)
        refuse_settings(job, self.names, self._items, reader)
        self.draw = drawing(self._config)
        self._dataset = evaluation_batches(config, reader_index=reader, keep_images=self.draw.batches > 0)
        self._reader = config.messages("eval_input_reader")[reader]
        self._assembly = assembly
        self._regularize = config.message("train_config").flag("add_regularization_loss")
        spec = self._dataset.element_spec
        # Images of different sizes are traced once for all.
        free = any(None in tensor.shape[1:] for tensor in spec.values())
        self._evaluate = tf.function(self._traced, [spec] if free else None, autograph=False)

    def metric_names(self, *, per_class: bool = False) -> list[str]:
        """The names of the values, the main one first."""
        metrics = self._metrics(per_class)
        terms = [*self._assembly.loss_terms]
        if self._regularize and self._assembly.weights.l2():
            terms.append(PENALTY)
        losses = [*(f"{TAG}{name}" for name in terms), TOTAL_LOSS]
        return [name for metric in metrics for name in metric.names] + losses

    def main_names(self) -> list[str]:
        """The name of the main value of each set of metrics, the one to judge by first."""
        return [metric.names[0] for metric in self._metrics(per_class=False)]

    def run(
        self,
        *,
        per_class: bool = False,
        curves: bool = False,
        on_image: Callable[[int], None] = lambda count: None,
    ) -> Evaluation:
        """Evaluate all examples, or the first `eval_config.num_examples`; `on_image` is told how many are done.

        Losses are means over the full batches, as in the OD API, which leaves a last batch that is not full out of
        everything; here its examples count in the metrics.
        """
        metrics = self._metrics(per_class)
        curved = self._curved(metrics) if curves else {}
        collected = _Collected([*metrics, *(one for one in curved.values() if one not in metrics)])
        limit = example_limit(self._config)
        notes = []
        for number, batch in enumerate(checked(self._dataset, self._reader)):
            if limit is not None and collected.images >= limit:
                notes.append(f"eval_config.num_examples is {limit}: later examples do not count")
                break
            size = len(batch["valid"])
            count = int(np.count_nonzero(batch["valid"].numpy()))
            count = min(count, size if limit is None else limit - collected.images)
            # Of the only batch the fill is cut off, so that its losses are right; later ones keep the traced shape.
            batch = batch if number else {name: value[:count] for name, value in batch.items()}
            arrays, losses = self._fetched(batch, collected.compared, drawn=number < self.draw.batches)
            if count == len(batch["valid"]):
                collected.losses.append(losses)
            for index in range(count):
                collected.add(arrays, number, index)
            on_image(collected.images)
        if not collected.images:
            raise UserError("there are no images to evaluate", hint="look at eval_input_reader")
        values = {name: value for metric in metrics for name, value in metric.result().items()}
        values.update(collected.mean_losses())
        found = {compared: metric.curves() for compared, metric in curved.items()}
        return Evaluation(values, self.names, self.draw, collected.pictures, found, notes)

    def _traced(self, batch: Batch) -> tuple[Batch, Batch]:
        detections, terms = self._assembly.evaluate(batch)
        losses = reported(terms, self._assembly.regularization() if self._regularize else None)
        wanted = {name for names in FOUND_OF.values() for name in names} | {*FOUND, *DRAWN}
        return {name: value for name, value in detections.items() if name in wanted}, losses

    def _metrics(self, per_class: bool) -> list[Metric]:
        return chosen_metrics(self._config, self.names, self._items, per_class=per_class)

    def _curved(self, metrics: list[Metric]) -> dict[Compared, CocoMetrics]:
        """Metrics that know precision over recall, of boxes or masks as the others compare; new ones where need be."""
        found = {
            one.compares: CocoMetrics(self.names, masks=one.compares == "masks")
            for one in metrics
            if one.compares != "keypoints"
        } or {"boxes": CocoMetrics(self.names)}
        return found | {one.compares: one for one in metrics if isinstance(one, CocoMetrics)}

    def _fetched(
        self, batch: Batch, compared: set[Compared], *, drawn: bool
    ) -> tuple[Arrays, dict[str, float]]:
        """Groundtruth and detections of a batch as arrays, and its losses; everything comes off the device at once.

        Raises UserError where the model or the reader does not give what is `compared`.
        """
        detections, losses = self._evaluate(batch)
        have = {**batch, **detections}
        wanted = {*TRUTH, *FOUND}
        for kind in compared:
            wanted |= {*TRUTH_OF[kind], *FOUND_OF[kind]}
        if missing := sorted(wanted - have.keys()):
            raise UserError(f"the metrics need {missing[0]!r}, which is not there")
        wanted |= {name for name in DRAWN if name in have} if drawn else set()
        tensors = {name: have[name] for name in wanted}
        arrays, numbers = tf.nest.map_structure(lambda tensor: tensor.numpy(), (tensors, losses))
        return arrays, {name: float(value) for name, value in numbers.items()}


class _Collected:
    """What one evaluation gathers batch by batch."""

    def __init__(self, metrics: list[Metric]) -> None:
        self._metrics = metrics
        self.compared = {metric.compares for metric in metrics}
        self.images = 0
        self.losses: list[dict[str, float]] = []
        self.pictures: list[Picture] = []

    def add(self, arrays: Arrays, batch: int, index: int) -> None:
        """Count the example `index` of the arrays of a batch."""
        image = image_result(arrays, index, self.compared)
        for metric in self._metrics:
            metric.add(image)
        self.images += 1
        if "original_image" in arrays:
            self.pictures.append(picture_of(arrays, batch, index))

    def mean_losses(self) -> dict[str, float]:
        """The means by name."""
        names = self.losses[0] if self.losses else {}
        return {name: float(np.mean([losses[name] for losses in self.losses])) for name in names}
