"""Ranks from start to certain end: launchers, connecting, signs of life, the watchdog. It knows no collective."""
