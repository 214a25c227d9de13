"""Train the small checkpoint that the demo starts from: the demo's network, on other pictures with other classes.

    python -m tools.make_demo_checkpoint fixtures/demo/pretrained

draws 2000 pictures of the same four shapes, calls circles `round` and the rest `angular`, trains on them for 5000 steps
(some minutes on two cores) and writes the weights alone as `ckpt-1`. A demo that starts from it has other heads and
the same backbone, as people's fine-tuning has.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

PICTURES = 2000
STEPS = 5000
SEED = 4711
ROOT = Path(__file__).resolve().parents[1]
LABEL_MAP = "".join(
    f"item {{\n  id: {number}\n  name: '{name}'\n}}\n"
    for name, number in (("circle", 1), ("square", 2), ("triangle", 2), ("star", 2))
)


def main(folder: Path) -> None:
    """Draw, train, save."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    import tensorflow as tf

    from cfgtool.data.tfrecord import write_records
    from cfgtool.training.run.job import load_job
    from cfgtool.training.run.options import TrainOptions
    from cfgtool.training.run.train import Run
    from cfgtool.training.starting.plan import plan_start
    from tools.draw_shapes import examples

    with tempfile.TemporaryDirectory() as scratch:
        record, label_map = Path(scratch, "shapes.record"), Path(scratch, "label_map.pbtxt")
        write_records(str(record), examples("pretraining", PICTURES, 128, SEED))
        label_map.write_text(LABEL_MAP, encoding="utf-8")
        rate = "train_config.optimizer.momentum_optimizer.learning_rate.cosine_decay_learning_rate"
        overrides = [
            "model.ssd.num_classes=2",
            'train_config.fine_tune_checkpoint=""',
            f"train_config.num_steps={STEPS}",
            f"{rate}.total_steps={STEPS}",
            f'train_input_reader.label_map_path="{label_map}"',
            f'train_input_reader.tf_record_input_reader.input_path="{record}"',
        ]
        config = str(ROOT / "fixtures" / "demo" / "pipeline.config")
        options = TrainOptions(
            config, Path(scratch, "run"), overrides=tuple(overrides), seed=SEED, log_every=500
        )
        job = load_job(config, overrides)
        run = Run(job, plan_start(job, options), options)
        run.run()
        checkpoint = tf.train.Checkpoint(model=run.assembly.weights.tree)
        tf.train.CheckpointManager(checkpoint, str(folder), max_to_keep=1, checkpoint_name="ckpt").save()
    (folder / "checkpoint").unlink()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
