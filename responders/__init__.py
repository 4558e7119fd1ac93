"""What to do: decide, answer, draft, ticket, alert."""
