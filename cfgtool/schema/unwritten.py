"""What the OD API makes of a field that is not written."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cfgtool.schema.config import Config


def restore_type(train_config: Config) -> str:
    """The restore type in effect: `fine_tune_checkpoint_type`, or what the OD API makes of an empty one."""
    named = train_config.text("fine_tune_checkpoint_type")
    if named:
        return named
    return "detection" if train_config.flag("from_detection_checkpoint") else "classification"
