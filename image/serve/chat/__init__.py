"""Conversations in, prompts out; generated text in, content, reasoning and tool calls out.

types <- budget <- sandbox <- template <- probe <- turns <- plan     in the worker, once per request
types <- machine <- calls, thinking <- formats <- constraints <- plan
types <- machine <- calls, thinking <- formats <- parse              in the HTTP process, once per token
types <- shorten                                                     in the HTTP process, for what is too long

plan needs the model's template; parse needs only what plan said of it: the name of a format and the text that the
prompt already opened. So nothing of Jinja runs where HTTP is served, and no token crosses twice.
"""
