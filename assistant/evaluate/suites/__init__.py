"""One small file for each family of suites; every ``SUITES`` in this folder is found by itself."""
