"""Places where staff are told of alerts: e-mail, and the robots of chat platforms."""
