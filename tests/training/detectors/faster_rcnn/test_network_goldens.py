"""Faster R-CNN against the OD API with its own network: from the same weights and image, the same losses and masks."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from cfgtool.training.assemblies import build_assembly
from cfgtool.training.assemblies.base import Assembly
from cfgtool.training.detectors.faster_rcnn.box_classifier import RawBoxes
from cfgtool.training.detectors.faster_rcnn.detector import MASKS
from cfgtool.training.detectors.faster_rcnn.network import TensorNetwork
from cfgtool.training.input.preprocess import normalisation

from ... import reference
from .conftest import RecordedNetwork, Recording

pytestmark = [pytest.mark.reference, pytest.mark.slow, pytest.mark.usefixtures("in_order")]

MASK_RCNN = "golden/mask_rcnn_inception_resnet_v2"
SMALL = ("golden/faster_rcnn_resnet50_v1__g05", "golden/faster_rcnn_resnet50_v1__g05__rect")


def assembly(shared: Path, name: str) -> tuple[Assembly, dict[str, Any]]:
    """The assembly of a golden with its weights, and the batch that it was asked about."""
    path, module = shared / "oracle" / name, reference.inputs(shared)
    made = build_assembly(reference.read(path.with_name(f"{path.name}.config")))
    facts = json.loads(path.with_name(f"{path.name}.json").read_text())
    factor = np.float32(facts.get("gamma_factor", 1.0))
    for key, variable in made.weights.by_tf2_key().items():
        value = module.weight(key.removeprefix("model/"), tuple(variable.shape))
        variable.assign(value * factor if key.endswith("/gamma") else value)
    height, width = facts.get("input_image", (256, 256))
    image = np.zeros((2, 256, 256, 3), np.uint8)
    image[:, :height, :width] = module.image(height, width)
    recorded = Recording(path)
    truth = recorded.truth()
    batch = {
        **truth.groundtruth._asdict(),
        "image": normalisation(made.network.config.find("model.faster_rcnn"))(tf.constant(image)),
        "true_image_shape": recorded.shapes,
        "masks": truth.masks,
    }
    return made, {name: value for name, value in batch.items() if value is not None}


@pytest.mark.parametrize("name", SMALL)
def test_losses_and_detections(shared: Path, recording: Callable[[str], Recording], name: str) -> None:
    made, batch = assembly(shared, name)
    arrays = recording(name).arrays
    detections, losses = made.evaluate(batch)
    for key, value in losses.items():
        np.testing.assert_allclose(value, arrays[f"loss/inference/Loss/{key}"], rtol=1e-4, err_msg=key)
    np.testing.assert_allclose(
        np.sort(detections["detection_scores"]), np.sort(arrays["detections/detection_scores"]), atol=1e-4
    )
    with_sampling = made.detector.training_losses(  # type: ignore[attr-defined]
        made._run(made.network.ops(), batch["image"], batch),  # type: ignore[attr-defined]
        batch["true_image_shape"],
        recording(name).truth(),
    )
    for key, value in with_sampling.items():
        np.testing.assert_allclose(value, arrays[f"loss/train/Loss/{key}"], rtol=1e-4, err_msg=key)


class Masks(RecordedNetwork):
    """Recorded boxes and classes, and the masks that the network makes of them."""

    def __init__(self, arrays: Any, stage: str, network: TensorNetwork, *, skip: int) -> None:
        """The features of the first `skip` questions are not needed."""
        super().__init__(arrays, stage)
        self._network, self._skip = network, skip

    def features(self, boxes: Any, count: Any) -> Any:
        self._skip -= 1
        return tf.zeros([0]) if self._skip >= 0 else self._network.features(boxes, count)

    def predict(self, features: Any, boxes: Any) -> RawBoxes:
        return super().predict(features, boxes)

    def masks(self, features: Any, boxes: Any) -> Any:
        return self._network.masks(features, boxes)


def test_masks(shared: Path, recording: Callable[[str], Recording]) -> None:
    made, batch = assembly(shared, MASK_RCNN)
    recorded = recording(MASK_RCNN)
    network = made._run(made.network.ops(), batch["image"], batch)  # type: ignore[attr-defined]
    learning = Masks(recorded.arrays, "predict_train", network, skip=0)
    losses = recorded.detector.training_losses(learning, recorded.shapes, recorded.truth())
    np.testing.assert_allclose(losses[MASKS], recorded.arrays[f"loss/train/Loss/{MASKS}"], rtol=1e-5)
    detecting = Masks(recorded.arrays, "predict", network, skip=1)
    masks = recorded.detector.infer(detecting, recorded.shapes).detections["detection_masks"]
    want, got = recorded.stored("detections/detection_masks", masks.numpy())
    np.testing.assert_allclose(got, want, atol=1e-4)
