"""Tests of infra.manifests."""
