"""Cards: every field, message and enumeration of the schema, and of its past, has one that can be shown."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from cfgtool.errors import UserError
from cfgtool.lint.cards.build import enum_card, field_card, message_card
from cfgtool.lint.cards.card import Card
from cfgtool.lint.cards.markdown import card_markdown
from cfgtool.lint.cards.places import places_of
from cfgtool.lint.cards.spelling import default_of, number
from cfgtool.lint.cards.text import card_text
from cfgtool.lint.cards.words import TRAINING
from cfgtool.lint.explaining import explain
from cfgtool.lint.packs import load_pack
from cfgtool.lint.paint import painter
from cfgtool.lint.rules import load as load_rules
from cfgtool.schema import load, status
from cfgtool.schema.history import removed_fields
from cfgtool.schema.scalars import read_float
from cfgtool.training.run.job import load_job
from tools import make_training_use

SCHEMA = load()
FIELDS = [(name, field) for name, message in SCHEMA.messages.items() for field in message.fields]


def every_card() -> list[Card]:
    cards: list[Card] = [field_card(*place) for place in FIELDS]
    for past in removed_fields():
        message, _, field = past.rpartition(".")
        cards.append(field_card(message, field))
    for name, message in SCHEMA.messages.items():
        cards += [message_card(name), *(message_card(name, oneof) for oneof in message.oneofs)]
    for enum, values in SCHEMA.enums.items():
        cards += [enum_card(enum), *(enum_card(enum, value) for value in values)]
    return cards


CARDS = every_card()


@pytest.mark.parametrize("width", [80, 110])
def test_every_card_fits_the_terminal(width: int) -> None:
    for card in CARDS:
        lines = card_text(card, width, painter(False)).split("\n")
        wide = [line for line in lines if len(line) > width and " " in line.strip()]
        assert wide == [], card.title
        assert [line for line in lines if line != line.rstrip()] == [], card.title


def test_every_card_has_a_meaning_and_can_be_markdown() -> None:
    for card in CARDS:
        assert card.meaning, card.title
        text = card_markdown(card, lambda name: f"#{name}")
        assert text.startswith(f"**`{card.title}`**")
        assert "\n\n\n" not in text
        table = [line for line in text.split("\n") if line.startswith("|")]
        columns = Counter(line.replace("\\|", "").count("|") for line in table)
        assert len(columns) <= 1, card.title


def test_markdown_of_a_field() -> None:
    text = card_markdown(field_card("TrainConfig", "fine_tune_checkpoint_version"))
    assert "- type: `optional CheckpointVersion`\n- default: `V1`\n" in text
    assert "| `V2` | Object-based checkpoint of TF2. |" in text
    assert "- stands at: `train_config.fine_tune_checkpoint_version`" in text
    linked = card_markdown(field_card("Ssd", "loss"), {"Loss": "losses.md#loss", "CFG338": "r.md"}.get)
    assert "optional [`Loss`](losses.md#loss)" in linked
    assert "- [`CFG338`](r.md) score-converter-off-loss: " in linked


def test_defaults_read_back() -> None:
    for name, field in FIELDS:
        type_ = SCHEMA.messages[name].fields[field]
        text = default_of(type_)
        assert (text is None) == (not type_.single or type_.kind == "message"), f"{name}.{field}"
        if type_.kind == "float" and text is not None:
            assert read_float(text) == type_.default, f"{name}.{field}"


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.1, "0.1"), (10000.0, "10000"), (1e-08, "1e-08"), (-2.19, "-2.19"), (0.0, "0"), (float("inf"), "inf")],
)
def test_numbers_are_short(value: float, text: str) -> None:
    assert number(value, single=True) == number(value, single=False) == text


def test_unknown_cards_are_refused() -> None:
    for message, field in (("TrainConfig", "no_such"), ("NoSuch", "batch_size")):
        with pytest.raises(KeyError):
            field_card(message, field)
    with pytest.raises(KeyError):
        enum_card("CheckpointVersion", "V3")


def test_paths_lead_to_the_field() -> None:
    for name, field in FIELDS:
        for path in places_of(name, field).shown:
            for root in ("TrainEvalPipelineConfig", "StringIntLabelMap"):
                message = SCHEMA.messages[root]
                *blocks, last = path.split(".")
                while blocks and blocks[0] in message.fields:
                    message = SCHEMA.messages[message.fields[blocks.pop(0)].type]
                if not blocks and message.name == name and last in message.fields:
                    break
            else:
                pytest.fail(f"{path} does not lead to {name}.{field}")


def test_the_places_of_hyperparameters_are_counted() -> None:
    places = places_of("Hyperparams", "activation")
    assert len(places.shown) + places.more == 14
    assert places_of("TargetAssigner", "matcher").shown == ()


def test_limits_follow_the_rules() -> None:
    iou = field_card("BatchNonMaxSuppression", "iou_threshold").limits
    assert [(limit.text, limit.code, limit.generation) for limit in iou] == [("from 0 to 1", "CFG301", None)]
    heads = field_card("Context", "num_attention_heads").limits
    assert [(limit.text, limit.generation) for limit in heads] == [("at most 1", "TF2")]
    condition = field_card("ConditionalShapeResizer", "condition").limits
    assert [limit.text for limit in condition] == ["not INVALID"]
    assert field_card("TrainConfig", "batch_queue_capacity").limits == ()  # a remark is no limit


def test_rules_of_other_packs_are_on_cards(tmp_path: Path) -> None:
    pack = tmp_path / "house.toml"
    pack.write_text("""
