"""What is told of the server to those who watch it. tracing/ has the real tracer.

metrics    counted as it happens; model_metrics, machine_metrics: read at the scrape
records    one generation as a value, for the log line, metrics and the trace
gpu        NVIDIA's own library, where there is one
traces     which trace a request belongs to
"""
