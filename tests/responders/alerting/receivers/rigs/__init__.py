"""The other ends of alert receivers on the loopback, one module a kind: ``KIND_rig.py``.

Each has ``RIG``, which the contract of receivers finds by the kind's name in the registry.
"""
