"""What finally blocks: undecided verdicts, patches, waivers and their last day."""

import datetime

from kube.objects import Object, Stack
from kube.unknown import UNKNOWN
from policies.judge import Judgement, judge
from policies.rule import MANDATORY, Findings, stack_rule
from policies.rules.security import read_only_root_fs
from policies.settings import Level, Settings, Waiver

TODAY = datetime.date(2026, 11, 21)


@stack_rule(why="-.", source="-", level=MANDATORY, bad="{}", good="{}")
def lonely(stack: Stack, _settings: Settings) -> Findings:
    """No pod stands alone."""
    for pod in stack.of_kind("Pod"):
        yield pod.bad("metadata.name", "is alone")


def pod(name: str = "a", read_only: object = False, *, is_patch: bool = False) -> Object:
    """A pod that the rule refuses unless told otherwise."""
    container = {"name": "c", "securityContext": {"readOnlyRootFilesystem": read_only}}
    data = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": "n"}}
    return Object({**data, "spec": {"containers": [container]}}, is_patch=is_patch)


def waiver(target: str = "Pod n/a", expires: datetime.date = TODAY, rule: str = "read-only-root-fs") -> Waiver:
    """One that holds today for the last time."""
    return Waiver(rule, target, "team-a", "it writes", expires)


def judged(*objects: Object, waivers: tuple[Waiver, ...] = (), level: str = "", is_preview: bool = False) -> Judgement:
    """By the one rule."""
    settings = Settings(waivers=waivers, levels={"read-only-root-fs": Level(level)} if level else {})
    return judge(objects, [read_only_root_fs], settings, TODAY, is_preview=is_preview)


def test_a_violation_blocks_at_its_level() -> None:
    """`remediate` blocks what it could not put right; `advisory` tells; a good object has no verdict."""
    assert judged(pod()).blocks
    assert [v.level for v in judged(pod(), level="remediate").verdicts] == [Level.MANDATORY]
    assert not judged(pod(), level="advisory").blocks
    assert judged(pod(read_only=True)) == Judgement((), ())


def test_what_is_not_known_yet_is_told_in_a_preview_and_blocks_afterwards() -> None:
    """It never passes for consent."""
    (verdict,) = judged(pod(read_only=UNKNOWN), is_preview=True).verdicts
    assert verdict.level is Level.ADVISORY
    assert verdict.undecided
    assert verdict.message.endswith("(unknown: decided at up)")
    (verdict,) = judged(pod(read_only=UNKNOWN)).verdicts
    assert verdict.level is Level.MANDATORY
    assert verdict.message.endswith("(still unknown, so it can't be allowed)")
    (verdict,) = judged(pod(read_only=UNKNOWN), level="advisory").verdicts
    assert verdict.level is Level.ADVISORY


def test_a_patch_blocks_for_what_it_says_and_not_for_what_it_leaves_out() -> None:
    """What it leaves out is in the object that it patches, which somebody else has made."""
    assert judged(pod(is_patch=True)).blocks
    silent = Object({"apiVersion": "v1", "kind": "Pod", "spec": {"containers": [{"name": "c"}]}}, is_patch=True)
    judgement = judged(silent)
    assert judgement.verdicts == ()
    assert judgement.notices == (
        "Pod default/: what this patch leaves out is in the object that it patches, and is judged where that is made",
    )


def test_a_patch_with_a_value_that_is_not_known_yet_is_told() -> None:
    """It may be the one that matters."""
    verdicts = judged(pod(read_only=UNKNOWN, is_patch=True), is_preview=True).verdicts
    assert {verdict.level for verdict in verdicts} == {Level.ADVISORY}
    assert all(verdict.message.endswith("(not in this patch, or not known yet)") for verdict in verdicts)
    assert any("readOnlyRootFilesystem" in verdict.path for verdict in verdicts)


