"""Attention to features of other frames of the same camera (Context R-CNN, Beery et al. 2020, arXiv:1912.03538),
from the proto message `Context`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

from cfgtool.errors import UserError
from cfgtool.networks.faster_rcnn.extractor import FasterRcnnExtractor
from cfgtool.networks.names import Names
from cfgtool.networks.ops import GLOROT, ZEROS, BatchNorm, Ops

if TYPE_CHECKING:
    from cfgtool.schema import Config

T = TypeVar("T")

_NORM = BatchNorm(decay=0.97, epsilon=0.001)
_MOST_BLOCKS = 1000
"""No network has as many heads in all its layers."""


class Context(NamedTuple, Generic[T]):
    """What is remembered of a camera: `features` [batch, most, length], of which `sizes` [batch] of an image are
    filled, and the number of its `proposals` [batch] that count.
    """

    features: T
    sizes: T
    proposals: T


class _Block(NamedTuple):
    """Names of an attention block's projections."""

    query: Names
    key: Names
    value: Names
    output: Names


def attended(
    ops: Ops[T], x: T, boxes: T, context: Context[T], config: Config, extractor: FasterRcnnExtractor
) -> T:
    """`x` [batch * boxes, height, width, channels] and what the context adds to it, the same for all its pixels.

    `config` is the `context_config` message. Raises UserError for settings that cannot be built.
    """
    _refuse_unbuilt(config, extractor)
    flat = ops.reshape(ops.global_mean(x), (-1,))
    query = ops.split_batch(flat, boxes)
    channels = ops.shape(x)[3] or 0
    build = _slim if extractor.generation == "tf1" else _keras
    added = build(_Attention(ops, context, config, channels), query, extractor)
    return ops.add(x, ops.reshape(ops.merge_batch(added), (1, 1, channels)))


class _Attention(Generic[T]):
    """Attention blocks over one context, `channels` wide."""

    def __init__(self, ops: Ops[T], context: Context[T], config: Config, channels: int) -> None:
        self.ops = ops
        self.context = context
        self.config = config
        self._channels = channels
        self._depth = config.integer("attention_bottleneck_dimension")
        self._temperature = config.number("attention_temperature")

    def block(self, query: T, keys: T, sizes: T, names: _Block, *, bias: bool) -> T:
        """What the boxes [batch, boxes, channels] find in `keys` [batch, n, length], `sizes` of which count."""
        depth = self._depth
        found = self.ops.attend(
            self._project(query, names.query, depth, bias=bias),
            self._project(keys, names.key, depth, bias=bias),
            self._project(keys, names.value, depth, bias=bias),
            temperature=self._temperature,
            query_counts=self.context.proposals,
            key_counts=sizes,
        )
        return self._project(found, names.output, self._channels, bias=bias)

    def _project(self, x: T, layer: Names, units: int, *, bias: bool) -> T:
        dense = layer.child("", tf2="projection")
        x = self.ops.dense(x, dense, units, weights=GLOROT, bias=ZEROS if bias else None)
        x = self.ops.reshape(x, (-1, 1, units))
        norm = layer.child("batch_norm", tf2="batch_norm", tf1="BatchNorm")
        x = self.ops.activation(self.ops.batch_norm(x, norm, _NORM), "relu_6")
        return self.ops.reshape(x, (-1, units))


def _keras(attention: _Attention[T], query: T, extractor: FasterRcnnExtractor) -> T:
    base = extractor.place("attention", tf2="_context_feature_extract_fn", keras="AttentionBlock", tf1=None)
    # Keras numbers the projections in the order in which the block makes them.
    names = _Block(
        base.child("query", tf2="_query_proj", keras="context_projection_2"),
        base.child("key", tf2="_key_proj", keras="context_projection"),
        base.child("value", tf2="_val_proj", keras="context_projection_1"),
        base.child("output", tf2="_feature_proj", keras="context_projection_3"),
    )
    context = attention.context
    return attention.block(query, context.features, context.sizes, names, bias=True)


def _slim(attention: _Attention[T], query: T, extractor: FasterRcnnExtractor) -> T:
    """Any number of heads and layers; their outputs are averaged over the heads and added up over the
    layers.
    """
    ops, context, config = attention.ops, attention.context, attention.config
    outputs = 0

    def block(x: T, keys: T, sizes: T, name: str, scope: str) -> T:
        nonlocal outputs
        base = extractor.place(f"attention/{name}", tf2=None, tf1=scope)
        query_, key, value = (
            base.child(part, tf1=_numbered(index)) for index, part in enumerate(("query", "key", "value"))
        )
        # The projection back lies outside the block's scope, where slim numbers it.
        output = extractor.place(f"attention/{name}/output", tf2=None, tf1=_numbered(outputs))
        outputs += 1
        return attention.block(x, keys, sizes, _Block(query_, key, value, output), bias=False)

    own = None
    if config.flag("use_self_attention"):
        own = block(query, query, context.proposals, "self", "SelfAttentionBlock")
        if not config.flag("use_long_term_attention"):
            return own
    in_sequence = config.flag("self_attention_in_sequence")
    x = start = query if own is None or not in_sequence else ops.scale(ops.add(own, query), 0.5)
    heads = config.integer("num_attention_heads")
    for layer in range(config.integer("num_attention_layers")):
        found = [
            block(
                x,
                context.features,
                context.sizes,
                f"layer_{layer}/head_{head}",
                f"AttentionBlock{head}_AttentionLayer{layer}",
            )
            for head in range(heads)
        ]
        total = found[0]
        for one in found[1:]:
            total = ops.add(total, one)
        x = ops.add(x, ops.scale(total, 1 / heads))
    x = ops.add(x, start)
    return x if own is None or in_sequence else ops.add(own, x)


def _numbered(index: int) -> str:
    return f"fully_connected_{index}" if index else "fully_connected"


def _refuse_unbuilt(config: Config, extractor: FasterRcnnExtractor) -> None:
    depth, temperature = (
        config.integer("attention_bottleneck_dimension"),
        config.number("attention_temperature"),
    )
    heads, layers = config.integer("num_attention_heads"), config.integer("num_attention_layers")
    if depth < 1 or not temperature > 0 or heads < 1 or layers < 0 or heads * layers > _MOST_BLOCKS:
        raise UserError(
            f"'{config.path}' asks for {heads} heads and {layers} layers of attention in {depth} dimensions at "
            f"temperature {temperature:g}",
            hint="the defaults are 1 head, 1 layer, 2048 dimensions and 0.01",
        )
    if not (config.flag("use_self_attention") or config.flag("use_long_term_attention")):
        raise UserError(
            f"'{config.path}' switches all attention off",
            hint="set use_long_term_attention or use_self_attention, or remove context_config",
        )
    if extractor.generation == "tf2" and (
        heads > 1
        or layers > 1
        or config.flag("use_self_attention")
        or config.flag("self_attention_in_sequence")
        or not config.flag("use_long_term_attention")
    ):
        raise UserError(
            f"'{config.path}' asks for what TF2 does not build",
            hint="TF2 has one head and one layer of long-term attention, and no self-attention",
        )
