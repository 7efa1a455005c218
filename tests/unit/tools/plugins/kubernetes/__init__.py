"""Tests of the stand-in Kubernetes provider."""
