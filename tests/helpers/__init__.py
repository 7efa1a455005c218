"""Things that tests share: makers of inputs and small real fakes."""
