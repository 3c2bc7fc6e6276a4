"""The one place for foreign text: YAML, numbers, escaping. It knows no subject."""
