"""JUnit XML, for CI systems that know nothing else: one suite per rule, one test per finding.

A rule without findings is one test that passes. What is waived or not known is skipped; what does not fail the check
passes and says why in its output.
"""

from __future__ import annotations

from xml.etree import ElementTree

from kube.printable import printable
from policies.evaluate import Verdict
from policies.reports.report import Report, Status, place_of, sentence_of, title_of
from policies.rule import Rule


def render(report: Report) -> str:
    """The report as XML."""
    by_rule: dict[str, list[Verdict]] = {rule.id: [] for rule in report.rules}
    for verdict in report.verdicts:
        by_rule[verdict.rule.id].append(verdict)
    root = ElementTree.Element("testsuites", {"name": "slipway policy"})
    for rule in report.rules:
        root.append(_suite(report, rule, by_rule[rule.id]))
    _count(root, list(root.iter("testcase")))
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _suite(report: Report, rule: Rule, verdicts: list[Verdict]) -> ElementTree.Element:
    suite = ElementTree.Element("testsuite", {"name": rule.id})
    for verdict in verdicts:
        suite.append(_case(report, verdict))
    if not verdicts:
        ElementTree.SubElement(suite, "testcase", {"name": "all objects", "classname": rule.id, "time": "0"})
    _count(suite, list(suite))
    return suite


def _case(report: Report, verdict: Verdict) -> ElementTree.Element:
    place = place_of(verdict)
    name = f"{title_of(verdict)} {verdict.path}".strip()
    where = {"file": place.file} if place.file else {}
    where |= {"line": str(place.line)} if place.line else {}
    attributes = {"name": name, "classname": verdict.rule.id, "time": "0", **where}
    case = ElementTree.Element("testcase", {key: printable(value) for key, value in attributes.items()})
    message = sentence_of(verdict)
    if report.fails(verdict):
        failure = ElementTree.SubElement(case, "failure", {"message": message, "type": verdict.level.value})
        failure.text = f"{verdict.rule.why}\nSource: {verdict.rule.source}"
    elif report.status(verdict) is Status.VIOLATION:
        ElementTree.SubElement(case, "system-out").text = f"{verdict.level.value}: {message}"
    else:
        ElementTree.SubElement(case, "skipped", {"message": f"{report.status(verdict).value}: {message}"})
    return case


def _count(element: ElementTree.Element, cases: list[ElementTree.Element]) -> None:
    element.set("tests", str(len(cases)))
    element.set("failures", str(sum(case.find("failure") is not None for case in cases)))
    element.set("errors", "0")
    element.set("skipped", str(sum(case.find("skipped") is not None for case in cases)))
    element.set("time", "0")
