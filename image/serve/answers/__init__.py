"""What a worker tells -> answers in the form of an API.

turns       what is told, choice by choice: begun, said, ended; the same for every API
logprobs    scores of tokens, in OpenAI's two forms
chat, text  chunks of a stream and whole answers, made of the same turns
blocks      turns as thoughts, text and calls in a row, for responses (OpenAI's newer API) and anthropic
framing     chunks as events or lines, and errors among them
"""
