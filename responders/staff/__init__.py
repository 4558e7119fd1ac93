"""Staff groups outside the console: cards, their updates, and the actions of their buttons."""
