"""The exit status of findings."""

from hypothesis import given
from hypothesis import strategies as st

from slipway.doctor.finding import Finding, State, status

FINDINGS = st.builds(
    Finding, st.just("a"), st.just("a"), st.sampled_from(State), st.just("a"), is_needed=st.booleans()
)  # fmt: skip


@given(st.lists(FINDINGS, max_size=6))
def test_the_status_is_that_of_the_worst(findings: list[Finding]) -> None:
    """Two only for what is needed and surely lacks; zero only if nothing lacks and all that is needed is seen."""
    lacks_needed = any(each.state is State.LACKS and each.is_needed for each in findings)
    is_clean = all(each.state is State.HAS or (each.state is State.UNSURE and not each.is_needed) for each in findings)
    assert status(findings) == (2 if lacks_needed else 0 if is_clean else 1)
