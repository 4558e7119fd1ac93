"""The texts of incidents and of alerts about them: one function per line or title."""

import math
import re
from collections import Counter
from collections.abc import Collection, Sequence
from datetime import UTC, tzinfo
from typing import Final

from core.i18n import Catalogue
from core.localized import LocalizedText, UiLanguage, in_each, in_language, local_time
from core.model.incidents import ForecastUnit
from listeners.spread.activity import BrandPost, mean_harm
from listeners.spread.cascades.forecast import Forecast
from listeners.spread.event_time import utc
from listeners.spread.grouping.vocabulary import content_words, original_text
from listeners.spread.incidents.incident import Assessment, TrackedIncident

_MAX_HEADLINE: Final = 40
"""Characters."""
_MAX_TEXTS: Final = 300
"""Latest different texts among which evidence is chosen."""
_REPEATED: Final = 0.6
"""A text with this share of its words in one that is shown already is left out."""


_LEAD: Final = re.compile(r"[\s#【\[「“\"']*")
_AFTER_NAME: Final = re.compile(r"^(?:的|家的|'s\b)?[\s：:，,、\-—|】\]」”]*")


class IncidentTexts:
    """Titles and lines of alerts, from the messages ``spread.…`` of the catalogue."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue

    def alert_title(self, language: UiLanguage, *, brand: str, headline: str, authors: int) -> str:
        """The title of an alert; ``authors`` are those of the last hour."""
        return self._catalogue.say(
            "spread.incident", language, brand=brand, headline=headline, authors=authors
        )

    def burst_titles(self, channel: str) -> tuple[LocalizedText, ...]:
        """The title, in each language, of an incident that consists of a burst on a channel."""
        return in_each(
            lambda one: LocalizedText(
                language=one, title=self._catalogue.say("spread.volume", one, channel=channel)
            )
        )

    def volume_lines(
        self, posts: Sequence[BrandPost], language: UiLanguage, *, zone: tzinfo = UTC
    ) -> list[str]:
        """Number of posts with the first and last time, and their mean harm."""
        return [
            self._catalogue.say(
                "spread.sum",
                language,
                posts=len(posts),
                first=local_time(utc(min(post.at for post in posts)), zone),
                last=local_time(utc(max(post.at for post in posts)), zone),
            ),
            self._catalogue.say("spread.share", language, harm=f"{mean_harm(posts):.0%}"),
        ]

    def denial_lines(self, denials: int, language: UiLanguage) -> list[str]:
        """Number of posts that deny the claim, if there are any."""
        return [self._catalogue.say("spread.denials", language, posts=denials)] if denials else []

    def forecast_line(
        self, forecast: Forecast, language: UiLanguage, *, unit: ForecastUnit = "posts"
    ) -> str:
        """The forecast with its interval."""
        return self._catalogue.say(
            "spread.forecast" if unit == "posts" else "spread.passed_on",
            language,
            final=_count(forecast.final),
            low=_count(forecast.low),
            high=_count(forecast.high),
        )

    def reason_lines(
        self, assessment: Assessment, language: UiLanguage, *, omit: Collection[str] = ()
    ) -> list[str]:
        """The reasons of a severity, each fact once, without those named in ``omit``."""
        say = self._catalogue.say
        given = dict(assessment.reasons)
        lines = []
        for name, value in given.items():
            if name in omit or (name == "spreading" and "fast" in given):
                continue
            words = _count(float(value)) if value.isdecimal() else value
            if name in ("grave", "risk"):
                named = given.get("grave", "").split(", ") if name == "risk" else ()
                left = [
                    self._risk(kind, language) for kind in value.split(", ") if kind not in named
                ]
                if not left:
                    continue
                words = say("spread.reason.and", language).join(left)
            again = name == "risk" and "grave" in given
            reason = "also" if again else name
            lines.append(say(f"spread.reason.{reason}", language, value=words))
        return lines

    def evidence_lines(
        self, posts: Sequence[BrandPost], language: UiLanguage, *, most: int = 5
    ) -> list[str]:
        """Up to ``most`` representative posts as masked quotations."""
        return [
            self._catalogue.say(
                "spread.evidence", language, channel=post.channel, text=" ".join(post.text.split())
            )
            for post in representative_posts(posts, most)
        ]

    def _risk(self, risk: str, language: UiLanguage) -> str:
        return self._catalogue.find(f"risk.{risk}", language) or risk


def headline(incident: TrackedIncident, language: UiLanguage) -> str:
    """An incident in one line: its own title, or the beginning of a post."""
    return own_title(incident, language) or shortened(incident.title)


def without_leading_name(text: str, names: re.Pattern[str] | None) -> str:
    """A headline without the brand's name at its beginning, which the title of an alert gives."""
    lead = _LEAD.match(text)
    place = lead.end() if lead is not None else 0
    found = None if names is None else names.match(text, place)
    if found is None:
        return text
    said = _AFTER_NAME.sub("", text[found.end() :], count=1).strip("# ")
    return said or text


def own_title(incident: TrackedIncident, language: UiLanguage) -> str:
    """An incident's title in a language; empty if it is taken from a post."""
    found = in_language(incident.titles, language)
    return "" if found is None else found.title


def shortened(text: str) -> str:
    """The beginning of a post without links, names and reposts, as one line of 40 characters."""
    said = " ".join(original_text(text).split())
    if len(said) <= _MAX_HEADLINE:
        return said or " ".join(text.split())[:_MAX_HEADLINE]
    cut = max(said.rfind(mark, 0, _MAX_HEADLINE) for mark in "，。！？,.!？；; ")
    return said[: cut if cut >= _MAX_HEADLINE // 2 else _MAX_HEADLINE].rstrip("，。,.；; ") + "…"


def representative_posts(posts: Sequence[BrandPost], most: int) -> list[BrandPost]:
    """Up to ``most`` posts with different texts, those first that share most words with the rest.

    Adverse posts come before others, and of two similar ones the later is taken. A post that is
    about the incident by coincidence shares few words with the rest, so it comes last.
    """
    texts = {" ".join(post.text.split()): post for post in posts if post.text.strip()}
    latest = list(reversed(texts.values()))[:_MAX_TEXTS]
    words = {post.key: content_words(post.text, None) for post in latest}
    shared = Counter(word for one in words.values() for word in one)

    def rank(post: BrandPost) -> tuple[bool, float]:
        said = words[post.key]
        others = sum(shared[word] - 1 for word in said)
        return post.adverse, others / math.sqrt(max(1, len(said)))

    found: list[BrandPost] = []
    for post in sorted(latest, key=rank, reverse=True):
        said = words[post.key]
        repeated = max((len(said & words[one.key]) for one in found), default=0)
        if repeated <= _REPEATED * len(said) and (said or not found):
            found.append(post)
        if len(found) == most:
            break
    return found


def _count(number: float) -> str:
    return f"{round(number):,}"
