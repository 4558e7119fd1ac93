"""Automatic texts pass the outbound gate, in public and in both languages."""

import pytest

from cli.catalogue import shipped_catalogue
from core.clock import ManualClock
from core.localized import UI_LANGUAGES, UiLanguage
from core.model.outbox import Reply, ReplyState, Target
from moderation.gate import build_guards
from responders.answering.content import parse_articles
from responders.texts import ShopperTexts, playbook_texts
from tests.builders import START
from tests.moderation.parts import NoPauses
from tests.responders.builders import EXAMPLE
from tests.stubs import StubStore

FIELDS = {"number": "T-1001", "within": "4 小时内", "answer": "7:30"}


def public(text: str, key: str) -> Reply:
    return Reply(
        key=key,
        target=Target(channel="weibo", conversation=key, reply_to="p"),
        text=text,
        state=ReplyState.SENDING,
        language="zh",
        by="bot",
        created_at=START,
    )


@pytest.mark.parametrize("language", UI_LANGUAGES)
async def test_every_shipped_text_passes(language: UiLanguage) -> None:
    gate, texts = (
        build_guards(ManualClock(START), store=StubStore(pauses=NoPauses())).gate,
        ShopperTexts(shipped_catalogue()),
    )
    for key in playbook_texts(shipped_catalogue()):
        for turn, text in enumerate(texts.in_turn(key, language, **FIELDS)):
            verdict = await gate.check(public(text, f"{key}{turn}"))
            assert verdict.allowed, f"{key}: {verdict.reason}"


async def test_every_example_article_passes_once_it_is_published() -> None:
    articles = parse_articles((path.name, path.read_text("utf-8")) for path in EXAMPLE.glob("*.md"))
    gate = build_guards(
        ManualClock(START),
        store=StubStore(pauses=NoPauses()),
        published=[one.body for one in articles],
    ).gate
    for one in articles:
        verdict = await gate.check(public(one.body, f"{one.id}.{one.language}"))
        assert verdict.allowed, f"{one.id}.{one.language}: {verdict.reason}"
