"""The twin's page and charts."""
