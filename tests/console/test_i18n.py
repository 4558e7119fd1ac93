"""The console's messages are in the catalogue; the language of a reader is chosen."""

import re
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli.catalogue import shipped_catalogue
from console.i18n import LANGS, choose_language, translators
from console.render import HERE
from core.i18n import UnknownMessage
from core.model.alerts import Alert
from core.model.decisions import Action
from core.model.events import EventKind
from core.model.health import Status
from core.model.judgement import Judgement
from core.model.outbox import ReplyState
from core.model.tickets import TicketState
from core.taxonomy import CATEGORIES, INTENTS, RISKS, Severity
from moderation.gate import Refusal
from moderation.inbound import FLAGS

WORDS = translators(shipped_catalogue())
TERMS: dict[str, tuple[str, ...]] = {
    "action": tuple(Action),
    "kind": tuple(EventKind),
    "severity": get_args(Severity),
    "reply.state": tuple(ReplyState),
    "ticket.state": (*TicketState, "unresolved", "all"),
    "status": get_args(Status),
    "alert.kind": get_args(Alert.__annotations__["kind"]),
    "alert.state": get_args(Alert.__annotations__["state"]),
    "sentiment": get_args(Judgement.__annotations__["sentiment"]),
    "language": get_args(Judgement.__annotations__["language"]),
    "category": CATEGORIES,
    "intent": INTENTS,
    "risk": RISKS,
    "flag": tuple(FLAGS),
    "dropped": (
        "no_brand",
        "spam",
        "deleted",
        "duplicate",
        "own_voice",
        "automated",
        "outdated",
    ),
    "held": get_args(Refusal),
    "chat.error": ("visitor", "message", "message_id", "empty", "too_long", "too_fast", "store"),
}


def test_every_name_in_a_template_is_in_the_catalogue() -> None:
    names = shipped_catalogue().ids
    used: set[str] = set()
    for template in (HERE / "templates").glob("*.html"):
        text = template.read_text(encoding="utf-8")
        used |= set(re.findall(r"\bt(?:\.count)?\('([a-z_.A-Z0-9]+)'[,)]", text))
    assert used - names == set()
    assert len(used) > 100


@pytest.mark.parametrize("group", TERMS)
def test_every_term_is_translated(group: str) -> None:
    assert TERMS[group]
    for lang in LANGS:
        missing = [term for term in TERMS[group] if WORDS[lang].find(f"{group}.{term}") is None]
        assert missing == []


def test_templates_hold_no_text_of_their_own() -> None:
    for template in (HERE / "templates").glob("*.html"):
        text = template.read_text(encoding="utf-8")
        for code in (
            r"\{% block (section|layout) %\}.*?\{% endblock %\}",
            r"\{[{%#].*?[#%}]\}",
            r"<[^>]*>",
        ):
            text = re.sub(code, " ", text, flags=re.DOTALL)
        found = re.findall(r"[\u4e00-\u9fff]+|\b[A-Za-z]{3,}\b", text)
        assert set(found) <= {"Ctrl"}, template.name


class TestWords:
    def test_fills_placeholders(self) -> None:
        assert WORDS["zh"]("sla.left", span="11:05") == "剩 11:05"
        assert WORDS["en"]("reply.by", name="{x}") == "Reply by {x}"

    def test_chooses_the_plural_form(self) -> None:
        assert WORDS["en"].count("mention.followers", 1) == "1 follower"
        assert WORDS["en"].count("mention.followers", 1200) == "1,200 followers"
        assert WORDS["zh"].count("mention.followers", 1200) == "1,200 粉丝"

    def test_an_unknown_name_raises(self) -> None:
        with pytest.raises(UnknownMessage):
            WORDS["zh"]("no.such")
        with pytest.raises(UnknownMessage):
            WORDS["zh"].count("no.such", 2)

    def test_an_unknown_term_is_returned_unchanged(self) -> None:
        assert WORDS["zh"].term("category", "freshness") == "新鲜度"
        assert WORDS["zh"].term("category", "<b>") == "<b>"

    @pytest.mark.parametrize(
        ("reason", "shown"),
        [
            ("gate: frozen: 发霉面包", "自动回复已暂停：发霉面包"),
            ("gate: repeated", "刚刚说过同样的话"),
            ("gate: other: x", "gate: other: x"),
            ("Forbidden: gate: frozen", "Forbidden: gate: frozen"),
            ("", ""),
        ],
    )
    def test_a_refusal_of_the_gate_is_translated(self, reason: str, shown: str) -> None:
        assert WORDS["zh"].undelivered(reason) == shown


class TestChoose:
    @pytest.mark.parametrize(
        ("asked", "kept", "accepts", "expected"),
        [
            ("en", "zh", "zh", "en"),
            ("xx", "en", "zh", "en"),
            (None, None, "en-GB,en;q=0.9,zh;q=0.8", "en"),
            (None, None, "fr, zh-TW;q=0.3, en;q=0.2", "zh"),
            (None, None, "en;q=0, fr", "zh"),
            (None, None, "en;q=x", "zh"),
            (None, None, "", "zh"),
            ("ZH-CN", None, "en", "zh"),
        ],
    )
    def test_prefers_parameter_then_cookie_then_header(
        self, asked: str | None, kept: str | None, accepts: str, expected: str
    ) -> None:
        assert choose_language(asked, kept, accepts, "zh") == expected

    @given(st.text(), st.text(), st.text())
    def test_accepts_any_input(self, asked: str, kept: str, accepts: str) -> None:
        assert choose_language(asked, kept, accepts, "en") in LANGS