def test_what_the_stack_lacks_around_a_patch_does_not_block() -> None:
    """It may be made where the object is."""
    settings = Settings()
    alone = [pod(is_patch=False), pod(is_patch=True)]
    levels = [judge([one], [lonely], settings, TODAY).verdicts[0].level for one in alone]
    assert levels == [Level.MANDATORY, Level.ADVISORY]


def test_a_waiver_holds_through_its_last_day() -> None:
    """It is told with its end, its owner and its reason."""
    judgement = judged(pod(), waivers=(waiver(),))
    assert not judgement.blocks
    assert judgement.verdicts[0].message.endswith("(waived until 2026-11-21 by team-a: it writes)")
    assert judgement.notices == ()


def test_an_expired_waiver_blocks_again_and_says_so() -> None:
    """From the day after."""
    judgement = judged(pod(), waivers=(waiver(expires=TODAY - datetime.timedelta(days=1)),))
    assert judgement.blocks
    assert judgement.verdicts[0].message.endswith("(the waiver by team-a expired on 2026-11-20)")


def test_of_two_waivers_the_one_that_holds_counts_and_the_other_may_go() -> None:
    """In either order."""
    old = waiver(expires=TODAY - datetime.timedelta(days=1))
    for waivers in ((old, waiver()), (waiver(), old)):
        judgement = judged(pod(), waivers=waivers)
        assert not judgement.blocks
        assert len(judgement.notices) == 1
        assert "until 2026-11-20) is not needed" in judgement.notices[0]


def test_a_waiver_means_its_rule_and_its_objects_only() -> None:
    """Another object and another rule are refused as ever; a glob means all that it fits."""
    assert judged(pod(), pod("b"), waivers=(waiver(),)).blocks
    assert judged(pod(), waivers=(waiver(rule="other"),)).blocks
    assert judged(pod(), waivers=(waiver("Job n/*"),)).blocks
    assert not judged(pod(), pod("b"), waivers=(waiver("Pod n/*"),)).blocks
    assert not judged(pod(), waivers=(waiver("* n/[ab]"),)).blocks


def test_a_waiver_without_a_namespace_means_what_names_none() -> None:
    """As ClusterRoles have none; it is not a waiver for all namespaces, and neither is one with a glob."""
    bare = Object({**pod().data, "metadata": {"name": "a"}})
    for target in ("Pod a", "Pod default/a", "Pod *"):
        assert not judged(bare, waivers=(waiver(target),)).blocks
    for target in ("Pod a", "Pod *", "*", "Pod*", "* a", "Pod n", "Pod /a"):
        assert judged(pod(), waivers=(waiver(target),)).blocks


def test_a_waiver_for_a_namespace_that_is_not_known_yet_needs_that_namespace() -> None:
    """It reads as `default`, and it is none."""
    unknown = Object({**pod().data, "metadata": {"name": "a", "namespace": UNKNOWN}})
    assert judged(unknown, waivers=(waiver("Pod a"),)).blocks


def test_no_glob_of_a_waiver_reaches_into_the_next_part() -> None:
    """Kind, namespace and name are each matched alone."""
    assert judged(pod("b/a"), waivers=(waiver("Pod n*/a"),)).blocks
    assert not judged(pod(""), waivers=(waiver("Pod n/*"),)).blocks
    assert judged(pod(""), waivers=(waiver("Pod n/?"),)).blocks


def test_a_waiver_covers_what_is_still_unknown() -> None:
    """Or a waived object would block as soon as something about it is not known."""
    assert not judged(pod(read_only=UNKNOWN), waivers=(waiver(),)).blocks


def test_a_waiver_that_nothing_needs_is_told() -> None:
    """So that it goes."""
    (notice,) = judged(pod(read_only=True), waivers=(waiver(),)).notices
    expected = "the waiver of read-only-root-fs for 'Pod n/a' (team-a, until 2026-11-21) is not needed"
    assert notice.startswith(expected)
