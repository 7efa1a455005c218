"""The OpenAPI document: what FastAPI knows of the routes, with examples, answers and errors as they really are.

Data (requests.json, answers.json) and the one function that joins them. Read when somebody asks for the document.
"""
