"""Explanations of decisions, in the language of the reader."""

import re
from pathlib import Path

import aiohttp
import pytest

from cli.catalogue import shipped_catalogue
from console.i18n import translators
from core.model.decisions import Action, Decision
from tests.console.running import RunningConsole
from tests.console.seeds import add_mention, event, judgement

ROOT = Path(__file__).parents[2]
DECIDING = "".join(file.read_text() for file in (ROOT / "responders" / "answering").glob("*.py"))


@pytest.mark.parametrize(
    ("lang", "said"),
    [
        (
            "zh",
            ["文中提到食物中毒、儿童，须由人工答复。 这段会话由人工负责", "知识库里有把握的答案"],
        ),
        ("en", ["It tells of food poisoning, child, which a person", "a sure answer"]),
    ],
)
async def test_a_decision_is_explained_in_the_readers_language(
    console: RunningConsole, browser: aiohttp.ClientSession, lang: str, said: list[str]
) -> None:
    silent = Decision(
        action=Action.TICKET, rule="risk", reason="in one language", remark="silent_human"
    )
    sure = Decision(action=Action.REPLY, rule="answer", reason="in one language", article="hours")
    ill = judgement(risk=("food_poisoning", "child"))
    shown = [
        await add_mention(console.store, event("a", "面包发霉"), judged=ill, decision=silent),
        await add_mention(console.store, event("b", "几点关门"), decision=sure),
    ]
    for mention, words in zip(shown, said, strict=True):
        async with browser.get(f"/mentions/{mention.seq}?lang={lang}") as answer:
            html = await answer.text()
        assert words in html
        assert "in one language" not in html


def test_every_remark_is_translated() -> None:
    remarks = set(re.findall(r'"((?:silent|said|held|already|too_many|own)_\w+)"', DECIDING))
    assert {"silent_human", "said_before", "own_post", "too_many_replies"} <= remarks
    for words in translators(shipped_catalogue()).values():
        assert [name for name in remarks if words.find(f"remark.{name}") is None] == []
