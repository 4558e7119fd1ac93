"""Lag of the event loop while Reddit's server hangs and another channel works.

    python benchmarks/loop_lag.py [ANSWERS]

Reddit's connector reads from a loopback server that takes each request and never answers;
Telegram's reads and answers beside it in the same loop. Prints one line of JSON: by how much a
timer that ought to fire every 5 ms was late (lag_p50_ms, lag_p99_ms, lag_max_ms; alone_p99_ms
before Reddit was started), and how many messages of Telegram were stored and answered. Exits with
1 where the 99th percentile is above 50 ms.
"""

import asyncio
import json
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.connectors.lag import measured


def main() -> int:
    answers = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    with tempfile.TemporaryDirectory() as folder:
        found = asyncio.run(measured(Path(folder), answers))
    print(json.dumps(found.as_dict()))
    return 0 if found.p99 <= 50 else 1


if __name__ == "__main__":
    sys.exit(main())
