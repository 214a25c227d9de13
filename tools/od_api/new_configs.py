"""Whether the OD API builds what `cfgtool new` writes: `PYTHON -m tools.od_api.new_configs FOLDER`.

Builds model, optimizer and augmentation of every `*.config` in FOLDER. Prints a line for each; exits with 1 if one is
refused.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from tools.od_api.stand_in import tensorflow


def main(folder: Path) -> int:
    """Build every config of `folder`; the exit status."""
    tensorflow()
    from object_detection.builders import model_builder, optimizer_builder, preprocessor_builder
    from object_detection.utils import config_util

    os.chdir(folder)  # their paths are relative to it
    refused = 0
    for path in sorted(folder.glob("*.config")):
        try:
            configs = config_util.get_configs_from_pipeline_file(path.name)
            model_builder.build(configs["model"], is_training=True)
            train = configs["train_config"]
            optimizer_builder.build(train.optimizer, global_step=0)
            for step in train.data_augmentation_options:
                preprocessor_builder.build(step)
        except Exception as error:  # whatever it raises is its answer
            refused += 1
            print(f"{path.name}: {type(error).__name__}: {error}")
            continue
        print(f"{path.name}: built")
    return int(refused > 0)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]).resolve()))
