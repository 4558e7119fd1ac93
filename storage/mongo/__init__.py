"""The store on MongoDB: a repository a file, all built by ``storage.mongo.store``."""
