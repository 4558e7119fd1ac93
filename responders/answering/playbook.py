"""The playbook: rules in TOML, tried from the top; the first that matches decides."""

import tomllib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import Field, field_validator, model_validator

from core.errors import ConfigError, Problem
from core.model.articles import Answer
from core.model.mentions import Mention
from core.settings import Section
from core.taxonomy import Language, Relevance, Sentiment, Severity
from core.validation import validate

Share = Annotated[float, Field(ge=0, le=1)]
Names = Annotated[tuple[str, ...], Field(min_length=1)]


class When(Section):
    """Conditions on a mention; all keys that are given have to hold."""

    intent: Names | None = None
    category: Names | None = None
    risk: bool | Names | None = None
    """``true`` for any risk, ``false`` for none, names for one of these."""
    sentiment: Annotated[tuple[Sentiment, ...], Field(min_length=1)] | None = None
    relevance: Annotated[tuple[Relevance, ...], Field(min_length=1)] | None = None
    language: Annotated[tuple[Language, ...], Field(min_length=1)] | None = None
    channel: Names | None = None
    brand: Names | None = None
    flags: Names | None = None
    """Flags of moderation, one of which was set."""
    public: bool | None = None
    solicited: bool | None = None
    first_contact: bool | None = None
    """True for the first mention of a conversation."""
    complaint_at_least: Share | None = None
    complaint_below: Share | None = None
    negative_at_least: Share | None = None
    positive_at_least: Share | None = None
    adverse_at_least: Share | None = None
    offensive_at_least: Share | None = None
    offensive_below: Share | None = None
    spam_at_least: Share | None = None


class Then(Section):
    """The action of a rule."""

    action: Literal["ignore", "reply", "draft", "ticket"]
    from_knowledge: bool = False
    """Answer with the best article; below ``min_confidence`` the next rule is tried."""
    min_confidence: Share = 0.7
    text: str | None = None
    """Key of a text in the catalogue."""
    send: Literal["reply", "draft", "nothing"] = "reply"
    """For tickets: send the text, draft it, or say nothing."""
    severity: Severity | None = None
    """For tickets; derived from risk, category and intent if it is left out."""
    takeover: bool = True
    """For tickets: a person answers in this conversation from now on, and the bot is silent."""

    @model_validator(mode="after")
    def _has_a_text(self) -> "Then":
        if self.action in {"reply", "draft"} and self.from_knowledge == (self.text is not None):
            raise ValueError("a reply or draft needs either text or from_knowledge = true")
        if self.action == "ticket" and self.from_knowledge:
            raise ValueError("a ticket is answered by a person: remove from_knowledge")
        return self


class Rule(Section):
    """One rule; decisions name it."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,59}$")]
    when: tuple[When, ...]
    """Alternatives, one of which has to hold; in the file one table or a list of tables."""
    then: Then

    @field_validator("when", mode="before")
    @classmethod
    def _one_or_many(cls, value: object) -> object:
        return [value] if isinstance(value, dict) else value


class Playbook(Section):
    """The file: its rules in order."""

    version: Literal[1]
    rules: tuple[Rule, ...]


UNMATCHED: Final = Rule(
    name="no-rule-fits", when=(When(),), then=Then(action="ticket", severity="P4", text="holding")
)
"""Decides if no rule matches a mention that addresses the brand, so that each gets an answer."""
UNMATCHED_UNSOLICITED: Final = Rule(name="no-rule-fits", when=(When(),), then=Then(action="ignore"))
"""Decides if no rule matches any other mention."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Vocabulary:
    """Names that rules may use. An empty set allows any name."""

    intents: frozenset[str] = frozenset()
    categories: frozenset[str] = frozenset()
    risks: frozenset[str] = frozenset()
    channels: frozenset[str] = frozenset()
    brands: frozenset[str] = frozenset()
    flags: frozenset[str] = frozenset()
    texts: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True, slots=True)
class Match:
    """The rule that matched, with the article if it answers with one."""

    rule: Rule
    answer: Answer | None = None


def parse_playbook(text: str, vocabulary: Vocabulary | None = None) -> Playbook:
    """Parse a playbook; raises ConfigError with every mistake."""
    try:
        tree = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        problem = Problem(
            key="playbook",
            message=f"not valid TOML: {error}",
            remedy="Correct that line.",
        )
        raise ConfigError((problem,)) from error
    problems: list[Problem] = []
    playbook = validate(Playbook, tree, "playbook", problems)
    if playbook is not None:
        problems += _order_mistakes(playbook)
        problems += _unknown_names(playbook, vocabulary or Vocabulary())
    if playbook is None or problems:
        raise ConfigError(tuple(problems))
    return playbook


