"""`slipway doctor`, on recorded answers."""
