"""Tests of the stand-in Pulumi plugins."""
