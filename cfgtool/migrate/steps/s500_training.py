"""Table E, training and evaluation: switches of the TF1 trainers that TF2 does not have."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cfgtool.migrate.model import ASK, UNSAFE, Step
from cfgtool.migrate.rewriting import added, blocks_of, change, note, removed, set_to
from cfgtool.textproto import parse_float

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cfgtool.migrate.draft import Draft, Place
    from cfgtool.migrate.model import Change

_MOVING_AVERAGE = "train_config.optimizer.use_moving_average"


def _is_zero(draft: Draft, place: Place) -> bool:
    try:
        return parse_float(draft.text(place)) == 0
    except ValueError:
        return False


def _freezing(draft: Draft) -> Iterator[Change]:
    for place in draft.find("train_config.freeze_variables", "train_config.update_trainable_variables"):
        message = (
            "the stock TF2 trainer ignores it; `cfgtool train` does not, but the pattern was written for"
            " Slim's variable"
            " names and must be written anew for those of TF2 (`cfgtool variables` lists them)"
        )
        yield note(draft, place, message)


def _bias_gradient_off(draft: Draft) -> Iterator[Change]:
    for place in draft.find("train_config.bias_grad_multiplier"):
        if _is_zero(draft, place):
            yield change("0 is off, and only the Slim trainer reads it", removed(draft, place))


def _bias_gradient(draft: Draft) -> Iterator[Change]:
    for place in draft.find("train_config.bias_grad_multiplier"):
        if not _is_zero(draft, place):
            yield change(
                "only the Slim trainer multiplies the gradients of biases", removed(draft, place), exact=False
            )


def _rewriter(draft: Draft) -> Iterator[Change]:
    for place in draft.find("graph_rewriter"):
        # Extensions cannot be read without their schema, and are never dropped.
        if all(child.field.kind == "plain" for child in draft.inside(place)):
            message = (
                "TF2 does not rewrite the graph: training that knows of quantisation is lost; quantise with"
                " TFLite after"
                " training instead"
            )
            yield change(message, removed(draft, place), exact=False)


def _unknown_rewriter(draft: Draft) -> Iterator[Change]:
    for place in draft.find("graph_rewriter"):
        if any(child.field.kind != "plain" for child in draft.inside(place)):
            yield note(
                draft, place, "TF2 does not rewrite the graph; what the extensions ask for is not known here"
            )


def _endless(draft: Draft) -> Iterator[Change]:
    # A file without train_config describes a model only.
    if blocks_of(draft, "train_config") and draft.config.find("train_config").integer("num_steps") == 0:
        place = (draft.find("train_config.num_steps") or draft.find("train_config"))[-1]
        yield note(draft, place, "num_steps 0 trained for ever; the TF2 trainer needs a positive number")


def _rms_decay(draft: Draft) -> Iterator[Change]:
    for place in draft.named("Optimizer", "rms_prop_optimizer"):
        message = (
            "the stock TF2 trainer takes decay for a decay of the rate over time, and averages with 0.9"
            " whatever it says;"
            " `cfgtool train` averages with it as TF1 did"
        )
        yield note(draft, place, message)


def _training_average(draft: Draft) -> Iterator[Change]:
    blocks = blocks_of(draft, "train_config.optimizer")
    # Unset is true: the default of the schema asks for averages.
    if not blocks or not draft.config.find("train_config.optimizer").flag("use_moving_average"):
        return
    places = draft.find(_MOVING_AVERAGE)
    part = (
        set_to(draft, places[-1], "false") if places else added(draft, blocks[-1], _MOVING_AVERAGE, "false")
    )
    message = (
        "the stock TF2 trainer can neither evaluate nor export averaged weights, which is the default;"
        " without them"
        " the quality may change"
    )
    yield change(message, part, exact=False)


def _evaluation_average(averaged: bool) -> Callable[[Draft], Iterator[Change]]:
    def run(draft: Draft) -> Iterator[Change]:
        if draft.config.find("train_config.optimizer").flag("use_moving_average") is not averaged:
            return
        for place in draft.find("eval_config.use_moving_averages"):
            if draft.is_true(place):
                message = "the TF2 evaluator stops with an error" + (
                    "; averaged weights are lost to evaluation"
                    if averaged
                    else ", as there are no averages to evaluate"
                )
                yield change(message, set_to(draft, place, "false"), exact=not averaged)

    return run


def _original_images(draft: Draft) -> Iterator[Change]:
    for place in draft.find("eval_config.retain_original_images"):
        if draft.is_false(place):
            message = (
                "the TF2 evaluator fails without the original images; it takes more memory, metrics are the"
                " same"
            )
            yield change(message, set_to(draft, place, "true"), exact=False)


def _bfloat16(draft: Draft) -> Iterator[Change]:
    for place in draft.find("train_config.use_bfloat16"):
        if draft.is_true(place):
            message = "works on TPUs only; elsewhere the stock trainer forces it off, and nothing is lost"
            yield change(message, set_to(draft, place, "false"), exact=False)


STEPS = [
    Step(500, "E1", "frozen variables", "stock TF2 ignores them silently", _freezing, ASK),
    Step(501, "E2", "bias_grad_multiplier: 0", "TF2 ignores it", _bias_gradient_off),
    Step(502, "E2", "bias_grad_multiplier", "TF2 ignores it silently", _bias_gradient, UNSAFE),
    Step(503, "E4", "graph_rewriter", "TF2 ignores it silently", _rewriter, UNSAFE),
    Step(504, "E4", "graph_rewriter with extensions", "TF2 ignores it silently", _unknown_rewriter, ASK),
    Step(505, "E10", "training without an end", "the TF2 trainer stops with an error", _endless, ASK),
    Step(506, "E11", "RMSProp", "TF2 reads its decay as something else", _rms_decay, ASK),
    Step(
        507,
        "E12",
        "averaged weights in training",
        "TF2 keeps them and cannot use them",
        _training_average,
        UNSAFE,
    ),
    Step(
        508,
        "E13",
        "averaged weights in evaluation, none in training",
        "the TF2 evaluator stops with an error",
        _evaluation_average(False),
    ),
    Step(
        509,
        "E13",
        "averaged weights in evaluation",
        "the TF2 evaluator stops with an error",
        _evaluation_average(True),
        UNSAFE,
        turning=True,
    ),
    Step(
        510, "E15", "retain_original_images: false", "the TF2 evaluator stops with an error", _original_images
    ),
    Step(511, "E17", "use_bfloat16: true", "it acts on TPUs only", _bfloat16, UNSAFE),
]
