"""``adapt`` and ``voice``: from what staff corrected to a judge that knows better."""

import asyncio
import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from core.clock import SystemClock
from core.model.decisions import Action, Decision
from core.model.events import Author, Event, EventKind, Page
from core.model.judgement import Judgement, Probabilities
from core.model.mentions import Correction, Mention
from core.model.outcomes import Outcome, Plan
from storage.sqlite.store import SqliteStore
from tests.cli.running import no_traceback, tingfeng

pytestmark = pytest.mark.process

AT = datetime(2026, 3, 2, tzinfo=UTC)
CONFIG = """
{first}
[[brands]]
id = "ours"
name = "禾家"
terms = ["禾家"]
[[brands]]
id = "theirs"
name = "永辉"
terms = ["永辉"]
[[channels]]
name = "chat"
type = "webchat"
[store]
url = "sqlite:tingfeng.db"
[knowledge]
folder = "knowledge"
[playbook]
file = "playbook.toml"
"""
JUDGED = Judgement(
    language="zh",
    sentiment="neutral",
    probabilities=Probabilities(negative=0.3, neutral=0.4, positive=0.3),
    complaint=0.2,
)
DECIDED = Decision(action=Action.IGNORE, rule="r", reason="r")


def jargon(number: int) -> str:
    return f"禾家今天{'磔砢' if number % 2 else '璆琳'}了{chr(0x4E00 + number)}"


def configured(folder: Path, first: str = "") -> Path:
    root = Path(__file__).parents[2] / "examples" / "supermarket"
    (folder / "playbook.toml").write_text((root / "playbook.toml").read_text("utf-8"), "utf-8")
    (folder / "knowledge").mkdir(exist_ok=True)
    for article in (root / "knowledge").iterdir():
        (folder / "knowledge" / article.name).write_text(article.read_text("utf-8"), "utf-8")
    file = folder / "tingfeng.toml"
    file.write_text(CONFIG.format(first=first), "utf-8")
    return file


async def corrected(folder: Path, count: int, **changes: Any) -> None:
    """A store in which staff have corrected as many mentions; ``changes`` to their events."""
    store = await SqliteStore.open(folder / "tingfeng.db", clock=SystemClock())
    for number in range(count):
        event = Event(
            channel="chat",
            id=str(number),
            kind=EventKind.POST,
            author=Author(id="a"),
            text=jargon(number),
            posted_at=AT,
            conversation=f"c{number}",
        )
        event = replace(event, **changes)
        await store.events.accept("chat", Page(events=(event,)))
        (item,) = await store.events.claim(1)
        mention = Mention(seq=item.seq, event=event, brands=("ours",), judgement=JUDGED)
        await store.events.record(
            [Outcome(seq=item.seq, mention=mention, plan=Plan(decision=DECIDED))]
        )
        await store.corrections.save(
            Correction(
                mention=item.seq,
                sentiment="negative" if number % 2 else "positive",
                complaint=bool(number % 2),
                category="membership" if number % 2 else "checkout",
                by="小林",
                at=AT,
            )
        )
    await store.close()


def scored(config: Path, *texts: str) -> list[dict[str, object]]:
    lines = [json.dumps({"id": n, "text": text}) for n, text in enumerate(texts)]
    done = tingfeng("score", "--config", config, given="\n".join(lines).encode())
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_adapting_to_corrections_improves_judgements(tmp_path: Path) -> None:
    config = configured(tmp_path)
    asyncio.run(corrected(tmp_path, 320))
    before = scored(config, "禾家今天磔砢了", "禾家今天璆琳了")
    done = tingfeng("adapt", "--config", config)
    said = no_traceback(done)
    assert done.returncode == 0, said
    assert "sentiment before" in said
    assert "sentiment after" in said
    assert "complaint after" in said
    assert "category after" in said
    assert said.count("  weights") == 3
    configured(tmp_path, 'adaptation = "adaptation.json"')
    after = scored(config, "禾家今天磔砢了", "禾家今天璆琳了")
    assert [one["sentiment"] for one in after] == ["negative", "positive"]
    assert [one["sentiment"] for one in before] != ["negative", "positive"]
    assert [one["category"] for one in after] == ["membership", "checkout"]
    assert [one["category"] for one in before] != ["membership", "checkout"]
    assert "+320" in str(after[0]["model"])


