"""One file a channel: events out of a platform, replies into it."""
