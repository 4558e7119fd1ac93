"""Connectors: one package a channel type, which reads events from a platform and sends replies.

``registry.py`` lists the types. Packages use the same file names for the same purpose:
``settings``, ``client`` (the platform's API), ``errors``, ``events`` (its JSON as Events),
``limits``, ``receive``, ``send`` and ``connector`` (the class that puts them together).
"""
