"""Tests of slipway/."""
