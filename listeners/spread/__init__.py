"""What is spreading: volume per brand, incidents, the forecast of one post, and severity."""
