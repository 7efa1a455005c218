"""Tests without network, cluster or compiled libraries."""
