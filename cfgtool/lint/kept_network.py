"""Descriptions of networks, kept for the next analysis: an editor asks at every key, mostly typed elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cfgtool.errors import UserError
from cfgtool.networks import describe

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Literal

    from cfgtool.networks import NetworkDescription
    from cfgtool.schema import Config

BOUND = 8
"""Descriptions kept: those of the few configs that are open at a time."""

_kept: dict[tuple[str, ...], NetworkDescription | UserError] = {}


def kept_network(
    config: Config, generation: Literal["tf1", "tf2"], keypoints: Mapping[str, int] | None = None
) -> NetworkDescription:
    """The network of a whole pipeline config, described anew only if the text of its model has changed, or what
    its label map says of `keypoints` (see `describe`).

    Raises UserError for networks that are not described and for settings that cannot be built.
    """
    key = (generation, repr(keypoints), *_model_texts(config))
    found = _kept.pop(key, None)
    if found is None:
        try:
            found = describe(config, generation, keypoints=keypoints)
        except UserError as error:
            found = error
    _kept[key] = found  # at the end: the first one is the one that was not asked for the longest
    while len(_kept) > BOUND:
        del _kept[next(iter(_kept))]
    if isinstance(found, UserError):
        raise found.with_traceback(None)  # it would grow with every raise
    return found


def _model_texts(config: Config) -> list[str]:
    """All that the text says of the model: blocks that stand several times are merged."""
    text = config.document.text
    return [text[entry.field.start : entry.field.end] for entry in config.entries("model")]
