"""How many keypoints each class has, which a CenterNet config leaves to its keypoint label map."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cfgtool.data.label_map import LabelMap
    from cfgtool.schema import Config


def keypoint_counts(config: Config, read: Callable[[str], LabelMap | None]) -> Mapping[str, int] | None:
    """Class name -> number of keypoints, for a whole pipeline config with keypoint tasks.

    `read` gives the label map of a name in the config, None where it is not at hand; then, and for models without
    keypoints, the answer is None. Raises UserError as `read` does.
    """
    model = config.message("model")
    if model.which("model") != "center_net":
        return None
    center_net = model.message("center_net")
    name = center_net.text("keypoint_label_map_path")
    if not name or not center_net.entries("keypoint_estimation_task"):
        return None
    labels = read(name)
    return None if labels is None else {item.name: len(item.keypoints) for item in labels.items}


def configured_counts(config: Config) -> Mapping[str, int] | None:
    """`keypoint_counts` from the label map that the config names. Raises UserError if it cannot be read."""
    from cfgtool.data.label_map import read_label_map

    return keypoint_counts(config, read_label_map)


def beside(config_path: str) -> Callable[[str], LabelMap | None]:
    """A reader of label maps for `keypoint_counts`: below the current folder, else beside the config."""
    import os

    def read(name: str) -> LabelMap | None:
        from cfgtool.data.label_map import read_label_map

        for path in (name, os.path.join(os.path.dirname(config_path), name)):
            if os.path.isfile(path):
                return read_label_map(path)
        return None

    return read
