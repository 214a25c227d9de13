"""Inception V3 (Szegedy et al. 2015, arXiv:1512.00567), as slim builds it."""

from __future__ import annotations

from typing import TypeVar

from cfgtool.networks.backbones.inception import Block, Builder, Conv, Fork, Pool, run_blocks
from cfgtool.networks.ops import Ops

T = TypeVar("T")

_STEM = (
    Conv("Conv2d_1a_3x3", 32, 3, 2, "VALID"),
    Conv("Conv2d_2a_3x3", 32, 3, 1, "VALID"),
    Conv("Conv2d_2b_3x3", 64, 3),
    Pool("max", 2, "VALID"),
    Conv("Conv2d_3b_1x1", 80, 1, 1, "VALID"),
    Conv("Conv2d_4a_3x3", 192, 3, 1, "VALID"),
    Pool("max", 2, "VALID"),
)


def _block_5(pooled: int, five: tuple[str, str] = ("Conv2d_0a_1x1", "Conv2d_0b_5x5")) -> Block:
    """Figure 5 of the paper, with one 5x5 convolution kept; `five` names the layers of its branch."""
    return (
        (Conv("Conv2d_0a_1x1", 64, 1),),
        (Conv(five[0], 48, 1), Conv(five[1], 64, 5)),
        (Conv("Conv2d_0a_1x1", 64, 1), Conv("Conv2d_0b_3x3", 96, 3), Conv("Conv2d_0c_3x3", 96, 3)),
        (Pool("avg"), Conv("Conv2d_0b_1x1", pooled, 1)),
    )


def _block_6(width: int) -> Block:
    """Figure 6 of the paper with n = 7: 1x7 and 7x1 convolutions in turn."""
    return (
        (Conv("Conv2d_0a_1x1", 192, 1),),
        (
            Conv("Conv2d_0a_1x1", width, 1),
            Conv("Conv2d_0b_1x7", width, (1, 7)),
            Conv("Conv2d_0c_7x1", 192, (7, 1)),
        ),
        (
            Conv("Conv2d_0a_1x1", width, 1),
            Conv("Conv2d_0b_7x1", width, (7, 1)),
            Conv("Conv2d_0c_1x7", width, (1, 7)),
            Conv("Conv2d_0d_7x1", width, (7, 1)),
            Conv("Conv2d_0e_1x7", 192, (1, 7)),
        ),
        (Pool("avg"), Conv("Conv2d_0b_1x1", 192, 1)),
    )


def _block_7(tall: str) -> Block:
    """Figure 7 of the paper; `tall` names the 3x1 convolution of the second branch."""
    return (
        (Conv("Conv2d_0a_1x1", 320, 1),),
        (
            Conv("Conv2d_0a_1x1", 384, 1),
            Fork((Conv("Conv2d_0b_1x3", 384, (1, 3)), Conv(tall, 384, (3, 1)))),
        ),
        (
            Conv("Conv2d_0a_1x1", 448, 1),
            Conv("Conv2d_0b_3x3", 384, 3),
            Fork((Conv("Conv2d_0c_1x3", 384, (1, 3)), Conv("Conv2d_0d_3x1", 384, (3, 1)))),
        ),
        (Pool("avg"), Conv("Conv2d_0b_1x1", 192, 1)),
    )


_BLOCKS: tuple[tuple[str, Block], ...] = (
    ("Mixed_5b", _block_5(32)),
    # The names of the layers are a slip in slim, which checkpoints keep.
    ("Mixed_5c", _block_5(64, ("Conv2d_0b_1x1", "Conv_1_0c_5x5"))),
    ("Mixed_5d", _block_5(64)),
    (
        "Mixed_6a",
        (
            (Conv("Conv2d_1a_1x1", 384, 3, 2, "VALID"),),
            (
                Conv("Conv2d_0a_1x1", 64, 1),
                Conv("Conv2d_0b_3x3", 96, 3),
                Conv("Conv2d_1a_1x1", 96, 3, 2, "VALID"),
            ),
            (Pool("max", 2, "VALID"),),
        ),
    ),
    ("Mixed_6b", _block_6(128)),
    ("Mixed_6c", _block_6(160)),
    ("Mixed_6d", _block_6(160)),
    ("Mixed_6e", _block_6(192)),
    (
        "Mixed_7a",
        (
            (Conv("Conv2d_0a_1x1", 192, 1), Conv("Conv2d_1a_3x3", 320, 3, 2, "VALID")),
            (
                Conv("Conv2d_0a_1x1", 192, 1),
                Conv("Conv2d_0b_1x7", 192, (1, 7)),
                Conv("Conv2d_0c_7x1", 192, (7, 1)),
                Conv("Conv2d_1a_3x3", 192, 3, 2, "VALID"),
            ),
            (Pool("max", 2, "VALID"),),
        ),
    ),
    ("Mixed_7b", _block_7("Conv2d_0b_3x1")),
    ("Mixed_7c", _block_7("Conv2d_0c_3x1")),
)


def inception_v3(ops: Ops[T], image: T, builder: Builder) -> dict[str, T]:
    """The outputs of the blocks by the OD API's names; Mixed_5d has about an eighth of the image's size,
    Mixed_6e a sixteenth, Mixed_7c a thirty-second.
    """
    x = image
    for step in _STEM:
        x = (
            ops.max_pool(x, 3, stride=step.stride, padding=step.padding)
            if isinstance(step, Pool)
            else builder.conv(ops, x, "", "", step)
        )
    outputs: dict[str, T] = {}
    run_blocks(ops, x, builder, _BLOCKS, outputs)
    return outputs
