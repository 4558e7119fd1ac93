"""Measures of a grouping of posts against their true incidents."""

from collections import Counter, defaultdict
from collections.abc import Mapping


def grouping(truth: Mapping[str, str], found: Mapping[str, str]) -> str:
    """Purity and B³ figures; both by the id of each post."""
    groups: dict[str, Counter[str]] = defaultdict(Counter)
    sizes = Counter(truth.values())
    for name, label in truth.items():
        groups[found[name]][label] += 1
    total = len(truth)
    purity = sum(max(labels.values()) for labels in groups.values()) / total
    precision = recall = shared = 0.0
    for labels in groups.values():
        inside = sum(labels.values())
        for label, count in labels.items():
            precision += count * count / inside / total
            recall += count * count / sizes[label] / total
            shared += count * count / sizes[label] if sizes[label] > 1 else 0.0
    several = shared / sum(count for count in sizes.values() if count > 1)
    score = 2 * precision * recall / (precision + recall)
    return (
        f"purity {purity:.3f}, B³ precision {precision:.3f}, recall {recall:.3f} "
        f"(of incidents with several posts {several:.3f}), F {score:.3f}, {len(groups)} groups"
    )
