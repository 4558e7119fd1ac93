"""Train the model of claims, texts of bad news that many people pass on (``harm/claims.py``).

    python -m benchmarks.spread_claims [--data FOLDER] [--triage POOL] [--sentiment FOLDER]
        [--write]

Needs the extra ``train`` (scikit-learn) and the third-party texts, which stay outside the
repository. Claims are the rumours of Weibo's development part (``spread_split.py``) and texts that
were read to report facts that harm a business; the rest are cascades that were no rumours, and
texts that report nothing of the kind, denials among them. Printed are
cross-validated figures on the development part, folds by family of texts: how many rumours are
called claims where one, three and five harmless cascades in twenty are.
"""

import argparse
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression

from benchmarks.judge_examples import Example, harm_examples, pool_examples
from benchmarks.spread_split import Cascade, split_cascades, vectors_of
from listeners.spread.harm.claims import (
    CELL_BITS,
    MODEL_FILE,
    ClaimModel,
    claim_cells,
    claim_text,
)

FOLDS: Final = 5
WORD_STRENGTH: Final = 10.0
"""Inverse of the ridge on the weights of n-grams (``C`` of scikit-learn), ..."""
MEANING_STRENGTH: Final = 3.0
"""... and on those of the embedding."""
ADVERSE: Final = 0.3
"""Weight of a text read to be adverse, in rumours, ..."""
PLAIN: Final = 0.03
"""... and of a text that is neither a cascade nor a claim."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, slots=True)
class Table:
    """All examples."""

    texts: Sequence[str]
    goal: NDArray[np.int64]
    weight: Floats
    family: NDArray[np.int64]
    cascades: int
    """The first so many are cascades."""
    words: Any
    """N-grams, a sparse matrix of scipy, which has no types."""
    vectors: NDArray[np.float32]


def tabulate(cascades: Sequence[Cascade], others: Sequence[Example]) -> Table:
    """The examples with their features; a family of cascades weighs as the root of its size."""
    size = Counter(one.family for one in cascades)
    known = [one for one in others if one.goals.get("adverse")]
    texts = [*(one.text for one in cascades), *(one.text for one in known)]
    goal = [
        *(int(one.rumour) for one in cascades),
        *(int(one.goals["adverse"]["yes"] >= 0.5) for one in known),
    ]
    weight = [size[one.family] ** -0.5 for one in cascades]
    weight += [ADVERSE if claim else PLAIN for claim in goal[len(cascades) :]]
    most = max(size)
    rows = [claim_cells(claim_text(text, None)) for text in texts]
    ends = np.cumsum([0, *(len(row) for row in rows)])
    values = np.concatenate([np.full(len(row), max(1, len(row)) ** -0.5) for row in rows])
    return Table(
        texts=texts,
        goal=np.array(goal),
        weight=np.array(weight),
        family=np.array(
            [*(one.family for one in cascades), *(most + 1 + n for n in range(len(known)))]
        ),
        cascades=len(cascades),
        words=csr_matrix((values, np.concatenate(rows), ends), shape=(len(rows), 1 << CELL_BITS)),
        vectors=vectors_of(texts),
    )


def fit(table: Table, known: NDArray[np.bool_]) -> tuple[Any, Any]:
    """Both linear models, of the n-grams and of the embeddings."""
    found = []
    for rows, strength in ((table.words, WORD_STRENGTH), (table.vectors, MEANING_STRENGTH)):
        model = LogisticRegression(C=strength, max_iter=3000)
        found.append(model.fit(rows[known], table.goal[known], sample_weight=table.weight[known]))
    return found[0], found[1]


def crossed(table: Table) -> Floats:
    """Both scores of every example by models that have not seen its family, shape (examples, 2)."""
    order = np.random.default_rng(7).permutation(table.family.max() + 1)
    fold = order[table.family] % FOLDS
    scores = np.zeros((len(table.goal), 2))
    for out in range(FOLDS):
        for column, (model, rows) in enumerate(
            zip(fit(table, fold != out), (table.words, table.vectors), strict=True)
        ):
            scores[fold == out, column] = model.decision_function(rows[fold == out])
    return scores


def learn(table: Table) -> tuple[ClaimModel, Floats]:
    """The model, and the cross-validated log-odds of all examples.

    How far each score can be trusted is fitted to the scores of models that had not seen the text.
    """
    scores = crossed(table)
    trust = LogisticRegression(C=100.0).fit(scores, table.goal, sample_weight=table.weight)
    worded, meant = fit(table, np.ones(len(table.goal), np.bool_))
    shares = trust.coef_[0]
    weights = worded.coef_[0] * shares[0]
    unit = float(np.abs(weights).max()) / 127
    bias = shares @ np.array([worded.intercept_[0], meant.intercept_[0]]) + trust.intercept_[0]
    model = ClaimModel(
        table=np.round(weights / unit).astype(np.int8),
        unit=unit,
        embedding=(meant.coef_[0] * shares[1]).astype(np.float32),
        bias=float(bias),
    )
    return model, trust.decision_function(scores)


def report(table: Table, odds: Floats) -> None:
    """Print how many rumours are found at three shares of harmless cascades."""
    for name, part in (
        ("cascades", np.arange(len(table.goal)) < table.cascades),
        ("other texts", np.arange(len(table.goal)) >= table.cascades),
    ):
        claims, rest = odds[part & (table.goal == 1)], odds[part & (table.goal == 0)]
        for share in (0.05, 0.15, 0.25):
            limit = np.quantile(rest, 1 - share)
            print(
                f"{name}: {np.mean(claims > limit):.2f} of {len(claims)} claims found "
                f"where {share:.2f} of {len(rest)} others are called so (log-odds {limit:.2f})"
            )


def main() -> None:
    """Command line."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--data", type=Path, default=Path("../shared/data/spread"))
    options.add_argument("--triage", type=Path, default=Path("../shared/data/triage/pool.jsonl.gz"))
    options.add_argument("--sentiment", type=Path, default=Path("../shared/data/sentiment"))
    options.add_argument("--write", action="store_true")
    given = options.parse_args()
    cascades = split_cascades(given.data, given.triage)
    others = [*pool_examples(given.triage), *harm_examples(given.sentiment)]
    table = tabulate([one for one in cascades if one.part == "development"], others)
    model, odds = learn(table)
    report(table, odds)
    if given.write:
        model.save(MODEL_FILE)


if __name__ == "__main__":
    main()
