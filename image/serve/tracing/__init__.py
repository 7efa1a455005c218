"""OpenTelemetry: a span for each HTTP request, with children for the parts of its generations, sent to a collector.

Imported only where the environment names a collector (endpoint.py, which imports nothing of it). The variables are
OpenTelemetry's own. What is sent is names, counts and times: never what was asked or answered.
"""
