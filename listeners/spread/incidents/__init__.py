"""Incidents as they go on: their posts, severity, records in the store, and alerts."""
