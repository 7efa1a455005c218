"""`make prices`: public price tables -> infra/cost/data/prices.json, the price book. Same sources, same bytes.

What is read: the generated tables of the Karpenter providers (Go modules, held to their checksums), the price list of
hosted models in the wheel of genai-prices (held to its hash), and what people have written down in infra/cost/data/.
No clock: the book's time is the newest that a table of machines gives for itself.
"""
