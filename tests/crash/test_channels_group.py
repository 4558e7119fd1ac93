"""The staff's group and the shoppers' commands through the real command line, over a kill."""

from pathlib import Path

import pytest

from core.model.cards import token_of
from tests.connectors.telegram.server import TOKEN, TelegramServer, telegram_server
from tests.crash.served import ServedSite

GROUP = -100500
SHOPPERS = -7000
STAFF = ("[[staff]]", 'name = "小李"', 'telegram = "31"')


def said(server: TelegramServer, chat: int) -> list[str]:
    """Texts of the bot in a chat."""
    return [
        call.fields["text"]
        for call in server.done("sendMessage")
        if call.fields["chat_id"] == str(chat)
    ]


def press(server: TelegramServer, action: str, subject: str, who: int) -> None:
    server.push(
        callback_query={
            "id": f"q{server.next_update}",
            "from": {"id": who, "is_bot": False, "first_name": "x"},
            "chat_instance": "1",
            "data": f"{action}:{token_of(subject)}",
            "message": server.message(chat=GROUP),
        }
    )


@pytest.mark.crash
async def test_a_draft_waits_in_the_group_through_a_kill(tmp_path: Path) -> None:
    async with telegram_server() as server:
        site = ServedSite(
            tmp_path,
            {
                "name": "tg",
                "type": "telegram",
                "token": TOKEN,
                "base_url": server.url,
                "poll_seconds": 1,
                "staff_chat": GROUP,
            },
            more=STAFF,
        )
        post = server.say("禾家的面包发霉了，太恶心了", chat=SHOPPERS)
        await site.run_until_quiet(
            lambda: said(server, GROUP), lambda: len(said(server, GROUP)) == 1
        )
        assert "禾家的面包发霉了" in said(server, GROUP)[0]
        assert said(server, SHOPPERS) == []

        subject = f"draft:1:tg:{post}:auto"
        press(server, "approve", subject, 666)
        press(server, "approve", subject, 31)
        press(server, "reject", subject, 31)
        user = {"id": 7, "is_bot": False, "first_name": "Ann", "language_code": "en"}
        for text in ("/start", "/status T-1001", "/lang zh", "/human", "/human"):
            server.say(text, chat=7, **{"from": user})

        def enough() -> bool:
            return bool(said(server, SHOPPERS)) and len(said(server, 7)) >= 4

        await site.run_until_quiet(lambda: len(server.done("editMessageText")), enough)
        kept = await site.kept()
        told = [
            call.fields["text"]
            for call in server.done("answerCallbackQuery")
            if "text" in call.fields
        ]
        edits = [call.fields["text"] for call in server.done("editMessageText")]

    assert len(said(server, SHOPPERS)) == 1
    assert len(said(server, GROUP)) == 1, "the card is not posted again"
    assert "666" in told[0]
    assert told[1:] == ["已完成", "这一条已经有人处理过了"]
    assert "小李 已批准" in edits[0]
    greeting, status, language, person = said(server, 7)
    assert greeting.startswith("Hello")
    assert "T-1001" not in status, "that is the ticket of somebody else"
    assert "中文" in language
    assert "T-1002" in person
    assert {one.number for one in kept.tickets} == {"T-1001", "T-1002"}
