"""The gate holds every reply that fails a check or cannot be checked."""

import pytest

from core.clock import ManualClock
from core.model.outbox import Reply
from moderation.gate import GateRules, OutboundGate, PauseCheck
from moderation.word_lists import shipped_words
from tests.builders import START
from tests.moderation.parts import PausedChannels, answer

PHONE = "请打 13800138000"


class Broken:
    async def pause_reason(self, reply: Reply) -> str | None:
        raise ConnectionError(reply.key)


def gate(
    *,
    pauses: PauseCheck | None = None,
    rules: GateRules | None = None,
    clock: ManualClock | None = None,
) -> OutboundGate:
    return OutboundGate(
        shipped_words().promises,
        pauses=pauses or PausedChannels({}),
        clock=clock or ManualClock(START),
        rules=rules,
    )


@pytest.mark.parametrize("by", ["bot", "王敏"])
@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "empty"),
        (" \n\u3000", "empty"),
        ("好" * 5001, "too_long"),
        ("工单 {number}", "placeholder"),
        ("{{ name }}您好", "placeholder"),
        ("Dear ${name}", "placeholder"),
        ("%(name)s", "placeholder"),
        ("我们保证 赔偿", "banned_phrase: 保证赔偿"),
        ("We are  LIABLE.", "banned_phrase: we are liable"),
        (PHONE, "personal_data: phone"),
    ],
)
async def test_unsafe_text_is_held(text: str, reason: str, by: str) -> None:
    verdict = await gate().check(answer(text, by=by, public=True))
    assert (verdict.allowed, verdict.reason) == (False, reason)
    assert "13800138000" not in verdict.masked_text


@pytest.mark.parametrize(
    "text", ["您好", "营业到 22:00，满 100 减 20 {:", "100% 棉", "{\n}", "12315"]
)
async def test_plain_text_is_sent(text: str) -> None:
    verdict = await gate().check(answer(text, public=True))
    assert (verdict.allowed, verdict.reason) == (True, "")


async def test_personal_data_is_allowed_in_private_replies() -> None:
    assert (await gate().check(answer(PHONE))).allowed
    rules = GateRules(private_channels=frozenset({"weibo"}))
    assert (await gate(rules=rules).check(answer(PHONE, public=True))).allowed


async def test_own_contacts_are_allowed_in_public() -> None:
    rules = GateRules(own_contacts=("help@shop.example",))
    assert (await gate(rules=rules).check(answer("写信到 help@shop.example", public=True))).allowed
    other = answer("写信到 a@b.com", public=True)
    assert not (await gate(rules=rules).check(other)).allowed


async def test_each_channel_has_its_own_length() -> None:
    checked = gate(rules=GateRules(longest=5, measures={"x": (lambda text: 2 * len(text), 20)}))
    assert (await checked.check(answer("好" * 10, channel="x"))).allowed
    assert (await checked.check(answer("好" * 11, channel="x"))).reason == "too_long"
    assert (await checked.check(answer("好" * 6))).reason == "too_long"


async def test_unsolicited_public_replies_are_held() -> None:
    assert (await gate().check(answer(public=True, solicited=False))).reason == "unsolicited"
    assert (await gate().check(answer(public=True, solicited=True))).allowed
    assert (await gate().check(answer(public=False, solicited=False))).allowed
    assert (await gate().check(answer(public=True, solicited=False, by="王敏"))).allowed


async def test_an_automatic_reply_is_not_repeated_within_a_minute() -> None:
    clock = ManualClock(START)
    checked = gate(clock=clock)
    assert (await checked.check(answer("您好", key="1"))).allowed
    assert (await checked.check(answer("您好", key="1"))).allowed, "a retry is the same reply"
    assert (await checked.check(answer("您 好", key="2"))).reason == "repeated"
    assert (await checked.check(answer("您好", key="3", by="王敏"))).allowed
    assert (await checked.check(answer("您好", key="4", conversation="d"))).allowed
    assert (await checked.check(answer("您好", key="5", channel="x"))).allowed
    assert (await checked.check(answer("再见", key="6"))).allowed
    await clock.advance(59)
    assert (await checked.check(answer("您好", key="7"))).reason == "repeated"
    await clock.advance(1)
    assert (await checked.check(answer("您好", key="8"))).allowed


async def test_remembered_replies_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("moderation.gate._MAX_REMEMBERED", 2)
    checked = gate()
    for number in range(3):
        assert (await checked.check(answer(f"第{number}句", key=str(number)))).allowed
    assert (await checked.check(answer("第2句", key="a"))).reason == "repeated"
    assert (await checked.check(answer("第0句", key="b"))).allowed


async def test_a_pause_holds_automatic_replies_and_no_others() -> None:
    frozen = gate(pauses=PausedChannels({"weibo": "发霉面包"}))
    assert (await frozen.check(answer())).reason == "frozen: 发霉面包"
    assert (await frozen.check(answer(by="王敏"))).allowed
    assert (await frozen.check(answer(channel="x"))).allowed
    everything = gate(pauses=PausedChannels({"*": "drill"}))
    assert (await everything.check(answer(channel="x"))).reason == "frozen: drill"


async def test_unreadable_pauses_hold_automatic_replies() -> None:
    assert (await gate(pauses=Broken()).check(answer())).reason == "freeze_unknown"
    assert (await gate(pauses=Broken()).check(answer(by="王敏"))).allowed
