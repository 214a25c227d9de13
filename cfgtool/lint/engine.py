"""Lint of one document: one walk over the config, looking up the few rules that its fields trigger."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cfgtool.lint import rules as rules_module
from cfgtool.lint.declarative import judge, judge_absent, judge_removed, weakened
from cfgtool.lint.findings import Finding, Fix, order

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cfgtool.lint.context import Context
    from cfgtool.lint.rules import Catalogue
    from cfgtool.schema import Config, Entry, SchemaProblem
    from cfgtool.textproto import Document, Problem

LABEL_MAP = "StringIntLabelMap"
PIPELINE = "TrainEvalPipelineConfig"
STRUCTURAL = frozenset(
    {"extra-closing-brace", "mismatched-delimiter", "missing-name", "missing-opening-brace", "unclosed-block"}
)
"""Problems that leave it open which message a field is in: what looks absent may be elsewhere."""
CHECKS = "cfgtool.lint.checks"


class Settings:
    """How to lint: the generation ("auto", "tf1", "tf2"), the codes that are on (None: all), the rules."""

    __slots__ = ("catalogue", "codes", "target")

    def __init__(
        self,
        target: str = "auto",
        codes: frozenset[str] | None = None,
        catalogue: Catalogue | None = None,
    ) -> None:
        self.target = target
        self.codes = codes
        self.catalogue = catalogue or rules_module.load()


class Report:
    """What lint found in one document.

    `generation` is the one that the config was judged as, `reason` says why; `notes` says which checks
    could not run because a file they need is not there.
    """

    __slots__ = ("document", "findings", "generation", "notes", "path", "reason")

    def __init__(
        self,
        document: Document,
        path: str | None,
        findings: list[Finding],
        generation: str,
        reason: str,
        notes: list[str],
    ) -> None:
        self.document = document
        self.path = path
        self.findings = findings
        self.generation = generation
        self.reason = reason
        self.notes = notes


def lint_document(
    document: Document, path: str | None = None, settings: Settings | None = None
) -> list[Finding]:
    """The findings in `document`, sorted by place. File names in it are relative to `path` too."""
    return analyse(document, path, settings).findings


def analyse(document: Document, path: str | None = None, settings: Settings | None = None) -> Report:
    """`lint_document` with all that is worth telling besides the findings."""
    from cfgtool.lint.context import Context
    from cfgtool.schema import read_config

    settings = settings or Settings()
    catalogue = settings.catalogue
    root = root_of(document)
    config = read_config(document, root)
    generation, reason = _generation(config, settings.target)
    context = Context(config, document, path, generation)
    whole = _as_a_whole(document, catalogue)
    if whole is not None:
        findings = [whole]
    else:
        findings = [*_problem_findings(document, config, catalogue), *_rule_findings(context, settings)]
    if document.problems and ("<<<<<<<" in document.text or ">>>>>>>" in document.text):
        findings = _without_conflicts(findings, document, catalogue)
    if settings.codes is not None:
        findings = [finding for finding in findings if finding.code in settings.codes]
    from cfgtool.lint.suppression import suppress

    findings = sorted(suppress(findings, document, catalogue), key=order)
    return Report(document, path, findings, generation, reason, context.notes)


def root_of(document: Document) -> str:
    """The message that a text is of: a label map if it holds items and no field of a pipeline, else a
    pipeline.
    """
    names = {field.name for field in document.root.fields}
    if "item" not in names:
        return PIPELINE
    from cfgtool.schema import load

    return PIPELINE if names & load().root.fields.keys() else LABEL_MAP


def _generation(config: Config, target: str) -> tuple[str, str]:
    if target != "auto":
        return target, "asked for"
    if config.type.name != PIPELINE:
        return "tf2", "a label map serves both"
    from cfgtool.lint.generation import detect_generation

    return detect_generation(config)


def _problem_findings(document: Document, config: Config, catalogue: Catalogue) -> Iterator[Finding]:
    """What the text and schema layers complained of, as findings."""
    told = set()
    for syntax in document.problems:
        told.add((syntax.start, syntax.end))
        yield _problem_finding(syntax, document, catalogue)
    for problem in config.problems:
        if (problem.start, problem.end) in told:
            continue  # a text that cannot be read is of no type either
        if problem.code == "unknown-field":
            if problem.path.endswith(".") or not problem.path:
                continue  # a block without a name has its syntax problem already
            removed = _removed_finding(problem, document, config, catalogue)
            if removed is not None:
                yield removed
                continue
        yield _problem_finding(problem, document, catalogue, problem.path)


def _as_a_whole(document: Document, catalogue: Catalogue) -> Finding | None:
    """The one finding of a text that is empty, or no config at all."""
    if not document.text.strip(" \t\r\n\ufeff"):
        rule = catalogue.rule(catalogue.problems["empty-file"])
        return rule.at(0, 0, "file is empty; a config begins with 'model { ... }'")
    if document.problems or not document.root.fields:
        from cfgtool.lint.foreign import foreign_text

        return foreign_text(document, catalogue.rule(catalogue.problems["foreign-text"]))
    return None


def _without_conflicts(findings: list[Finding], document: Document, catalogue: Catalogue) -> list[Finding]:
    """`findings` with one for each mark of a merge conflict in the place of all that such a line causes."""
    from cfgtool.lint.foreign import conflict_marks

    rule = catalogue.rule(catalogue.problems["merge-conflict"])
    marks = list(conflict_marks(document, rule))
    lines = {document.position(mark.start)[0] for mark in marks}
    return [finding for finding in findings if document.position(finding.start)[0] not in lines] + marks


def _problem_finding(
    problem: Problem | SchemaProblem, document: Document, catalogue: Catalogue, path: str = ""
) -> Finding:
    rule = catalogue.rule(catalogue.problems[problem.code])
    fix = None
    if problem.fix is not None:
        title, edits = problem.fix
        applicability = rule.fix or "display"
        if not getattr(problem, "fix_safe", True):
            applicability = "unsafe"
        fix = Fix(title, weakened(document, applicability, edits), tuple(edits))
    finding = rule.at(problem.start, problem.end, problem.message, path=path, fix=fix)
    finding.related = getattr(problem, "related", None)
    return finding


def _removed_finding(
    problem: SchemaProblem, document: Document, config: Config, catalogue: Catalogue
) -> Finding | None:
    """The finding of the rule that knows an unknown field from older schemas."""
    parent, _, name = problem.path.rpartition(".")
    if name not in {key.rpartition(".")[2] for key in catalogue.removed}:
        return None
    owner = config.find(parent)
    code = catalogue.removed.get(f"{owner.type.name}.{name}")
    fields = owner.block.fields if owner.block else ()
    field = next((field for field in fields if field.start == problem.start), None)
    if code is None or field is None:
        return None
    return judge_removed(catalogue.rule(code), catalogue.records[code], document, field, owner)


def _rule_findings(context: Context, settings: Settings) -> Iterator[Finding]:
    """Walk the config once; a rule is looked at only where a field or message that triggers it is present."""
    catalogue = settings.catalogue
    triggers, records = catalogue.triggers, catalogue.records
    broken = any(problem.code in STRUCTURAL for problem in context.document.problems)
    checks: dict[tuple[str, int], Config] = {}
    reported: dict[str, int] = {}
    for config, entry, hit in _triggered(context.config, triggers):
        for code in hit:
            record = records[code]
            if context.generation not in record["generations"]:
                continue
            if "module" in record:
                checks.setdefault((code, id(config)), config)
            elif entry is None:
                if not broken and (finding := judge_absent(catalogue.rule(code), record, config)):
                    yield finding
            elif record["when"] or reported.get(code) != entry.field.start:
                # A rule about presence speaks once of a field, however many elements its list has.
                reported[code] = entry.field.start
                if finding := judge(catalogue.rule(code), record, context.document, entry):
                    yield finding
    if not broken:
        for (code, _), config in checks.items():
            if settings.codes is None or code in settings.codes:
                yield from _check(records[code]["module"], context, config)


def _triggered(
    root: Config, triggers: dict[str, dict[str, list[str]]]
) -> Iterator[tuple[Config, Entry | None, list[str]]]:
    """(config, entry, codes) of the fields that trigger rules, and (config, None, codes) of the messages."""
    whole = triggers.get(root.type.name, {}).get("")
    if whole:
        yield root, None, whole
    seen = set()
    here: dict[str, list[str]] | None = None
    last: Config | None = None
    for config, entry in root.walk():
        if config is not last:
            last, here = config, triggers.get(config.type.name)
        type_ = entry.type
        if here is not None and type_.name in here:
            yield config, entry, here[type_.name]
        if type_.kind != "message" or type_.type not in triggers:
            continue
        whole = triggers[type_.type].get("")
        # Blocks that are merged share one config.
        if whole and entry.value is not None and id(entry.value) not in seen:
            seen.add(id(entry.value))
            yield entry.value, None, whole


def _check(module: str, context: Context, config: Config) -> Iterator[Finding]:
    import importlib

    return importlib.import_module(f"{CHECKS}.{module}").check(context, config)  # type: ignore[no-any-return]
