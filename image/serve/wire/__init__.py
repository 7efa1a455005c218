"""Request bodies -> GenerateRequests, the type that proves validity. Nothing after it checks a request.

sampling <- form <- common <- chat, completion, native      messages, tools, prompts <- them
chat <- responses (items, flat_tools), anthropic (its blocks, its tools)    OpenAI's newer API and Anthropic's, as chats
chat, completion <- ollama/                                 Ollama's, as either
embedding, rerank                                           what makes vectors and scores

Unknown fields are ignored, as clients send many; fields that would change the answer and are not served are refused, so
that nobody takes one answer for another. Names are OpenAI's; what OpenAI does not have is named as llama.cpp does.
"""
