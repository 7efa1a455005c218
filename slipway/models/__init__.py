"""`slipway models`: the catalog from the command line. What is in it, does it fit, and adding to it."""
