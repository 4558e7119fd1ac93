"""Turn cascades (``id``, ``text``, ``posted_at`` a line) into a feed that ``replay`` reads.

    python benchmarks/cascades_to_events.py ../shared/data/spread/weibo_cascades.jsonl.gz feed.jsonl

``--brand`` puts a brand's name before each text, so that every event goes the whole way.
"""

import argparse
import gzip
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO


def events(lines: Iterator[str], brand: str) -> Iterator[dict[str, object]]:
    """One event a cascade that has a text, in the replay format."""
    for line in lines:
        cascade = json.loads(line)
        if not cascade.get("text"):
            continue
        yield {
            "channel": "weibo",
            "id": cascade["id"],
            "kind": "post",
            "author": {
                "id": f"author-of-{cascade['id']}",
                "name": "",
                "followers": cascade.get("author_followers"),
            },
            "text": f"{brand} {cascade['text']}" if brand else cascade["text"],
            "posted_at": cascade["posted_at"],
            "metrics": {"reposts": len(cascade["events"])},
            "solicited": False,
        }


def _open(path: Path) -> IO[str]:
    if path.suffix == ".gz":
        return gzip.open(path, "rt", encoding="utf-8")
    return path.open(encoding="utf-8")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("cascades", type=Path)
    parser.add_argument("feed", type=Path)
    parser.add_argument("--brand", default="")
    options = parser.parse_args()
    if not options.cascades.exists():
        print(f"{options.cascades} does not exist; name the file of cascades.", file=sys.stderr)
        return 1
    written = 0
    with _open(options.cascades) as source, options.feed.open("w", encoding="utf-8") as feed:
        for event in events(iter(source), options.brand):
            feed.write(json.dumps(event, ensure_ascii=False) + "\n")
            written += 1
    print(f"{written} events in {options.feed}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
