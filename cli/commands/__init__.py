"""One module a group of commands, each listed in ``cli.main``."""
