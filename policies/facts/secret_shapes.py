"""Which names and which values look like secrets, in environments and in files of settings.

Knows how tokens of common providers look and how settings are written. Knows no rule and no object; keeps no value and
prints none. It guesses: a name such as SECRET_NAME or MAX_TOKENS is no secret's, and `true`, `${DB_PASSWORD}` or a
path to a file is none.

Sources: kube-linter env-var-secret, Polaris sensitiveContainerEnvVar, Trivy KSV-0109; token formats as their providers
document them.
"""

import re
from collections.abc import Iterator
from typing import Any

from kube.marks import SECRET_TEXT

_SECRET_WORD = re.compile(
    r"PASSWORD|PASSWD|PASSPHRASE|PWD_|SECRET|CREDENTIAL|BEARER"
    r"|_(?:PASS|TOKEN)_"
    r"|_(?:API|ACCESS|PRIVATE|ENCRYPTION|SIGNING|MASTER|ACCOUNT|AZURE_\w+)_?KEYS?_"
    r"|_CLI_KEY_CONTENT_"
)
"""In a name in capitals, its words between underscores."""
_BETWEEN_WORDS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|[^A-Za-z0-9]+")
"""`dbPassword`, `accessKeyIDName`, `client-secret`."""
_WORKING_DIRECTORY = re.compile(r"_(?:OLD)?PWD_")
_ABOUT_A_SECRET = re.compile(
    r"_(?:FILE|PATH|DIR|NAME|REF|URL|URI|ENDPOINT|HEADER|TTL|EXPIRY|SECONDS|LENGTH|LIMIT|COUNT|SIZE|TYPE|POLICY|TOKEN_ID"
    r"|PATTERN|ANNOTATION)_$"
)
"""How names end that tell where a secret is, or what it is like."""

_NO_SECRET = re.compile(
    r"(?i:true|false|yes|no|on|off|null|none|[01])"
    r"|\$\(.*\)|\$\{.*\}|\$[A-Z_][A-Z0-9_]*|\$[a-z]\w*(?:[.:-]\w+)+|\{\{.*\}\}|<.*>"
    r"|[|>][+-]?"  # the value follows on the lines below
    r"|(?:vault:|op://).*"
    r"|(?:/[\w.-]+){2,}"
)
"""Values that stand for themselves whatever the name: flags, references to be filled in, paths."""

_SECRET_VALUE = re.compile(
    r"(?<![A-Za-z0-9])(?:"
    r"hf_[A-Za-z0-9]{16}"  # Hugging Face
    r"|sk-(?=[\w-]{0,60}\d)[\w-]{20}"  # OpenAI, Anthropic
    r"|nvapi-[\w-]{20}"  # NVIDIA NGC
    r"|gh[a-z]_[A-Za-z0-9]{20}|github_pat_\w{20}"
    r"|glpat-[\w-]{20}"
    r"|xox[a-z]-[\w-]{10}"  # Slack
    r"|A[KS]IA[A-Z0-9]{16}"  # AWS
    r"|AIza[\w-]{35}"  # Google
    r"|eyJ[\w-]{8,}\.eyJ[\w-]{8,}\."  # JSON web tokens
    r")"
    r"|-BEGIN [A-Z ]*PRIVATE KEY-"
    r"|://[^\s:/@]*:(?![$<{*])[^\s/@]+@"  # the password of a connection string
    r"|(?i:=[^;\n]{1,200};[ \t]*(?:Password|Pwd|AccountKey|SharedAccessKey)[ \t]*=[ \t]*(?![$<{*])[^;\s])"
    r"|(?i:\bbearer\s+(?=\S*\d)[\w.~+/-]{16})"
)

_ASSIGNMENT = re.compile(
    r"""(?:^|[,{])[ \t]*(?:export[ \t]+|-[ \t]+)?["']?([A-Za-z_][\w.-]*)["']?[ \t]*[:=][ \t]*"""
    r"""(?:"([^"\n]+)"|'([^'\n]+)'|([^\s"',;{}()\[\]]+)(?=[ \t]*(?:$|[,;}]|[ \t]#)))""",
    re.MULTILINE,
)
"""`name = value`, `name: value`, `"name": "value"` in properties, YAML, TOML, JSON and shell; not what is called."""


def is_secret_name(name: Any) -> bool:
    """Whether what has this name is usually a secret: `HF_TOKEN`, `dbPassword`, `client-secret`."""
    return isinstance(name, str) and _names_a_secret(_BETWEEN_WORDS.sub("_", name).upper())


def _names_a_secret(words: str) -> bool:
    framed = f"_{words}_"
    is_about = _WORKING_DIRECTORY.fullmatch(framed) or _ABOUT_A_SECRET.search(framed)
    return not is_about and _SECRET_WORD.search(framed) is not None


def is_secret_value(value: Any) -> bool:
    """Whether the value is a secret by its shape, whatever its name: `hf_...`, a private key, a password in a URL."""
    return isinstance(value, str) and (value == SECRET_TEXT or _SECRET_VALUE.search(value) is not None)


def is_literal(value: Any) -> bool:
    """Whether the value itself could be a secret: text, and no flag, reference or path."""
    return isinstance(value, str) and bool(value.strip()) and not _NO_SECRET.fullmatch(value.strip())


def is_secret(name: Any, value: Any) -> bool:
    """Whether a value under a name is a secret in plain text."""
    return is_secret_value(value) or (is_secret_name(name) and is_literal(value))


def has_secret(text: Any) -> bool:
    """Whether a file of settings holds a secret: by its shape, or as the value of a secret name."""
    return is_secret_value(text) or (isinstance(text, str) and any(is_secret(*pair) for pair in _assignments(text)))


def _assignments(text: str) -> Iterator[tuple[str, str]]:
    for name, *values in _ASSIGNMENT.findall(text):
        yield name, "".join(values)
