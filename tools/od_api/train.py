"""A training run of the OD API itself.

`PYTHON -m tools.od_api.train CONFIG MODEL_DIR STEPS` runs its training loop until step STEPS, goes on from the newest
checkpoint of MODEL_DIR, and saves one after every step.
"""

from __future__ import annotations

import sys

from tools.od_api.stand_in import tensorflow


def main(config: str, model_dir: str, steps: int) -> None:
    """Train."""
    tensorflow()
    from object_detection import model_lib_v2

    model_lib_v2.train_loop(
        config,
        model_dir,
        train_steps=steps,
        checkpoint_every_n=1,
        num_steps_per_iteration=1,
        record_summaries=False,
    )


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
