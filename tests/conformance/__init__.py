"""Others' verdicts against ours: corpora that are fetched, not kept, and judged file by file."""
