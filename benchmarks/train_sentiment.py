"""Train the sentiment model and write it where the code finds it.

    python benchmarks/train_sentiment.py --data ../shared/data/sentiment

First the model is trained without the held-out tenth and calibrated on it; then it is trained
again on everything and written. NumPy alone, one core, fixed seeds: the same data give the same
file. ``benchmarks/understanding.py`` measures, with models that have not seen what they are
measured on; ``--held-out FILE`` keeps the first of the two models for it.
"""

import argparse
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.sentiment_data import rows, without_copies
from benchmarks.sentiment_sentences import lexicon, sentences
from benchmarks.sentiment_training import SEED, calibrated, examples_of, train
from listeners.judgement.sentiment.linear import MODEL_FILE


def main() -> None:
    """Read the command line and do as it says."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, help="folder of the labelled texts")
    parser.add_argument("--out", type=Path, default=MODEL_FILE, help="default: %(default)s")
    parser.add_argument("--held-out", type=Path, help="where to keep the model that is measured")
    parser.add_argument("--seed", type=int, default=SEED)
    options = parser.parse_args()
    if not options.data.is_dir():
        parser.error(f"{options.data} is no folder: name the one with the labelled texts")
    started = time.process_time()
    public = without_copies(rows(options.data))
    everything = [*public, *sentences(), *lexicon()]
    examples = examples_of(everything)
    unseen = np.array([row.held_out for row in public] + [False] * (len(everything) - len(public)))
    first = calibrated(
        train(examples, np.flatnonzero(~unseen), options.seed), examples, np.flatnonzero(unseen)
    )
    print(f"{len(everything)} texts, temperature {first.temperature:.3f}", flush=True)
    if options.held_out:
        options.held_out.write_bytes(first.file())
    whole = train(examples, np.arange(len(everything)), options.seed)
    options.out.write_bytes(replace(whole, temperature=first.temperature).file())
    size = options.out.stat().st_size / 1e6
    print(f"{options.out.name}: {size:.2f} MB, {time.process_time() - started:.0f} s of one core")


if __name__ == "__main__":
    main()
