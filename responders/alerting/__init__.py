"""Alerts: lifecycle, escalation, delivery to receivers, and the pauses they cause."""
