"""The web console: live mentions, tickets, alerts, connector health, and the web chat."""
