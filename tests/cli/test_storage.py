"""Backup, restore, migrate, customers, keys and the doctor, as an operator uses them."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from storage.encryption import new_key
from tests.cli.invoking import commands
from tests.cli.running import no_traceback, tingfeng
from tests.cli.test_replay import line

pytestmark = pytest.mark.process

runner = CliRunner()


def call(*arguments: str | Path, ok: bool = True) -> Result:
    result = runner.invoke(commands(), [str(one) for one in arguments])
    assert (result.exit_code == 0) == ok, (result.output, result.exception)
    return result


@pytest.fixture
def brand(config: Path) -> Path:
    feed = config.parent / "feed.jsonl"
    feed.write_bytes(line(1, "面包发霉了，要退款", kind="message", conversation="c") + b"\n")
    call("replay", feed, "--config", config, "--live")
    return config


def test_a_restore_respects_erasures_since_the_backup(brand: Path) -> None:
    copy, out = brand.parent / "copy.db", brand.parent / "customer.json"
    call("backup", copy, "--config", brand)
    call("export", "--customer", "a1", "--config", brand, out)
    assert "面包" in json.loads(out.read_text("utf-8"))["events"][0]["text"]
    call("erase", "--customer", "a1", "--config", brand, "--yes", "--by", "lin")
    call("export", "--customer", "a1", "--config", brand, out)
    assert "面包" not in out.read_text("utf-8").encode().decode("unicode_escape")
    call("erase", "--customer", "a2", "--config", brand, "--yes")
    (brand.parent / "data" / "tingfeng.db").unlink()
    call("restore", copy, "--config", brand)
    call("export", "--customer", "a1", "--config", brand, out)
    assert json.loads(out.read_text("utf-8"))["tickets"], "a new store knows of no erasure"
    call("erase", "--customer", "a1", "--config", brand, "--yes")
    call("restore", copy, "--config", brand)
    call("export", "--customer", "a1", "--config", brand, out)
    assert json.loads(out.read_text("utf-8"))["tickets"] == []
    call("doctor", "--config", brand)


def test_actions_are_audited_without_customer_ids(brand: Path) -> None:
    call("export", "--customer", "a1", "--config", brand, brand.parent / "out", "--by", "lin")
    call("backup", brand.parent / "copy.db", "--config", brand, "--by", "wang")
    store = brand.parent / "data" / "tingfeng.db"
    with closing(sqlite3.connect(store)) as db, db:
        db.execute("UPDATE counters SET n = n + 1 WHERE name = 'done'")
    call("doctor", "--config", brand, ok=False)
    call("doctor", "--config", brand, "--mend", "--by", "zhao")
    with closing(sqlite3.connect(store)) as db:
        log = db.execute("SELECT who, what, about FROM audit ORDER BY seq").fetchall()
    assert [entry[:2] for entry in log] == [("lin", "export"), ("wang", "backup"), ("zhao", "mend")]
    assert "a1" not in log[0][2].split()
    assert "counts" in log[2][2]


def test_erase_asks_for_confirmation(brand: Path) -> None:
    call("erase", "--customer", "a1", "--config", brand, ok=False)
    out = brand.parent / "customer.json"
    call("export", "--customer", "a1", "--config", brand, out)
    assert json.loads(out.read_text("utf-8"))["events"]
    gone = call("erase", "--customer", "nobody", "--config", brand, "--yes")
    assert gone.exit_code == 0


def test_migrate_encrypts_and_rotate_replaces_the_key(
    brand: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain, sealed = brand.parent / "data/tingfeng.db", brand.parent / "sealed.db"
    first, second = new_key(), new_key()
    monkeypatch.setenv("TINGFENG_KEY", first)
    call("migrate", "--from", f"sqlite:{plain}", "--to", f"sqlite:{sealed}")
    brand.write_text(brand.read_text("utf-8") + f'[store]\nurl = "sqlite:{sealed}"\n', "utf-8")
    call("doctor", "--config", brand)
    monkeypatch.setenv("TINGFENG_NEW_KEY", second)
    assert "sealed anew" in call("rotate", "--config", brand).output
    refused = tingfeng("doctor", "--config", brand)
    assert refused.returncode == 1
    assert "key" in no_traceback(refused)
    monkeypatch.setenv("TINGFENG_KEY", second)
    call("doctor", "--config", brand)


def test_rotate_prints_a_key_and_needs_the_old_one(
    brand: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TINGFENG_KEY", raising=False)
    assert len(call("rotate", "--config", brand).output.strip()) >= 40
    monkeypatch.setenv("TINGFENG_NEW_KEY", new_key())
    assert "TINGFENG_KEY" in str(call("rotate", "--config", brand, ok=False).exception)


def test_what_cannot_be_done_is_told(brand: Path) -> None:
    for arguments in (
        ("restore", brand.parent / "none.db", "--config", brand),
        ("migrate", "--from", "nowhere", "--to", "sqlite:x.db"),
        ("backup", brand.parent / "no" / "folder.db", "--config", brand),
    ):
        done = tingfeng(*arguments)
        assert done.returncode in (1, 2)
        no_traceback(done)


def test_the_doctor_tells_what_a_lost_log_took_along(brand: Path) -> None:
    """As where a file of the store was left behind when it was copied while in use."""
    path = brand.parent / "data" / "tingfeng.db"
    before = path.read_bytes()
    feed = brand.parent / "more.jsonl"
    feed.write_bytes(b"\n".join(line(n, f"禾家 {n}") for n in range(2, 9)))
    call("replay", feed, "--config", brand, "--live")
    call("doctor", "--config", brand)
    path.write_bytes(before)
    for _ in range(2):
        said = call("doctor", "--config", brand, ok=False).output.replace("\n", "")
        assert "7 条已确认收到的消息不见了" in said
    call("doctor", "--config", brand, "--mend", "--by", "zhao")
    call("doctor", "--config", brand)
    with closing(sqlite3.connect(path)) as db:
        (note,) = db.execute("SELECT about FROM audit WHERE what = 'mend'").fetchone()
    assert "acknowledged messages are missing" in note
