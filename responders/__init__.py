"""Responders: decisions, replies, tickets, alerts and the work of staff groups."""