@pytest.mark.parametrize("changes", [{"no_training": True}, {"channel": "twitter"}])
def test_texts_from_x_are_never_learned_from(tmp_path: Path, changes: dict[str, Any]) -> None:
    config = configured(tmp_path)
    channel = '[[channels]]\nname = "twitter"\ntype = "x"\nbearer_token = "b"\n[store]'
    config.write_text(config.read_text("utf-8").replace("[store]", channel), "utf-8")
    asyncio.run(corrected(tmp_path, 120, **changes))
    done = tingfeng("adapt", "--config", config)
    said = no_traceback(done)
    assert done.returncode == 1
    assert "Left out: 120 corrections" in said
    assert "at least 100" in said
    assert not (tmp_path / "adaptation.json").exists()


def test_labels_and_output_can_be_files(tmp_path: Path) -> None:
    config, labels = configured(tmp_path), tmp_path / "labels.jsonl"
    lines = [
        {"text": jargon(n), "sentiment": "negative" if n % 2 else "positive"} for n in range(320)
    ]
    labels.write_text("\n".join(map(json.dumps, lines)))
    out = tmp_path / "ours.json"
    done = tingfeng("adapt", "--config", config, "--labels", labels, "--out", out)
    assert done.returncode == 0, no_traceback(done)
    assert json.loads(out.read_text())["labels"] == 320
    assert not (tmp_path / "adaptation.json").exists()


def test_categories_adapt_from_few_corrections(tmp_path: Path) -> None:
    config = configured(tmp_path)
    asyncio.run(corrected(tmp_path, 40))
    done = tingfeng("adapt", "--config", config)
    said = no_traceback(done)
    assert done.returncode == 0, said
    assert "sentiment           too few labels" in said
    configured(tmp_path, 'adaptation = "adaptation.json"')
    after = scored(config, "禾家今天磔砢了", "禾家今天璆琳了")
    assert [one["category"] for one in after] == ["membership", "checkout"]


@pytest.mark.parametrize("count", [0, 29])
def test_too_few_corrections_are_refused(tmp_path: Path, count: int) -> None:
    config = configured(tmp_path)
    asyncio.run(corrected(tmp_path, count))
    done = tingfeng("adapt", "--config", config)
    assert done.returncode == 1
    assert "at least 100" in no_traceback(done)
    assert not (tmp_path / "adaptation.json").exists()


def test_an_adaptation_that_does_not_fit_is_refused_by_check(tmp_path: Path) -> None:
    (tmp_path / "adaptation.json").write_text('{"format": 1}')
    done = tingfeng("check", "--config", configured(tmp_path, 'adaptation = "adaptation.json"'))
    assert done.returncode == 2
    assert "adaptation" in no_traceback(done)


def test_voice_prints_the_share_of_each_brand(tmp_path: Path) -> None:
    texts = ["禾家真好", "禾家的面包发霉了，恶心", "永辉还不如禾家", "今天天气好"]
    lines = [json.dumps({"id": n, "text": text}) for n, text in enumerate(texts)]
    given = "\n".join([*lines, "{"]).encode()
    done = tingfeng("voice", "--config", configured(tmp_path), given=given)
    assert done.returncode == 1
    assert "line 5" in no_traceback(done)
    ours, theirs = [json.loads(line) for line in done.stdout.splitlines()]
    assert (ours["brand"], ours["mentions"], ours["share"], ours["alone"]) == ("ours", 3, 0.75, 2)
    assert (ours["positive"], ours["negative"]) == (2, 1)
    assert (theirs["brand"], theirs["mentions"], theirs["positive"]) == ("theirs", 1, 0)
