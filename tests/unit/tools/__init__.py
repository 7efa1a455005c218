"""Tests of tools/: pure parts, and small real processes; no root, no cluster."""
