"""What users said and were answered, kept by the server for those who send only their next message.

types <- store (one SQLite file) <- history (for the event loop)      fit (how much of it a model has room for)

Knows no HTTP and no models. A turn is a question and its answer: there is never one without the other.
"""
