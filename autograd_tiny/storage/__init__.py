"""Files: written completely or not at all; parameters and graphs as JSON."""
