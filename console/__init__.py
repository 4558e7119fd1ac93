"""The web console for staff, the web chat for shoppers, and the HTTP API."""
