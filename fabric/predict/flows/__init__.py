"""The flows model: when flows and programs of messages over shared links end. It knows no collective by name."""
