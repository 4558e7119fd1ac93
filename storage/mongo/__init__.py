"""The parts of the MongoDB store; ``storage.mongo.store`` is their door."""
