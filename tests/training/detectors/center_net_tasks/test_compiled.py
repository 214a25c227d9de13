"""The same losses where everything has a static shape and XLA compiles it."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("tensorflow")

import tensorflow as tf

from cfgtool.training.detectors.center_net.other_tasks import build_tasks
from cfgtool.training.detectors.center_net.tracking import TrackEstimation

from . import answers, cases

NAMES = ["masks_sigmoid", "masks_weights", "masks_class_targets", "densepose", "tracking", "temporal_l1"]


def identify(embeddings: tf.Tensor) -> tf.Tensor:
    return tf.tensordot(embeddings, cases.classifier(0, (cases.EMBEDDING, 7)), 1)


@pytest.mark.parametrize(
    "case", [case for case in cases.CASES if case.name in NAMES], ids=lambda case: case.name
)
def test_losses_without_trimming_in_compiled_code(case: cases.Case) -> None:
    config = answers.config_of(case.text)
    arrays = {
        name: value
        for name, value in cases.groundtruth(24).items()
        if name in answers.truth(case.extra).batch
    }
    # Two more rows of padding in every image, which trimming takes away.
    padded = answers.truth_of(
        {
            name: np.pad(value, [(0, 0), (0, 2), *[(0, 0)] * (value.ndim - 2)], constant_values=-1 if name == "classes" else 0)
            if name != "num_boxes"
            else value
            for name, value in arrays.items()
        }
    )  # fmt: skip
    for trimming, static in zip(build_tasks(config), build_tasks(config, trim_padding=False), strict=True):

        def losses(task=static, batch=padded.batch) -> dict[str, tf.Tensor]:
            truth, outputs = padded._replace(batch=batch), answers.outputs()
            if isinstance(task, TrackEstimation):
                outputs = task.identified(outputs, truth, identify)
            return task.losses(outputs, truth)

        compiled = tf.function(losses, jit_compile=True)()
        for name, value in losses(trimming).items():
            np.testing.assert_allclose(compiled[name], value, rtol=1e-5, err_msg=name)
        for name, value in losses(trimming, answers.truth_of(arrays).batch).items():
            np.testing.assert_allclose(compiled[name], value, rtol=1e-5, err_msg=name)
