"""HTTP routes, one module per API. They translate; they decide nothing."""
