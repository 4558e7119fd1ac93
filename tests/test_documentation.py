"""The documentation names what the code has."""

import re
from pathlib import Path

from pydantic import BaseModel

from core.settings import Settings

ROOT = Path(__file__).parent.parent


def keys(model: type[BaseModel]) -> set[str]:
    found: set[str] = set()
    for name, info in model.model_fields.items():
        found.add(name)
        for part in (info.annotation, *getattr(info.annotation, "__args__", ())):
            if isinstance(part, type) and issubclass(part, BaseModel):
                found |= keys(part)
    return found


def test_every_configuration_key_is_documented() -> None:
    words = set(re.findall(r"\w+", (ROOT / "docs/reference/configuration.md").read_text()))
    assert keys(Settings) - words == set()


def test_links_between_documents_lead_somewhere() -> None:
    broken = [
        f"{page.relative_to(ROOT)}: {target}"
        for page in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text())
        if not (page.parent / target).exists()
    ]
    assert broken == []
