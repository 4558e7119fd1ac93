"""Tickets about mentions and about replies that could not be sent."""
