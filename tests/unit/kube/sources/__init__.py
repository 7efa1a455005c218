"""Tests of kube/sources/."""
