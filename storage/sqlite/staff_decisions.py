"""What staff have laid down: pauses of automatic replies, silences, corrections."""

from core.alerts import Mute, mute_note
from core.clock import micros
from core.errors import Conflict
from core.events import Event
from core.mentions import CorrectedMention, Correction
from core.pauses import Pause
from storage.encoding import key_of
from storage.records import Judged
from storage.sqlite.privacy import note
from storage.sqlite.work import Tx, View


def pauses(view: View) -> list[Pause]:
    """Every pause there is, by id."""
    rows = view.db.execute("SELECT body FROM freezes ORDER BY id")
    return [view.coder.load(Pause, body) for (body,) in rows]


def save_pause(tx: Tx, pause: Pause) -> None:
    """Lay down a pause, in place of the one with its id, and note who did."""
    tx.db.execute(
        "INSERT OR REPLACE INTO freezes (id, body) VALUES (?, ?)",
        (key_of(pause.id), tx.coder.dump(pause)),
    )
    note(tx, who=pause.by, what="freeze", about=pause.id)


def lift_pause(tx: Tx, name: str, by: str) -> bool:
    """End a pause, and note who did; False where there is none."""
    done = tx.db.execute("DELETE FROM freezes WHERE id = ?", (key_of(name),))
    if done.rowcount:
        note(tx, who=by, what="lift freeze", about=name)
    return done.rowcount > 0


def mutes(view: View) -> list[Mute]:
    """Every silence that is kept, one that is over too; the first to end first."""
    rows = view.db.execute("SELECT body FROM silences ORDER BY until, id")
    return [view.coder.load(Mute, body) for (body,) in rows]


def save_mute(tx: Tx, silence: Mute) -> None:
    """Lay down a silence, in place of the one with its id, and note who did."""
    tx.db.execute(
        "INSERT OR REPLACE INTO silences (id, until, body) VALUES (?, ?, ?)",
        (key_of(silence.id), micros(silence.until), tx.coder.dump(silence)),
    )
    note(tx, who=silence.by, what="silence", about=mute_note(silence))


def end_mute(tx: Tx, name: str, by: str) -> bool:
    """End a silence, and note who did; False where there is none."""
    done = tx.db.execute("DELETE FROM silences WHERE id = ?", (key_of(name),))
    if done.rowcount:
        note(tx, who=by, what="end silence", about=name)
    return done.rowcount > 0


def correct(tx: Tx, correction: Correction) -> None:
    """Keep a correction, in place of an earlier one; raises Conflict for an unknown mention."""
    known = tx.db.execute("SELECT 1 FROM mentions WHERE seq = ?", (correction.mention,)).fetchone()
    if known is None:
        raise Conflict(f"there is no mention {correction.mention}; it may have been erased.")
    tx.db.execute(
        "INSERT OR REPLACE INTO corrections (mention, at, body) VALUES (?, ?, ?)",
        (correction.mention, micros(correction.at), tx.coder.dump(correction)),
    )


def correction(view: View, mention: int) -> Correction | None:
    """What staff said of a mention last."""
    row = view.db.execute("SELECT body FROM corrections WHERE mention = ?", (mention,)).fetchone()
    return view.coder.load(Correction, row[0]) if row else None


def corrections(view: View, limit: int) -> list[CorrectedMention]:
    """The newest ``limit`` corrections, oldest first, each beside what was corrected."""
    rows = view.db.execute(
        "SELECT c.body, m.body, e.body FROM corrections c JOIN mentions m ON m.seq = c.mention"
        " JOIN events e ON e.seq = c.mention ORDER BY c.at DESC, c.mention DESC LIMIT ?",
        (limit,),
    ).fetchall()
    load = view.coder.load
    return [
        CorrectedMention(
            correction=load(Correction, body),
            text=load(Event, event).text,
            judgement=load(Judged, judged).judgement,
        )
        for body, judged, event in reversed(rows)
    ]
