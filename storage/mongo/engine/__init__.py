"""The database below the repositories: the link to the server, transactions, the schema."""
