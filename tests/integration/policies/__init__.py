"""The policy pack under the real CLI."""
