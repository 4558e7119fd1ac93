"""Alert receivers: e-mail, webhooks and the robots of chat platforms; see ``registry``."""
