"""Which trainer a config was written for: TF1's (Slim, names) or TF2's (Keras, objects)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cfgtool.schema import Config


def detect_generation(config: Config) -> tuple[str, str]:
    """("tf1" or "tf2", why) for a pipeline config; the strongest evidence decides.

    1. CenterNet exists in TF2 only.
    2. `fine_tune_checkpoint_version: V2` can only be read by the TF2 trainer.
    3. The extractor's type: TF2 names of SSD and Faster R-CNN end in "_keras", TF1 names do not.
    4. Nothing says so: TF2, since that is what runs today.
    """
    model = config.message("model")
    architecture = model.which("model")
    if architecture == "center_net":
        return "tf2", "center_net exists in TF2 only"
    if config.message("train_config").enum("fine_tune_checkpoint_version") == "V2":
        return "tf2", "fine_tune_checkpoint_version is V2"
    if architecture in ("ssd", "faster_rcnn"):
        extractor = model.message(architecture).message("feature_extractor").text("type")
        if extractor.endswith("_keras"):
            return "tf2", f"feature extractor '{extractor}' is a TF2 type"
        if extractor:
            return "tf1", f"feature extractor '{extractor}' is not a TF2 type"
    return "tf2", "nothing in the config says otherwise"
