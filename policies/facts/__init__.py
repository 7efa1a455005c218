"""What several rules must know of a stack: one fact, one module. Knows no rule and no verdict."""
