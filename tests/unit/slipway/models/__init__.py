"""Tests of slipway.models."""
