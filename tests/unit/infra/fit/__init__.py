"""Tests of infra.fit."""