[[rule]]
code = "ACME001"
name = "odd-batch-size"
severity = "error"
since = "1.0"
summary = "Finds batches that our machines do not hold"
message = "'{field}' of {value} is too much"
fields = ["TrainConfig.batch_size"]
when = { above = 64 }
[rule.doc]
why = "Our machines have 8 GiB of memory."
example = "train_config { batch_size: 128 }"
instead = "train_config { batch_size: 64 }"
""")
    catalogue = load_rules().extended([load_pack(str(pack))])
    card = field_card("TrainConfig", "batch_size", catalogue=catalogue)
    assert ("at most 64", "ACME001") in [(limit.text, limit.code) for limit in card.limits]
    assert "ACME001" in [rule.code for rule in card.rules]
    assert "ACME001" in explain("batch_size", catalogue)
    assert "ACME001" not in explain("batch_size")


def test_extractor_types_are_those_of_the_architecture() -> None:
    types = {
        card.field: field_card(card.message, card.field).types for card in CARDS if hasattr(card, "types")
    }
    assert types["type"]
    ssd = {type_.name: type_ for type_ in field_card("SsdFeatureExtractor", "type").types}
    assert ssd["ssd_mobilenet_v2_keras"].trained
    assert not ssd["ssd_spaghettinet"].trained
    assert ssd["ssd_mobilenet_v1"].generation == "tf1"
    faster = [type_.name for type_ in field_card("FasterRcnnFeatureExtractor", "type").types]
    assert faster
    assert all(name.startswith("faster_rcnn_") for name in faster)
    assert {type_.generation for type_ in field_card("CenterNetFeatureExtractor", "type").types} == {"tf2"}


def test_dead_fields_have_rules() -> None:
    """Whatever the TF2 trainer does not read is reported, by its own rule or one about the block around it."""
    for name, field in FIELDS:
        card = field_card(name, field)
        if card.status in ("deprecated", "ignored_tf2") and name not in ("Quantization", "GraphRewriter"):
            assert card.rules, card.title


def test_rules_that_know_removed_fields_are_on_their_cards() -> None:
    for past, code in load_rules().removed.items():
        message, _, field = past.rpartition(".")
        assert [rule.code for rule in field_card(message, field).rules] == [code]


@pytest.mark.reference
def test_status_is_that_of_the_table(shared: Path) -> None:
    rows = json.loads((shared / "facts" / "fields.json").read_text())
    renamed = "color_consistency", "feature_consistency"
    for row in rows:
        assert status.status(row["message"], row["field"].replace(*renamed)) == row["status"], row


def test_statuses_name_fields_of_the_schema() -> None:
    for content in (status._content(), make_training_use.uses()):
        for names in content.values():
            for name in names:
                message, _, field = name.rpartition(".")
                assert field in SCHEMA.messages[message].fields, name


class TestTrainingUse:
    """What `cfgtool train` does with fields is found in its source."""

    def test_the_artefact_is_current(self) -> None:
        assert json.loads(make_training_use.TARGET.read_text()) == make_training_use.uses()

    def test_no_exception_is_idle(self) -> None:
        uses = make_training_use.uses()
        assert set(uses["acts"]) >= make_training_use.READ_AS_THE_REST
        assert set(uses["refused"]) >= make_training_use.REFUSED
        assert set(uses["ignored"]) >= make_training_use.NAMESAKES

    @pytest.mark.parametrize("member", ["experimental_model"])
    def test_other_architectures_are_refused(self, member: str, tmp_path: Path) -> None:
        assert f"DetectionModel.{member}" in make_training_use.uses()["refused"]
        config = tmp_path / "pipeline.config"
        config.write_text(f"model {{ {member} {{ }} }}")
        with pytest.raises(UserError, match=f"'{member}' cannot be trained"):
            load_job(str(config))

    @pytest.mark.parametrize(
        ("name", "use"),
        [
            ("TrainConfig.batch_size", "acts"),
            ("TrainConfig.freeze_variables", "acts"),
            ("TrainConfig.sync_replicas", "ignored"),
            ("TrainConfig.max_number_of_boxes", "ignored"),
            ("InputReader.max_number_of_boxes", "acts"),
            ("InputReader.external_input_reader", "refused"),
            ("InputReader.load_track_id", "acts"),
            ("PreprocessingStep.autoaugment_image", "acts"),
            ("PreprocessingStep.random_crop_image", "acts"),
            ("Regularizer.l2_regularizer", "acts"),
            ("Ssd.mask_head_config", "refused"),
            ("Ssd.MaskHead.mask_height", "unreached"),
            ("CenterNet.num_classes", "acts"),
            ("CenterNet.deepmac_mask_estimation", "refused"),
            ("CenterNet.DeepMACMaskEstimation.dim", "unreached"),
            ("StringIntLabelMapItem.name", "acts"),
        ],
    )
    def test_known_fields(self, name: str, use: str) -> None:
        message, _, field = name.rpartition(".")
        card = field_card(message, field)
        assert card.training == use
        assert card.cfgtool_train == TRAINING[use]
