"""Measurements side by side with others, one command each; see README.md here."""
