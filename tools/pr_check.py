"""What a pull request is told of one stack: preview, policies and cost, as files and as one comment.

    .slipway/pr-check/<stack>/  preview.json  policies.sarif  cost.json  infracost.json  cost.html  comment.md

The same run here and on a build machine; `pr_comment.py` alone knows GitHub. It fails where a mandatory rule is broken,
where a budget is exceeded, and where the preview failed or can't be read; a comment is written whatever happens.
"""

from __future__ import annotations

import datetime
import io
import subprocess
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from infra import whole_file
from infra.cost import assess, inputs
from infra.cost.report import Gate
from infra.cost.reports import html, infracost, json_report, markdown
from infra.errors import SlipwayError
from kube.errors import SourceError
from policies import checking
from policies.checking import Options
from policies.errors import PolicyError
from policies.evaluate import Verdict
from policies.reports import sarif
from policies.reports.report import Report as PolicyReport
from policies.reports.report import Status, sentence_of, title_of
from policies.rules import RULES
from policies.settings import Level
from tools import pulumi
from tools.errors import CommandFailed, ToolError
from tools.preview import exists, settings_file, throw_away
from tools.progress import Progress
from tools.pulumi import LOCAL, Pulumi
from tools.settings import ROOT, Settings

MAX_SHOWN = 25
"""Violations in the comment; the SARIF file has all."""
STREAMING = "PULUMI_ENABLE_STREAMING_JSON_PREVIEW"


def run(settings: Settings, stack: str, folder: Path, progress: Progress, now: datetime.datetime) -> bool:
    """Whether the stack passes. Everything is in the folder afterwards."""
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with progress.step(f"preview of {stack}"):
            text = _preview(settings, stack, progress)
        whole_file.write(folder / "preview.json", text)
        return _judge(stack, folder, now)
    except (SlipwayError, PolicyError, SourceError, ToolError) as error:
        comment = f"{markdown.marker(stack)}\n## ❌ Stack {markdown.code(stack)}\n\n{markdown.sentence(str(error))}\n"
        whole_file.write(folder / "comment.md", comment)
        raise ToolError(str(error)) from None


def folder_of(settings: Settings, stack: str) -> Path:
    """Where the files of a stack go."""
    return settings.clone_dir / "pr-check" / stack


def _judge(stack: str, folder: Path, now: datetime.datetime) -> bool:
    preview = str(folder / "preview.json")
    cost = assess.assess(stack, inputs.read(preview, io.BytesIO()), inputs.settings_of(stack, ROOT), now.date())
    rules = checking.check([preview], io.BytesIO(), Options(rules=RULES, today=now.date(), stack=stack))
    texts = {
        "policies.sarif": sarif.render(rules),
        "cost.json": json_report.render(cost),
        "infracost.json": infracost.render(cost, now),
        "cost.html": html.render(cost),
        "comment.md": markdown.render(cost, more=policies_section(rules)),
    }
    for name, text in texts.items():
        whole_file.write(folder / name, text)
    is_whole = all(check.gate in (Gate.PASS, Gate.WARNING) for check in cost.checks)
    return is_whole and not rules.is_failed and cost.gate is not Gate.EXCEEDED


def policies_section(report: PolicyReport) -> str:
    """What the rules say, as a part of the comment: what blocks one by one, advice by rule."""
    violations = [each for each in report.verdicts if report.status(each) is Status.VIOLATION]
    mandatory = [each for each in violations if each.level is Level.MANDATORY]
    sign = "❌" if report.is_failed else "✅"
    head = f"### {sign} Policies: {len(mandatory)} mandatory, {len(violations) - len(mandatory)} advisory"
    unknown, waived = report.count(Status.UNKNOWN), report.count(Status.WAIVED)
    counts = f"{len(report.rules)} rules asked; {unknown} findings known only at `up`, {waived} waived."
    more = [f"and {len(mandatory) - MAX_SHOWN} more, in the SARIF file"] if len(mandatory) > MAX_SHOWN else []
    rows = [_row(each) for each in mandatory[:MAX_SHOWN]] + _advice(violations)
    return "\n\n".join([head, counts, *_table(rows), *more])


def _row(verdict: Verdict) -> tuple[str, ...]:
    names = (markdown.code(verdict.rule.id), markdown.code(title_of(verdict)))
    return ("mandatory", *names, markdown.sentence(sentence_of(verdict)))


def _advice(violations: Sequence[Verdict]) -> list[tuple[str, ...]]:
    advice = [each.rule for each in violations if each.level is not Level.MANDATORY]
    whys = {rule.id: rule.why for rule in advice}
    counts = Counter(rule.id for rule in advice).most_common()
    return [("advisory", markdown.code(name), str(count), markdown.sentence(whys[name])) for name, count in counts]


def _table(rows: Sequence[tuple[str, ...]]) -> list[str]:
    head = [("Level", "Rule", "Object, or how many", "What"), ("---",) * 4]
    return ["\n".join(f"| {' | '.join(row)} |" for row in (*head, *rows))] if rows else []


def _preview(settings: Settings, stack: str, progress: Progress) -> str:
    """The preview with all that does not change; of a stack that the backend does not have, as new."""
    config = settings_file(stack)
    cli = pulumi.ensure(settings, progress)
    cli = pulumi.for_local(cli, settings) if stack == LOCAL else cli
    with ExitStack() as stacked:
        own, flags = cli, ["--stack", stack]
        if not exists(cli, stack):
            own, flags = stacked.enter_context(throw_away(cli, config, stack))
        return _json(own, "preview", "--json", "--show-sames", "--non-interactive", *flags)


def _json(cli: Pulumi, *args: str) -> str:
    """What it prints, also where it fails: a preview that failed says in its JSON why."""
    env = {key: value for key, value in cli.env.items() if key != STREAMING}
    argv = [cli.program, *args]
    done = subprocess.run(
        argv, cwd=ROOT, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if done.returncode and not done.stdout.lstrip().startswith("{"):
        raise CommandFailed(argv, done.returncode, done.stdout + done.stderr)
    return done.stdout
