"""The one place for foreign text: files, JSON, YAML, XML, numbers, escaping. It knows no subject."""
