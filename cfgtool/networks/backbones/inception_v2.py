"""Inception V2 (Ioffe and Szegedy 2015, arXiv:1502.03167, appendix), as slim builds it."""

from __future__ import annotations

from typing import TypeVar

from cfgtool.networks.backbones.inception import Block, Builder, Conv, Pool, run_blocks
from cfgtool.networks.blocks import Unit, separable_unit
from cfgtool.networks.hyperparams import Hyperparams
from cfgtool.networks.names import Layers
from cfgtool.networks.ops import Ops
from cfgtool.networks.variables import Initializer

T = TypeVar("T")

_REDUCE = Initializer("truncated_normal", stddev=0.09)
_PROJECT = Initializer("truncated_normal", stddev=0.1)
_STEM = Initializer("truncated_normal", stddev=1.0)
_STEM_FILTERS = 64
_MOST_STEM_MULTIPLIER = 8
"""Filters per colour channel of the first, separable convolution, unless the whole layer has fewer."""


def _block(
    single: int, three: tuple[int, int], five: tuple[int, int], pooled: int, pool: str = "avg"
) -> Block:
    """A block that keeps the size: a 1x1 convolution, a 3x3 one, two 3x3 ones, and a pooled branch."""
    reduce, wide = five
    return (
        (Conv("Conv2d_0a_1x1", single, 1),),
        (Conv("Conv2d_0a_1x1", three[0], 1, start=_REDUCE), Conv("Conv2d_0b_3x3", three[1], 3)),
        (
            Conv("Conv2d_0a_1x1", reduce, 1, start=_REDUCE),
            Conv("Conv2d_0b_3x3", wide, 3),
            Conv("Conv2d_0c_3x3", wide, 3),
        ),
        (Pool(pool), Conv("Conv2d_0b_1x1", pooled, 1, start=_PROJECT)),
    )


def _halving(three: tuple[int, int], five: tuple[int, int]) -> Block:
    """A block that halves height and width."""
    reduce, wide = five
    return (
        (Conv("Conv2d_0a_1x1", three[0], 1, start=_REDUCE), Conv("Conv2d_1a_3x3", three[1], 3, 2)),
        (
            Conv("Conv2d_0a_1x1", reduce, 1, start=_REDUCE),
            Conv("Conv2d_0b_3x3", wide, 3),
            Conv("Conv2d_1a_3x3", wide, 3, 2),
        ),
        (Pool("max", 2),),
    )


FIRST_BLOCKS: tuple[tuple[str, Block], ...] = (
    ("Mixed_3b", _block(64, (64, 64), (64, 96), 32)),
    ("Mixed_3c", _block(64, (64, 96), (64, 96), 64)),
    ("Mixed_4a", _halving((128, 160), (64, 96))),
    ("Mixed_4b", _block(224, (64, 96), (96, 128), 128)),
    ("Mixed_4c", _block(192, (96, 128), (96, 128), 128)),
    ("Mixed_4d", _block(160, (128, 160), (128, 160), 96)),
    ("Mixed_4e", _block(96, (128, 192), (160, 192), 96)),
)
"""The blocks up to stride 16."""
LAST_BLOCKS: tuple[tuple[str, Block], ...] = (
    ("Mixed_5a", _halving((128, 192), (192, 256))),
    ("Mixed_5b", _block(352, (192, 320), (160, 224), 128)),
    ("Mixed_5c", _block(352, (192, 320), (192, 224), 128, "max")),
)
"""The blocks at stride 32, which Faster R-CNN runs on crops."""


def first_part(ops: Ops[T], image: T, builder: Builder) -> dict[str, T]:
    """The outputs of the blocks up to Mixed_4e by the OD API's names; from Mixed_4a on they have stride 16."""
    x = _stem(ops, image, builder)
    x = ops.max_pool(x, 3, stride=2)
    x = builder.conv(ops, x, "", "", Conv("Conv2d_2b_1x1", 64, 1, start=_PROJECT))
    x = builder.conv(ops, x, "", "", Conv("Conv2d_2c_3x3", 192, 3))
    x = ops.max_pool(x, 3, stride=2)
    outputs: dict[str, T] = {}
    run_blocks(ops, x, builder, FIRST_BLOCKS, outputs)
    return outputs


def last_part(ops: Ops[T], x: T, builder: Builder) -> T:
    """The blocks Mixed_5a to Mixed_5c on the output of Mixed_4e, or on crops of it: half as high and wide."""
    return run_blocks(ops, x, builder, LAST_BLOCKS, {})


def _stem(ops: Ops[T], image: T, builder: Builder) -> T:
    hyper: Hyperparams = builder.hyper
    weights = hyper.weights._replace(initializer=_STEM)
    filters = builder.depth(_STEM_FILTERS)
    unit = Unit("conv2d_1a_7x7", "", "", "Conv2d_1a_7x7")
    return separable_unit(
        ops,
        image,
        Layers(builder.scope),
        unit,
        hyper._replace(weights=weights),
        filters,
        7,
        pointwise=weights,
        stride=2,
        multiplier=min(filters // 3, _MOST_STEM_MULTIPLIER),
    )
