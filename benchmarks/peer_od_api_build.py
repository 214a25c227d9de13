"""Building a model in the OD API: run with the interpreter of an environment where it is installed.

Not imported by the rest. `PYTHON -m benchmarks.peer_od_api_build CONFIG` builds the configured model; its variables exist
only after a first image.
"""

from __future__ import annotations

import sys

from tools.od_api.stand_in import tensorflow


def main(config_path: str) -> None:
    """Build the model and print the number of its variables."""
    tf = tensorflow()
    from object_detection.builders import model_builder
    from object_detection.utils import config_util

    config = config_util.get_configs_from_pipeline_file(config_path)["model"]
    model = model_builder.build(config, is_training=False)
    model.predict(*model.preprocess(tf.zeros([1, 320, 320, 3])))
    print(len(model.variables))


if __name__ == "__main__":
    main(sys.argv[1])
