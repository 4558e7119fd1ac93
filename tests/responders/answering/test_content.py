"""Articles and playbook from files: every mistake of both at once."""

from pathlib import Path

import pytest

from core.errors import ConfigError
from core.settings import Settings
from responders.answering.content import read_content
from responders.answering.playbook import Vocabulary

PLAYBOOK = Path(__file__).parents[3] / "responders/answering/playbook_default.toml"
ARTICLE = '+++\nid = "hours"\nlanguage = "zh"\ntitle = "营业时间"\n+++\n早上八点到晚上十点。\n'


def settings(playbook: Path) -> Settings:
    return Settings.model_validate(
        {
            "brands": [{"id": "hejia", "name": "禾家", "terms": ["禾家"]}],
            "channels": [{"name": "webchat", "type": "webchat"}],
            "knowledge": {"folder": "."},
            "playbook": {"file": str(playbook)},
        }
    )


def mistakes(knowledge: Path, playbook: Path) -> dict[str, str]:
    with pytest.raises(ConfigError) as caught:
        read_content(settings(playbook), knowledge, Vocabulary())
    return {problem.key: problem.message for problem in caught.value.problems}


def test_articles_and_playbook_are_read(tmp_path: Path) -> None:
    (tmp_path / "hours.zh.md").write_text(ARTICLE, encoding="utf-8")
    content = read_content(settings(PLAYBOOK), tmp_path, Vocabulary())
    assert [article.id for article in content.articles] == ["hours"]
    assert content.playbook.rules


def test_an_empty_folder_and_a_missing_playbook_are_reported_together(tmp_path: Path) -> None:
    found = mistakes(tmp_path, tmp_path / "none.toml")
    assert set(found) == {"knowledge.folder", "playbook.file"}


def test_a_file_that_is_not_utf8_is_named(tmp_path: Path) -> None:
    (tmp_path / "bad.md").write_bytes(b"\xff\xfe")
    assert "bad.md" in mistakes(tmp_path, PLAYBOOK)["knowledge.folder"]
