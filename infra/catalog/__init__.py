"""The models that Slipway can serve and the hardware they need, as data (YAML), and its typed loader."""
