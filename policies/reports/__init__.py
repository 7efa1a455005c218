"""A report -> text: for people, JSON, SARIF, JUnit. Pure; none of them ever shows the value of a field."""
