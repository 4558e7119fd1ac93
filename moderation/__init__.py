"""Moderation of incoming events and of outgoing replies."""
