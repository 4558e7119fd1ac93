"""Decisions about mentions: playbook, commands, knowledge base and automatic replies."""
