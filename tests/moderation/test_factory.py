"""The guards as the application builds them."""

from core.clock import ManualClock
from moderation.gate import build_guards
from tests.builders import START, judgement
from tests.moderation.parts import NoPauses, answer, message
from tests.stubs import StubStore


async def test_published_contacts_are_allowed_in_public() -> None:
    guards = build_guards(
        ManualClock(START),
        store=StubStore(pauses=NoPauses()),
        published=["写信到 help@shop.example"],
    )
    assert (await guards.gate.check(answer("请写信到 help@shop.example", public=True))).allowed
    assert not (await guards.gate.check(answer("请写信到 a@b.com", public=True))).allowed


async def test_on_a_private_channel_nothing_is_public() -> None:
    guards = build_guards(
        ManualClock(START), store=StubStore(pauses=NoPauses()), private_channels=["weibo"]
    )
    assert (await guards.gate.check(answer("请写信到 a@b.com", public=True))).allowed


def test_spam_is_known_from_the_start() -> None:
    guards = build_guards(ManualClock(START), store=StubStore(pauses=NoPauses()))
    assert not guards.inbound.inspect(message("兼职刷单加微信abc12345"), judgement()).allowed
