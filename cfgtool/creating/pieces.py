"""Pieces that several meta-architectures share: hyperparameters of layers, anchors, resizers, losses."""

from __future__ import annotations

from cfgtool.creating.blocks import Block, number, numbers

SQUARE_AND_TWO_TO_ONE = (1.0, 2.0, 0.5)
"""Width over height of the anchors at each place of a feature pyramid (Lin et al. 2017, arXiv:1708.02002)."""


class Style:
    """How the layers of a family are made: `activation`, the weight of the L2 penalty, the spread of the initial
    weights, the decay of the batch norm averages, and whether convolutions keep a bias beside batch norm.
    """

    __slots__ = ("activation", "bias", "decay", "penalty", "spread")

    def __init__(
        self, activation: str, penalty: float, decay: float, spread: float = 0.03, *, bias: bool = False
    ) -> None:
        self.activation = activation
        self.penalty = penalty
        self.decay = decay
        self.spread = spread
        self.bias = bias


MOBILE = Style("RELU_6", 0.00004, 0.997, 0.01)
SSD_MOBILE = Style("RELU_6", 0.00004, 0.97)
RESIDUAL = Style("RELU_6", 0.0004, 0.997)
EFFICIENT = Style("SWISH", 0.00004, 0.99, bias=True)


def convolutions(style: Style, initializer: str, spread: float, why: str = "") -> Block:
    """`conv_hyperparams` with batch norm; `initializer` is `truncated_normal` or `random_normal`."""
    return Block(
        "conv_hyperparams",
        "force_use_bias: true" if style.bias else None,
        f"activation: {style.activation}",
        Block("regularizer", Block("l2_regularizer", f"weight: {number(style.penalty)}")),
        Block("initializer", Block(f"{initializer}_initializer", f"stddev: {number(spread)}")),
        Block("batch_norm", "scale: true", f"decay: {number(style.decay)}"),
        why=why,
    )


def pyramid_anchors(scales_per_octave: int = 2) -> Block:
    """Anchors of an SSD on a pyramid of levels 3 to 7, four strides wide at the smallest."""
    return Block(
        "anchor_generator",
        Block(
            "multiscale_anchor_generator",
            f"aspect_ratios: {numbers(SQUARE_AND_TWO_TO_ONE)}",
            f"scales_per_octave: {scales_per_octave}" if scales_per_octave != 2 else None,
        ),
        why="A square, a wide and a high anchor at every place, in several sizes for each level of the pyramid. "
        "`cfgtool preview` draws them over your images.",
    )


def stretching(height: int, width: int, why: str) -> Block:
    """A resizer that gives every image this size, whatever its shape."""
    return Block(
        "image_resizer", Block("fixed_shape_resizer", f"height: {height}", f"width: {width}"), why=why
    )


def padding(shorter: int, longer: int, why: str) -> Block:
    """A resizer that keeps the shape of the image and fills a square up."""
    return Block(
        "image_resizer",
        Block(
            "keep_aspect_ratio_resizer",
            f"min_dimension: {shorter}",
            f"max_dimension: {longer}",
            "pad_to_max_dimension: true",
        ),
        why=why,
    )


def suppression(
    name: str, converter: str, *, per_class: int, total: int, overlap: float = 0.6, why: str
) -> Block:
    """Post-processing: what is cut off as a double of a better detection, and what raw scores become."""
    return Block(
        name,
        Block(
            "batch_non_max_suppression",
            f"iou_threshold: {number(overlap)}" if overlap != 0.6 else None,
            f"max_detections_per_class: {per_class}" if per_class != 100 else None,
            f"max_total_detections: {total}" if total != 100 else None,
        ),
        f"score_converter: {converter}",
        why=why,
    )