def shipped_playbook(vocabulary: Vocabulary | None = None) -> Playbook:
    """The playbook for supermarkets that comes with Tingfeng."""
    path = Path(__file__).with_name("playbook_default.toml")
    return parse_playbook(path.read_text(encoding="utf-8"), vocabulary)


def first_match(
    playbook: Playbook,
    mention: Mention,
    *,
    first_contact: bool,
    answer: Callable[[], Answer | None],
) -> Match:
    """The first rule that matches.

    Args:
        playbook: the rules.
        mention: the mention to match.
        first_contact: True for the first mention of a conversation.
        answer: searches the articles; called only if a rule answers from them.
    """
    for rule in playbook.rules:
        if not any(_holds(when, mention, first_contact) for when in rule.when):
            continue
        if not rule.then.from_knowledge:
            return Match(rule=rule)
        found = answer()
        if found is not None and found.confidence >= rule.then.min_confidence:
            return Match(rule=rule, answer=found)
    return Match(rule=UNMATCHED if mention.event.solicited else UNMATCHED_UNSOLICITED)


def _holds(when: When, mention: Mention, first_contact: bool) -> bool:
    event, judgement = mention.event, mention.judgement
    return (
        _any_of(when.intent, (judgement.intent,))
        and _any_of(when.category, (judgement.category,))
        and (
            when.risk == bool(judgement.risk)
            if isinstance(when.risk, bool)
            else _any_of(when.risk, judgement.risk)
        )
        and _any_of(when.sentiment, (judgement.sentiment,))
        and _any_of(when.relevance, (judgement.relevance,))
        and _any_of(when.language, (judgement.language,))
        and _any_of(when.channel, (event.channel,))
        and _any_of(when.brand, mention.brands)
        and _any_of(when.flags, mention.flags)
        and when.public in {None, event.public}
        and when.solicited in {None, event.solicited}
        and when.first_contact in {None, first_contact}
        and _between(judgement.complaint, when.complaint_at_least, when.complaint_below)
        and _between(judgement.probabilities.negative, when.negative_at_least, None)
        and _between(judgement.probabilities.positive, when.positive_at_least, None)
        and _between(judgement.adverse, when.adverse_at_least, None)
        and _between(judgement.offensive, when.offensive_at_least, when.offensive_below)
        and _between(judgement.spam, when.spam_at_least, None)
    )


def _any_of(wanted: Iterable[str] | None, present: Iterable[str]) -> bool:
    return wanted is None or not frozenset(wanted).isdisjoint(present)


def _between(value: float, at_least: float | None, below: float | None) -> bool:
    return (at_least is None or value >= at_least) and (below is None or value < below)


def _order_mistakes(playbook: Playbook) -> list[Problem]:
    problems: list[Problem] = []
    seen: set[str] = set()
    final: str | None = None
    for index, rule in enumerate(playbook.rules):
        key = f"playbook.rules[{index}]"
        if rule.name in seen:
            problems.append(
                Problem(
                    key=f"{key}.name",
                    message=f"{rule.name!r} is used twice",
                    remedy="Give each rule its own name.",
                )
            )
        seen.add(rule.name)
        if final is not None:
            problems.append(
                Problem(
                    key=key,
                    message=f"{rule.name!r} is never reached: {final!r} above matches everything",
                    remedy="Move it up, or remove it.",
                )
            )
        elif When() in rule.when and not rule.then.from_knowledge:
            final = rule.name
    return problems


def _unknown_names(playbook: Playbook, known: Vocabulary) -> list[Problem]:
    problems: list[Problem] = []
    for index, rule in enumerate(playbook.rules):
        for number, when in enumerate(rule.when):
            place = f"playbook.rules[{index}].when" + (f"[{number}]" if len(rule.when) > 1 else "")
            risks = () if isinstance(when.risk, bool) else when.risk
            for key, names, allowed in (
                ("intent", when.intent, known.intents),
                ("category", when.category, known.categories),
                ("risk", risks, known.risks),
                ("channel", when.channel, known.channels),
                ("brand", when.brand, known.brands),
                ("flags", when.flags, known.flags),
            ):
                problems += _unknown(f"{place}.{key}", names or (), allowed)
        texts = (rule.then.text,) if rule.then.text else ()
        problems += _unknown(f"playbook.rules[{index}].then.text", texts, known.texts)
    return problems


def _unknown(key: str, names: Iterable[str], allowed: frozenset[str]) -> list[Problem]:
    problems: list[Problem] = []
    for name in names:
        if allowed and name not in allowed:
            near = get_close_matches(name, allowed, n=1)
            remedy = f"Use {', '.join(sorted(allowed))}."
            if near:
                remedy = f"Did you mean {near[0]!r}?"
            problems.append(Problem(key=key, message=f"there is no {name!r}", remedy=remedy))
    return problems
