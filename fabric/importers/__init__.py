"""Results' foreign files, one module per tool: read, checked, made into results. No importer measures or predicts."""
