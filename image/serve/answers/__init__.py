"""What a worker tells -> answers in the form of an API.

turns       what is told, choice by choice: begun, said, ended; the same for every API
logprobs    scores of tokens, in OpenAI's two forms
chat, text  chunks of a stream and whole answers, made of the same turns
sse         chunks as server-sent events
"""
