"""Detection of what is spreading: bursts, incidents with their severity, and viral posts.

``watch.SpreadWatch`` is the entrance: it receives every recorded mention and raises alerts. Below
it, ``grouping`` puts texts together, ``cascades`` forecasts how far a post goes, ``volume`` and
``brand_lane`` know how much is usual, and ``incidents`` keeps what belongs together, assesses it,
writes it to the store and words the alerts. See docs/explanation/spread.md.
"""
