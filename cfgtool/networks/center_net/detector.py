"""CenterNet (Zhou et al. 2019, arXiv:1904.07850): objects as points, as `model.center_net` configures it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, TypeVar

from cfgtool.errors import UserError
from cfgtool.networks.center_net.extractor import family, read_extractor
from cfgtool.networks.description import Outline
from cfgtool.networks.heads.center_net import Head, identities, predict, read_heads
from cfgtool.networks.hyperparams import Generation
from cfgtool.networks.names import Names
from cfgtool.networks.ops import Ops
from cfgtool.networks.shapes import Shape, ShapeOps

if TYPE_CHECKING:
    from cfgtool.schema import Config

T = TypeVar("T")

_HEADS = Names("head", "model/_prediction_head_dict", "", None)


def center_net(
    ops: Ops[T], config: Config, image: T, keypoints: Mapping[str, int] | None = None
) -> list[dict[str, T]]:
    """The raw predictions for `image` [batch, height, width, 3], preprocessed as the extractor wants it.

    One dictionary for each map that the extractor gives, the best one last: the outputs of the heads, [batch,
    height / 4, width / 4, channels], under the OD API's names. `config` is the `model.center_net` message,
    `keypoints` the numbers of keypoints by class (see `read_heads`). Raises UserError for types that are not
    described, for images of a size that the extractor cannot take, and for tasks that cannot be built.
    """
    heads = read_heads(config, keypoints)
    return _predictions(ops, config, feature_maps(ops, config, image), heads)


def feature_maps(ops: Ops[T], config: Config, image: T) -> list[T]:
    """What the heads look at: [batch, height / 4, width / 4, channels]; see `center_net`."""
    extractor = read_extractor(config)
    described = family(extractor)
    multiple = described.image_multiple(extractor.type)
    _, height, width, _ = ops.shape(image)
    for size in (height, width):
        if size is not None and (size < 1 or size % multiple):
            raise UserError(
                f"feature extractor {extractor.type!r} cannot take images of {height}x{width}",
                hint=f"make height and width multiples of {multiple}",
            )
    return described.feature_maps(ops, image, extractor)


def track_identities(ops: Ops[T], config: Config, embeddings: T) -> T:
    """Logits of the identities of tracked objects [objects, 1, 1, num_track_ids] for their `embeddings` [objects, 1,
    1, reid_embed_size], which come from the head `track/reid` at the centres; only training asks for them.
    """
    return identities(ops, embeddings, config.message("track_estimation_task"), Names("", "model", "", None))


def outline(
    ops: ShapeOps,
    config: Config,
    image: Shape,
    generation: Generation,  # noqa: ARG001
    *,
    keypoints: Mapping[str, int] | None = None,
    nominal: bool = False,
) -> Outline:
    """Run the network on shapes: see `description.Outline`. A `nominal` size is made one that the extractor can
    take.
    """
    if config.has("deepmac_mask_estimation"):
        raise UserError(
            "'model.center_net.deepmac_mask_estimation' makes it a DeepMAC model, which is not described",
            hint="other CenterNet models are",
        )
    heads = read_heads(config, keypoints)
    batch, height, width, _ = image
    if nominal:
        extractor = read_extractor(config)
        multiple = family(extractor).image_multiple(extractor.type)
        height, width = (max(-(-size // multiple), 1) * multiple for size in (height, width))
    # Normalisation makes three channels of one.
    maps = feature_maps(ops, config, (batch, height, width, 3))
    _predictions(ops, config, maps, heads)
    if config.has("track_estimation_task"):
        embedding = config.message("track_estimation_task").integer("reid_embed_size")
        track_identities(ops, config, (1, 1, 1, embedding))
    return Outline(tuple(feature_map[1:] for feature_map in maps), 0, (height, width, 3))


def _predictions(ops: Ops[T], config: Config, maps: Sequence[T], heads: Sequence[Head]) -> list[dict[str, T]]:
    separable = config.flag("use_depthwise")
    return [predict(ops, x, heads, _HEADS, index, separable=separable) for index, x in enumerate(maps)]
