"""Sealing what was written under an older key anew, in MongoDB, document by document."""

from storage.mongo.link import Doc
from storage.mongo.work import Tx, pack, unpack
from storage.portable import KINDS, SEALED


async def reseal(tx: Tx, kind: str, doc: Doc) -> bool:
    """Seal a document anew where it is not under the newest key; True where it was not.

    What was changed meanwhile was sealed anew by who changed it, or is found the next time.
    """
    (field,) = (name for name in KINDS[kind] if name in SEALED)
    value = doc.get(field)
    if not isinstance(value, bytes) or tx.coder.is_fresh(body := unpack(bytes(value))):
        return False
    fresh = tx.coder.seal(tx.coder.open(body))
    change = {"$set": {field: pack(fresh) if field == "body" else fresh}}
    return bool(await tx.table(kind).change({"_id": doc["_id"], field: value}, change))
