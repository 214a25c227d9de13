"""Lint of one document: one walk over the config, looking up the few rules that its fields trigger."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cfgtool.lint import rules as rules_module
from cfgtool.lint.declarative import holds, judge, judge_absent, judge_removed, weakened
from cfgtool.lint.findings import Finding, Fix, order
from cfgtool.schema.model import (
    LABEL_MAP as LABEL_MAP,  # these three are offered here too, for those who lint
)
from cfgtool.schema.model import PIPELINE as PIPELINE
from cfgtool.schema.model import root_of as root_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cfgtool.data.reading import Progress
    from cfgtool.lint.baseline import Baseline
    from cfgtool.lint.context import Context
    from cfgtool.lint.rules import Catalogue
    from cfgtool.schema import Config, Entry, SchemaProblem
    from cfgtool.textproto import Document, Problem

STRUCTURAL = frozenset(
    {"extra-closing-brace", "mismatched-delimiter", "missing-name", "missing-opening-brace", "unclosed-block"}
)
"""Problems that leave it open which message a field is in: what looks absent may be elsewhere."""
NEIGHBOURS = frozenset({"beside", "with", "without"})
"""Conditions of a rule about other fields than the one that triggers it."""
CHECKS = "cfgtool.lint.checks"
MARK = "cfgtool:"
"""What a text holds that silences rules."""


class Settings:
    """How to lint.

    `target` is the generation ("auto", "tf1", "tf2"), `codes` the rules that are on (None: all), `severities`
    says what a rule's findings count as in place of its own severity, `remaps` are (prefix of a file name in
    a config, what stands for it here), the longest prefix first, `baseline` holds the findings that are known
    and not reported, `fail_on` is the least severity that fails a run ("never": none does). With `all_records`
    every record is read instead of a sample, and `progress` is told how far that is; with `remote` files
    whose names have a scheme are looked at.
    """

    __slots__ = (
        "all_records",
        "baseline",
        "catalogue",
        "codes",
        "fail_on",
        "progress",
        "remaps",
        "remote",
        "severities",
        "target",
    )

    def __init__(
        self,
        target: str = "auto",
        codes: frozenset[str] | None = None,
        catalogue: Catalogue | None = None,
        *,
        severities: dict[str, str] | None = None,
        remaps: tuple[tuple[str, str], ...] = (),
        baseline: Baseline | None = None,
        fail_on: str = "warning",
    ) -> None:
        self.target = target
        self.codes = codes
        self.catalogue = catalogue or rules_module.load()
        self.severities = severities or {}
        self.remaps = remaps
        self.baseline = baseline
        self.fail_on = fail_on
        self.all_records = False
        self.remote = False
        self.progress: Progress | None = None

    def replaced(self, *, target: str | None = None, codes: frozenset[str] | None) -> Settings:
        """These settings for other codes, and for another target if one is given."""
        settings = Settings(
            target or self.target,
            codes,
            self.catalogue,
            severities=self.severities,
            remaps=self.remaps,
            baseline=self.baseline,
            fail_on=self.fail_on,
        )
        settings.all_records, settings.progress, settings.remote = (
            self.all_records,
            self.progress,
            self.remote,
        )
        return settings

    def on(self, code: str) -> bool:
        """True if the rule is on."""
        return self.codes is None or code in self.codes


class Report:
    """What lint found in one document.

    `generation` is the one that the config was judged as, `reason` says why; `notes` says which checks
    could not run because a file they need is not there, and what is stale in the baseline.
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

    def detached(self) -> Report:
        """This report without the tree of its document, which is large and which printing does not need."""
        from cfgtool.textproto.tree import Block, Document, Lines

        text = self.document.text
        bare = Document(text, Block(0, 0), [], Lines(text))
        return Report(bare, self.path, self.findings, self.generation, self.reason, self.notes)


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
    context = Context(config, document, path, generation, settings.remaps)
    context.all_records, context.progress = settings.all_records, settings.progress
    context.remote = settings.remote
    whole = _as_a_whole(document, catalogue)
    if whole is not None:
        findings = [whole]
    else:
        findings = [*_problem_findings(document, config, catalogue), *_rule_findings(context, settings)]
    if document.problems and ("<<<<<<<" in document.text or ">>>>>>>" in document.text):
        findings = _without_conflicts(findings, document, catalogue)
    if settings.codes is not None:
        findings = [finding for finding in findings if finding.code in settings.codes]
    if MARK in document.text or settings.severities or settings.baseline is not None:
        from cfgtool.lint.settling import settle

        findings = settle(findings, context, settings, whole is not None)
    findings.sort(key=order)
    return Report(document, path, findings, generation, reason, [*document.notes, *context.notes])


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
    records = catalogue.records
    triggers = catalogue.triggers
    # Most configs are linted away from their data: the checks that read it are not even looked at then.
    needing = catalogue.needing_records()
    asked = settings.codes is None or not needing.isdisjoint(settings.codes)
    if not (asked and context.has_records()):
        triggers = catalogue.away_from_records()
        context.unjudged |= needing if context.lacking else frozenset()
    broken = any(problem.code in STRUCTURAL for problem in context.document.problems)
    checks: dict[tuple[str, int], Config] = {}
    reported: dict[str, int] = {}
    for config, entry, hit in _triggered(context.config, triggers):
        for code in hit:
            record = records[code]
            if context.generation not in record["generations"]:
                continue
            if "module" in record:
                if entry is None or not record["when"] or holds(record["when"], entry):
                    checks.setdefault((code, id(config)), config)
            elif broken and not NEIGHBOURS.isdisjoint(record["when"]):
                continue
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
            if settings.on(code):
                yield from _check(code, records[code], context, config)


def _triggered(
    root: Config, triggers: dict[str, dict[str, list[str]]]
) -> Iterator[tuple[Config, Entry | None, list[str]]]:
    """(config, entry, codes) of the fields that trigger rules, and (config, None, codes) of the messages."""
    for config in root.descendants():
        here = triggers.get(config.type.name)
        if here is None:
            continue
        if "" in here:
            yield config, None, here[""]
        for name in config.names():
            if name in here:
                for entry in config.entries(name):
                    yield config, entry, here[name]


_CHECKS: dict[str, Callable[[Context, Config], Iterator[Finding]]] = {}
"""Module -> its check, once imported: the import system is too slow to be asked for every message."""


def _check(code: str, record: dict[str, Any], context: Context, config: Config) -> Iterator[Finding]:
    """The findings of a Python check, ours or a plugin's."""
    context.lacking = False
    if "plugin" in record:
        from cfgtool.lint.plugins import run_check

        yield from run_check(code, record, context, config)
    else:
        yield from _check_of(record["module"])(context, config)
    if context.lacking:
        context.unjudged.add(code)


def _check_of(module: str) -> Callable[[Context, Config], Iterator[Finding]]:
    check = _CHECKS.get(module)
    if check is None:
        import importlib

        check = _CHECKS[module] = importlib.import_module(f"{CHECKS}.{module}").check
    return check
