"""Builders of what passes through the pipeline: a sensible value for every field, any to be named.

Keywords are the fields of the dataclass that is built; ``mention`` takes those of its event and its
judgement as well. An unknown keyword is a TypeError.
"""

from dataclasses import fields
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from core.model.alerts import Alert
from core.model.articles import Article
from core.model.conversations import Conversation, ConversationState
from core.model.decisions import Action, Decision
from core.model.events import Author, Event, EventKind
from core.model.incidents import Incident
from core.model.judgement import Judgement, Probabilities
from core.model.mentions import Mention, TrackedPost
from core.model.outbox import Reply, ReplyState, Target
from core.model.outcomes import Plan
from core.model.tickets import Ticket, TicketState

START: Final = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
MIDNIGHT: Final = START.replace(hour=0)
TEXT: Final = "禾家的面包发霉了"
SENTIMENTS: Final = {
    "negative": Probabilities(negative=0.9, neutral=0.05, positive=0.05),
    "neutral": Probabilities(negative=0.05, neutral=0.9, positive=0.05),
    "positive": Probabilities(negative=0.05, neutral=0.05, positive=0.9),
}
_EVENT: Final = frozenset(field.name for field in fields(Event))
_JUDGEMENT: Final = frozenset(field.name for field in fields(Judgement)) | {"negative"}

Values = dict[str, Any]
"""Fields by name; the dataclasses check them at run time, and mypy checks the dataclasses."""


def event(id: str = "1", **given: object) -> Event:  # noqa: A002 - as the field is named
    """A post on Weibo; ``author`` may be an id."""
    author = given.pop("author", "a1")
    person = author if isinstance(author, Author) else Author(id=str(author))
    values: Values = {
        "channel": "weibo",
        "kind": EventKind.POST,
        "text": TEXT,
        "posted_at": START,
        "conversation": "c1",
    }
    return Event(id=id, author=person, **(values | given))


def judgement(**given: object) -> Judgement:
    """A neutral text; ``sentiment`` sets the probabilities, ``negative`` only that one of them."""
    sentiment = str(given.pop("sentiment", "neutral"))
    values: Values = {
        "language": "zh",
        "sentiment": sentiment,
        "probabilities": SENTIMENTS[sentiment],
        "complaint": 0.1,
    }
    if "negative" in given:
        negative = float(str(given.pop("negative")))
        rest = round(1 - negative, 9)
        values["probabilities"] = Probabilities(
            negative=negative, neutral=max(0.0, rest - 0.1), positive=min(rest, 0.1)
        )
        values["sentiment"] = "negative" if negative > 0.5 else "neutral"
    return Judgement(**(values | given))


def mention(seq: int = 1, **given: object) -> Mention:
    """An event about 禾家; takes the fields of its event and its judgement, or these as a whole."""
    about: Values = {name: given.pop(name) for name in _EVENT & given.keys()}
    said = {name: given.pop(name) for name in _JUDGEMENT & given.keys()}
    about = {"id": str(seq), **about}
    values: Values = {
        "event": event(**about),
        "judgement": judgement(**said),
        "brands": ("hejia",),
        "masked_text": about.get("text", TEXT),
    }
    return Mention(seq=seq, **(values | given))


def reply(key: str = "k", **given: object) -> Reply:
    """An answer of the machine that is being sent."""
    values: Values = {
        "target": Target(channel="weibo", conversation="c1"),
        "text": "您好",
        "state": ReplyState.SENDING,
        "language": "zh",
        "by": "bot",
        "created_at": START,
    }
    return Reply(key=key, **(values | given))


def ticket(number: str = "T-1001", **given: object) -> Ticket:
    """An open ticket, due in four hours."""
    values: Values = {
        "brand": "hejia",
        "channel": "weibo",
        "conversation": "c1",
        "customer": "a1",
        "subject": "面包发霉了",
        "category": "food_safety",
        "severity": "P3",
        "state": TicketState.OPEN,
        "language": "zh",
        "created_at": START,
        "due_at": START + timedelta(hours=4),
    }
    return Ticket(number=number, **(values | given))


def conversation(**given: object) -> Conversation:
    """A conversation that a person looks after."""
    values: Values = {
        "channel": "weibo",
        "id": "c1",
        "customer": "a1",
        "language": "zh",
        "state": ConversationState.HUMAN,
        "updated_at": START,
        "ticket": "T-1001",
    }
    return Conversation(**(values | given))


def plan(**given: object) -> Plan:
    """A decision for a ticket, and nothing else."""
    values: Values = {
        "decision": Decision(action=Action.TICKET, rule="complaint", reason="发霉"),
    }
    return Plan(**(values | given))


def alert(key: str = "a1", **given: object) -> Alert:
    """A firing P1 about an incident."""
    values: Values = {
        "kind": "incident",
        "severity": "P1",
        "title": "面包发霉",
        "body": "8 位作者\n第一条：…",
        "created_at": START,
        "brand": "hejia",
    }
    return Alert(key=key, **(values | given))


def incident(key: str = "hejia:mould", **given: object) -> Incident:
    """An open P1, not numbered yet."""
    values: Values = {
        "id": "",
        "brand": "hejia",
        "title": "面包发霉",
        "category": "food_safety",
        "severity": "P1",
        "state": "open",
        "first_at": START,
        "last_at": START,
        "mentions": 8,
        "authors": 8,
    }
    return Incident(key=key, **(values | given))


def tracked(seq: int, **given: object) -> TrackedPost:
    """A post whose engagement is read again."""
    values: Values = {
        "channel": "weibo",
        "native_id": f"p{seq}",
        "posted_at": START,
        "next_at": START,
    }
    return TrackedPost(mention=seq, **(values | given))


def article(id: str, **given: object) -> Article:  # noqa: A002 - as the field is named
    """An article in Chinese."""
    values: Values = {"language": "zh", "title": "营业时间", "body": "每天早八点到晚十点"}
    return Article(id=id, **(values | given))
