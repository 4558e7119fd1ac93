"""The parts of the MongoDB store; ``storage.mongodb`` is their door."""
