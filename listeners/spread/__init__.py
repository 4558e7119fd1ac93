"""What is spreading: bursts per brand, incidents, forecasts of single posts, and severity.

``watch.SpreadWatch`` is the entrance: it receives every recorded mention and raises alerts. Below
it, ``grouping`` puts texts together, ``cascades`` forecasts how far a post goes, ``bursts`` knows
how much is usual, and ``incidents`` keeps what belongs together, judges it, writes it to the store
and words the alerts. See docs/spread.md.
"""
