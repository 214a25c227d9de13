"""JUnit XML: a test suite per file, a test case per finding, and one that passes for a file without any."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree

from cfgtool.lint.findings import serious
from cfgtool.lint.reporters.places import shown, xml_text

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

    from cfgtool.errors import UserError
    from cfgtool.lint.engine import Report
    from cfgtool.lint.findings import Finding
    from cfgtool.lint.reporters import Results


def render(results: Results) -> str:
    """The document. Errors and warnings are failures, remarks pass; a file that could not be judged is an error."""
    root = ElementTree.Element("testsuites", name="cfgtool")
    for report in results.reports:
        suite = ElementTree.SubElement(root, "testsuite", name=xml_text(shown(report.path)))
        for finding in report.findings:
            _add_case(suite, report, finding)
        if not report.findings:
            _case(suite, report.path, "nothing to report")
    for error in results.errors:
        suite = ElementTree.SubElement(
            root, "testsuite", name=xml_text(shown(error.path) if error.path else "cfgtool")
        )
        _add_error(suite, error)
    for each in (root, *root):
        for name, tag in (("tests", "testcase"), ("failures", "failure"), ("errors", "error")):
            each.set(name, str(sum(1 for _ in each.iter(tag))))
        each.set("skipped", "0")
        each.set("time", "0")
    ElementTree.indent(root)
    # Plain ASCII, the rest as character references: right whatever encoding the output has.
    body = ElementTree.tostring(root, encoding="us-ascii", xml_declaration=False).decode("ascii")
    return f'<?xml version="1.0" encoding="utf-8"?>\n{body}\n'


def _add_case(suite: Element, report: Report, finding: Finding) -> None:
    line, column = report.document.position(finding.start)
    case = _case(suite, report.path, f"{finding.code} {finding.name} at {line}:{column}", line)
    text = xml_text(f"{shown(report.path)}:{line}:{column}: {finding.code} {finding.message}")
    if serious(finding):
        failure = ElementTree.SubElement(
            case, "failure", message=xml_text(finding.message), type=finding.severity
        )
        failure.text = text
    else:
        ElementTree.SubElement(case, "system-out").text = text


def _add_error(suite: Element, error: UserError) -> None:
    case = _case(suite, error.path, "cannot be judged", error.line)
    found = ElementTree.SubElement(case, "error", message=xml_text(error.message), type="UserError")
    found.text = xml_text(str(error))


def _case(suite: Element, path: str | None, name: str, line: int | None = None) -> Element:
    """A test case; viewers group by the class name, and take a dot for the border of a package."""
    file = shown(path) if path else "cfgtool"
    case = ElementTree.SubElement(suite, "testcase", name=name, time="0")
    case.set("classname", xml_text(file.removesuffix(".config").replace(".", "_").replace("/", ".")))
    if path:
        case.set("file", xml_text(file))
    if line is not None:
        case.set("line", str(line))
    return case
