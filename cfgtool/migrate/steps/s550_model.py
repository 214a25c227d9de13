"""Table E, the model: parts that TF2 does not build, or builds otherwise."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cfgtool.migrate.model import UNSAFE, Effect, Step
from cfgtool.migrate.rewriting import Part, added_below, change, removed, set_to
from cfgtool.migrate.steps.s100_removed import freeze
from cfgtool.textproto import Block, Edit
from cfgtool.textproto.edits import insert_field

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cfgtool.migrate.draft import Draft, Place
    from cfgtool.migrate.model import Change

_FORCE = "force_match_for_each_row: true"
_CONVERTER = "model.ssd.post_processing.score_converter"

_CONTEXT = {
    "use_self_attention": ("true",),
    "self_attention_in_sequence": ("true",),
    "use_long_term_attention": ("false",),
    "num_attention_heads": (),
    "num_attention_layers": (),
}
"""Field of Context -> the values that TF2 refuses; none listed: all but 1."""


def _bipartite(draft: Draft) -> Iterator[Change]:
    for place in draft.named("Matcher", "bipartite_matcher"):
        fields = place.block.fields
        later = [field.name for field in fields[fields.index(place.field) + 1 :]]
        if place.name in later or any(field.name == "argmax_matcher" for field in fields):
            message = "TF2 has no bipartite matching, and there is another matcher beside it"
            yield change(message, removed(draft, place), exact=False)
        elif isinstance(place.node, Block):
            message = "TF2 has no bipartite matching; argmax with a forced match for each row comes nearest"
            yield change(message, _argmax(draft, place, place.node), exact=False)


def _argmax(draft: Draft, place: Place, block: Block) -> Part:
    """Parts that turn a bipartite matcher into an argmax matcher; both know use_matmul_gather."""
    path = place.path.removesuffix(place.name) + "argmax_matcher"
    inner = [draft.document.text[field.start : field.end] for field in block.fields]
    edits = (
        Edit(place.field.name_start, place.field.name_end, "argmax_matcher"),
        insert_field(draft.document, block, _FORCE),
    )
    new = "{ " + " ".join([*inner, _FORCE]) + " }"
    start = place.field.start
    return edits, (Effect(place.path, start, draft.text(place), None), Effect(path, start, None, new))


def _context(draft: Draft) -> Iterator[Change]:
    for name, refused in _CONTEXT.items():
        for place in draft.named("Context", name):
            text = draft.text(place)
            wrong = any((draft.is_true if word == "true" else draft.is_false)(place) for word in refused)
            if wrong or (not refused and text != "1"):
                message = f"TF2 builds Context R-CNN without {name}: {text}, and stops with an error"
                yield change(message, removed(draft, place), exact=False)


def _no_sigmoid(draft: Draft) -> Iterator[Change]:
    for place in draft.named("ConvolutionalBoxPredictor", "apply_sigmoid_to_scores"):
        if draft.is_false(place):
            yield change("only Slim heads read it", removed(draft, place))


def _sigmoid(draft: Draft) -> Iterator[Change]:
    for place in draft.named("ConvolutionalBoxPredictor", "apply_sigmoid_to_scores"):
        if draft.is_true(place):
            message = "only Slim heads read it; in TF2 score_converter alone turns logits into scores"
            yield change(message, removed(draft, place), *_convert_scores(draft, place), exact=False)


def _convert_scores(draft: Draft, place: Place) -> list[Part]:
    """Parts that make an SSD's score converter SIGMOID where it is IDENTITY, the default."""
    # Faster R-CNN's second stage has no such flag in its score conversion.
    if not place.plain.startswith("model.ssd.box_predictor."):
        return []
    if draft.config.find("model.ssd.post_processing").enum("score_converter") != "IDENTITY":
        return []
    places = draft.find(_CONVERTER)
    if places:
        return [set_to(draft, places[-1], "SIGMOID")]
    return [added_below(draft, "model.ssd", "post_processing", "score_converter", "SIGMOID")]


def _frozen_statistics(draft: Draft) -> Iterator[Change]:
    for place in draft.named("BatchNorm", "train"):
        if draft.is_false(place) and place.plain.startswith("model.ssd."):
            message = (
                "Keras layers do not read it; freeze_batchnorm is the nearest, and freezes every batch norm"
                " of extractor"
                " and head"
            )
            yield change(message, removed(draft, place), *freeze(draft), exact=False)


STEPS = [
    Step(550, "E5", "bipartite_matcher", "the TF2 builder refuses it", _bipartite, UNSAFE),
    Step(551, "E6", "attention of Context R-CNN", "the TF2 builder refuses it", _context, UNSAFE),
    Step(552, "E7", "apply_sigmoid_to_scores: false", "TF2 ignores it", _no_sigmoid),
    Step(553, "E7", "apply_sigmoid_to_scores: true", "TF2 ignores it silently", _sigmoid, UNSAFE),
    Step(554, "E9", "batch norm with train: false", "TF2 ignores it silently", _frozen_statistics, UNSAFE),
]
