"""Metrics per category that are asked for and do not come.

## Why it is bad

`all_metrics_per_category` adds to `include_metrics_per_category` and means nothing without it. In TF2, both,
and `super_categories` and `skip_predictions_for_unlabeled_class`, are read only where `metrics_set` names a
set, although COCO metrics are computed without one.

## Example

    eval_config {
      metrics_set: "coco_detection_metrics"
      all_metrics_per_category: true
    }

## Use instead

    eval_config {
      metrics_set: "coco_detection_metrics"
      include_metrics_per_category: true
      all_metrics_per_category: true
    }

## Fix safety

Safe where it names the set that is computed anyway. Unsafe where it turns metrics on: more is computed than before,
and some versions of pycocotools fail at it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cfgtool.lint.rules import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cfgtool.lint.context import Context
    from cfgtool.lint.findings import Finding
    from cfgtool.schema import Config

RULE = Rule(
    code="CFG713",
    name="unasked-category-metrics",
    severity="warning",
    summary="Finds settings of metrics per category that nothing turns on",
    on=(
        "EvalConfig.all_metrics_per_category",
        "EvalConfig.include_metrics_per_category",
        "EvalConfig.skip_predictions_for_unlabeled_class",
        "EvalConfig.super_categories",
    ),
    fix="unsafe",
)


def check(context: Context, config: Config) -> Iterator[Finding]:
    """Look for the switch that has to be on, and for a set of metrics."""
    every, include = config.entry("all_metrics_per_category"), config.entry("include_metrics_per_category")
    if every is not None and every.value and not config.flag("include_metrics_per_category"):
        line = "include_metrics_per_category: true"
        fix = context.insert_fix(config, line, "unsafe", before=every)
        if include is not None:
            fix = context.fix("write true", "unsafe", [context.replace(include, "true")])
        yield RULE.finding(every, f"'all_metrics_per_category' means nothing without '{line}'", fix=fix)
    others = (config.entry("super_categories"), config.entry("skip_predictions_for_unlabeled_class"))
    wants = next((e for e in (include, every, *others) if e is not None and e.value), None)
    if context.generation == "tf2" and wants is not None and not config.has("metrics_set"):
        line = 'metrics_set: "coco_detection_metrics"'
        fix = context.insert_fix(config, line, "safe", before=wants)
        yield RULE.finding(
            wants,
            f"the OD API ignores '{wants.type.name}' where 'metrics_set' is empty; write '{line}'",
            fix=fix,
        )
