import subprocess
import sys

import pytest

from core.errors import ConfigError
from listeners.judgement.sentiment.models import load


@pytest.mark.slow
def test_the_classic_model_separates_praise_from_criticism() -> None:
    model = load("classic")
    good, bad, great, awful = model.probabilities(
        ["味道很好，非常喜欢", "质量太差了，垃圾", "This is great, I love it", "Awful, I hate it"]
    )
    assert good.positive > good.negative
    assert bad.negative > bad.positive
    assert great.positive > great.negative
    assert awful.negative > awful.positive
    assert model.name == "classic-1"


@pytest.mark.parametrize(
    "text", ["", " ", "😀", "\x00\ud800", "？", "12", "a", "好", "好" * 100_000]
)
def test_any_text_gets_three_shares_of_one(text: str) -> None:
    (found,) = load("classic").probabilities([text])
    assert min(found.negative, found.neutral, found.positive) >= 0
    assert found.negative + found.neutral + found.positive == pytest.approx(1)


def test_texts_without_words_are_uncertain_and_neutral() -> None:
    (found,) = load("classic").probabilities(["😀"])
    assert 0.5 < found.neutral < 0.7


def test_an_unknown_model_is_refused_with_the_known_ones() -> None:
    with pytest.raises(
        ConfigError, match=r"sentiment: .*there is no model 'bert'.*linear, classic"
    ):
        load("bert")


@pytest.mark.process
def test_the_slow_libraries_are_not_loaded_at_start() -> None:
    code = (
        "import sys, listeners.judgement.judge, listeners.judgement.sentiment.models;"
        "listeners.judgement.sentiment.models.load('classic');"
        "print([name for name in ('snownlp', 'vaderSentiment') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert done.stdout.strip() == "[]"
