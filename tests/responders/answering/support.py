"""A decider that records its plans, and mentions to decide about."""

from cli.catalogue import shipped_catalogue
from core.clock import ManualClock
from core.model.articles import Answer, Article
from core.model.mentions import Mention
from core.model.outcomes import Plan
from core.settings import SlaSettings
from responders.answering.decider import PlaybookDecider, ReplyPolicy
from responders.answering.playbook import parse_playbook, shipped_playbook
from tests.builders import START
from tests.responders.builders import mention
from tests.responders.memory_store import MemoryStore

HOURS = {
    "zh": Article(id="opening-hours", language="zh", title="营业时间", body="7:30 到 22:00"),
    "en": Article(id="opening-hours", language="en", title="Hours", body="7:30 to 22:00"),
}


class FakeArticles:
    """Answers every text that speaks of closing."""

    def search(self, text: str, language: str, limit: int = 3) -> list[Answer]:
        if "关门" not in text and "close" not in text:
            return []
        return [Answer(article=HOURS[language], confidence=0.9)][:limit]


class Bot:
    """A decider with a store that records what it plans."""

    def __init__(self, *, playbook: str | None = None, policy: ReplyPolicy | None = None) -> None:
        self.store = MemoryStore()
        self.clock = ManualClock(START)
        self.decider = PlaybookDecider(
            store=self.store,
            articles=FakeArticles(),
            playbook=parse_playbook(playbook) if playbook else shipped_playbook(),
            catalogue=shipped_catalogue(),
            sla=SlaSettings(),
            clock=self.clock,
            policy=policy,
        )

    async def decide(self, one: Mention) -> Plan:
        return self.store.record(await self.decider.decide(one))


def complaint(seq: int = 1, *, text: str = "面包发霉了，要退款", author: str = "u1") -> Mention:
    return mention(
        text,
        seq=seq,
        author=author,
        intent="complaint",
        complaint=0.95,
        negative=0.9,
        category="food_safety",
    )


def question(text: str = "你们几点关门", *, seq: int = 1, author: str = "u1") -> Mention:
    english = text.isascii()
    return mention(
        text, seq=seq, author=author, intent="question", language="en" if english else "zh"
    )
