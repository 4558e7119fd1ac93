"""The conversation that the responder tests are about; other values as in tests.builders."""

from pathlib import Path

from core.model.events import EventKind
from core.model.mentions import Mention
from core.model.outbox import Reply, Target
from core.model.tickets import Ticket
from tests import builders

EXAMPLE = Path(__file__).parents[2] / "examples" / "supermarket" / "knowledge"


def mention(
    text: str = "你们几点关门",
    *,
    seq: int = 1,
    native_id: str = "",
    author: str = "u1",
    masked: str | None = None,
    **given: object,
) -> Mention:
    """A message to the brand in the web chat."""
    values: dict[str, object] = {
        "id": native_id or f"m{seq}",
        "kind": EventKind.MESSAGE,
        "channel": "webchat",
        "conversation": f"c-{author}",
        "solicited": True,
        "complaint": 0.05,
        "masked_text": text if masked is None else masked,
    }
    return builders.mention(seq, text=text, author=author, **(values | given))


def ticket(number: str = "T-1001", **given: object) -> Ticket:
    """A ticket of that conversation."""
    where = {"channel": "webchat", "conversation": "c-u1", "customer": "u1"}
    return builders.ticket(number, **(where | given))


def reply(
    *, seq: int | None = None, of_ticket: str | None = None, author: str | None = "u1"
) -> Reply:
    """A reply in that conversation."""
    target = Target(channel="webchat", conversation="c-u1", author=author)
    return builders.reply(target=target, mention=seq, ticket=of_ticket)
