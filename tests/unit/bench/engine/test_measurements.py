"""What the measurements make of what they saw: the arithmetic, not the speed."""

from __future__ import annotations

import pytest

from bench.engine.client import Answer
from bench.engine.hardware import busy_share, cpu_model, memory_bytes
from bench.engine.in_process import batched_rate
from bench.engine.mixed import gaps_during
from bench.engine.prompts import words
from bench.engine.requests import decode_rate
from bench.engine.soak import growth


def answer(*token_s: float, sent_s: float = 0.0, num_generated: int | None = None) -> Answer:
    """One whose pieces came at these times."""
    num = len(token_s) if num_generated is None else num_generated
    return Answer(sent_s, token_s[-1], token_s, 1, num, "x", ran_to_length=True)


def test_only_the_time_in_which_all_streams_run_counts() -> None:
    """From the last one's first token to the first one's last: two streams of one token a second make two."""
    early, late = answer(1, 2, 3, 4, 5, 6), answer(3, 4, 5, 6, 7, 8, 9)
    assert decode_rate([early, late]) == pytest.approx(2.0)


def test_a_piece_that_holds_two_tokens_counts_as_two() -> None:
    """Half characters are held back by every server; the tokens were computed."""
    assert decode_rate([answer(0, 1, 2, 3, num_generated=8)]) == pytest.approx(2.0)


def test_streams_that_never_ran_together_have_no_rate() -> None:
    """Rather an error than a number of something else."""
    with pytest.raises(ValueError, match="never ran all at once"):
        decode_rate([answer(0, 1), answer(2, 3)])


def test_gaps_count_that_touch_the_time_of_the_prompts() -> None:
    """One that begins before and ends within it is the stall that is looked for."""
    stream = answer(0.0, 1.0, 5.0, 5.5, 9.0)
    assert gaps_during([stream], [answer(6.0, 7.0, sent_s=2.0)]) == [4.0, 0.5, 3.5]
    assert gaps_during([stream], [answer(4.9, 7.0, sent_s=4.0)]) == [4.0]


def test_growth_compares_the_last_third_with_the_middle_one() -> None:
    """The first third is youth; one look out of line moves nothing."""
    assert growth([1, 5, 9, 10, 10, 99, 10, 10, 10]) == (10, 10)
    assert growth([0, 0, 1, 1, 2, 2]) == (2, 1)


def test_the_rate_of_batched_bench_is_found_among_its_other_lines() -> None:
    """Exactly one result, or an error that shows what was printed."""
    line = '{"n_kv_max": 512, "pl": 16, "t_tg": 3.5, "speed_tg": 32.5, "speed": 68.4}'
    assert batched_rate(f"loading\n{line}\n\nllama_perf: x") == 32.5
    with pytest.raises(ValueError, match="0 results"):
        batched_rate("loading\nfailed")


def test_prompts_have_so_many_words_and_the_same_seed_says_the_same() -> None:
    """Two sides are asked the same, two rounds are not."""
    assert len(words(100, "a").split()) == 100
    assert words(100, "a") == words(100, "a") != words(100, "b")


def test_the_machine_is_read_from_proc() -> None:
    """Also where the processor has no name."""
    assert cpu_model("processor : 0\nmodel name\t: A B 3000\nmodel name\t: A B 3000\n") == "A B 3000"
    assert cpu_model("processor : 0\n") != ""
    assert memory_bytes("MemTotal:       1024 kB\nMemFree: 1 kB\n") == 1024**2


def test_how_busy_the_machine_is() -> None:
    """Idle and waiting for a disk are both not busy; no time at all is no load."""
    assert busy_share("cpu 10 0 10 70 10 0 0 0 0 0", "cpu 20 0 20 120 40 0 0 0 0 0") == pytest.approx(0.2)
    assert busy_share("cpu 1 1 1 1 1 1 1 1", "cpu 1 1 1 1 1 1 1 1") == 0.0
