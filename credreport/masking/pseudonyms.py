"""Names -> pseudonyms, by the kind of name, also within longer texts.

A pseudonym is its kind and an HMAC of the name, whose last letters are an HMAC of the first ones.
So a pseudonym where a name is expected is recognised with the key and left unchanged.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterable

from credreport.masking.key import MaskKey
from credreport.rules import accounts, policy, waivers
from credreport.schema import ACCOUNT_ID, KNOWN_ABSENCES, KNOWN_COLUMNS, NOT_SUPPORTED, ROOT_USER

_LETTERS, _CHECK = 10, 4
_PSEUDONYM = re.compile(rf"([a-z]+)-([a-z2-7]{{{_LETTERS}}})([a-z2-7]{{{_CHECK}}})")
FINDING_ID = re.compile(r"(CR-[0-9A-F]{12})(?![0-9A-F])(-[0-9]+)?")
_ARN = re.compile(r"(arn:aws(?:-cn|-us-gov|-iso(?:-[a-z])?|-eusc)?:iam::)([^:]*):(.*)", re.DOTALL)
_ARN_WITHIN = re.compile(r"arn:[a-z-]*:iam::[^\s'\"`;)]*")
_ACCOUNT_WITHIN = re.compile(r"(?<![0-9])(?<!CR-M)[0-9]{12}(?![0-9])")
# Text in quotes as Python writes it; an apostrophe within a word opens none, and a cut text ends none.
_QUOTED = re.compile(
    r"(?<!\w)'((?:[^'\\]|\\.?)*)(?:'|\Z)|(?<!\w)\"((?:[^\"\\]|\\.?)*)(?:\"|\Z)|`([^`]*)(?:`|\Z)",
    re.DOTALL,
)
_ESCAPED = re.compile(
    r"\\(?:x([0-9a-f]{2})|u([0-9a-f]{4})|U(000[0-9a-f]{5}|0010[0-9a-f]{4})|(.))", re.DOTALL
)
_LINE_ENDS = {"n": "\n", "r": "\r", "t": "\t"}
_REGION = re.compile(r"[a-z]{2,4}(?:-[a-z]{2,9}){1,3}-[0-9]{1,2}|(?:aws-)?global")
_SERVICE = re.compile(r"[a-z][a-z-]{0,30}[0-9]{0,2}")  # nobody knows those of next year
# What a cell may say without naming anybody: dates, numbers, and AWS's own words.
_PLAIN = re.compile(
    r"[0-9]{0,11}|[0-9]{1,4}([-./])[0-9]{1,2}\1[0-9]{1,4}(?:[T ]?[0-9:.]{1,15} ?(?:Z|[-+][0-9:]{2,6})?)?|[0-9]{1,4}[:.][0-9:.]{0,9}"
)
_NUMBER = re.compile(r"[0-9]{5,}")  # in quotes, perhaps a user called by one
_KNOWN_WORDS = frozenset(
    {
        "true",
        "false",
        "unknown",
        "(no column)",
        NOT_SUPPORTED,
        *(each.lower() for each in KNOWN_ABSENCES),
    }
    | {*KNOWN_COLUMNS, "current", "undetermined", "unused"}
)
# What the program itself writes between backticks.
_OWN_WORDS = frozenset(
    {
        *policy.KEYS, *waivers.KEYS, "match", "Content", "GeneratedTime", *accounts.MORE, "#TYPE", "sep=", "newest",
        "--as-of", "--as-of newest", "--output table", "--output text", "report_YYYY-MM-DD.csv", "base64 -d",
        "generate-credential-report", "CSV UTF-8 (comma delimited)", "aws iam get-credential-report",
        "aws iam get-credential-report --output json", "aws organizations list-accounts",
        "credreport analyze", "credreport compare", "credreport inspect", "credreport rules", "user-without-mfa",
    }
)  # fmt: skip
# How the name of a file ends, and what the program adds where it has several reports.
_ENDING = re.compile(
    r"(?:\.(?:csv|json|txt|tsv|zip|b64|toml|xlsx|gz))?(?: \(answer [0-9]+\))?\Z", re.IGNORECASE
)


class Masker:
    """Makes pseudonyms, and remembers the name behind each in `originals`."""

    def __init__(self, key: MaskKey) -> None:
        """Take the key."""
        self.key = key
        self.originals: dict[str, str] = {}
        self._made: dict[tuple[str, str], str] = {}
        self._files: set[str] = set()

    def is_of_another_key(self, text: str) -> bool:
        """Whether a text is a pseudonym, but none that this key makes."""
        found = _PSEUDONYM.fullmatch(text)
        return found is not None and found[3] != self._check(found[1], found[2])

    def name(self, kind: str, text: str) -> str:
        """Return the pseudonym of a name; an empty text and a pseudonym stay as they are."""
        made = self._made.get((kind, text))
        if made is None:
            made = self._made[kind, text] = self._make(kind, text)
        return made

    def _make(self, kind: str, text: str) -> str:
        found = _PSEUDONYM.fullmatch(text)
        if not text or (found and found[3] == self._check(found[1], found[2])):
            return text
        # AWS treats user names that differ only in case as one name.
        told = text.lower() if kind == "user" else text
        letters = _letters(self.key.digest(kind, told), _LETTERS)
        made = f"{kind}-{letters}{self._check(kind, letters)}"
        self.originals.setdefault(made, text)
        return made

    def _check(self, kind: str, letters: str) -> str:
        return _letters(self.key.digest("check", f"{kind}-{letters}"), _CHECK)

    def user(self, text: str) -> str:
        """Return the pseudonym of a user; root stays root."""
        return text if text == ROOT_USER else self.name("user", text)

    def account(self, text: str) -> str:
        """Return twelve digits for an account ID; for any other text, a pseudonym."""
        if not ACCOUNT_ID.fullmatch(text):
            return self.name("account", text)
        number = int.from_bytes(self.key.digest("account", text)) % 10**12
        self.originals.setdefault(f"{number:012d}", text)
        return f"{number:012d}"

    def arn(self, text: str) -> str:
        """Return an ARN of the same shape, with pseudonyms of account, path and name."""
        found = _ARN.fullmatch(text)
        if not found:
            return self.name("arn", text)
        start, account, resource = found.groups()
        if resource != "root":
            sort, *path = resource.split("/")
            sort = sort if sort == "user" else self.name("path", sort)
            path = [self.name("path", each) for each in path[:-1]] + [
                self.user(each) for each in path[-1:]
            ]
            resource = "/".join([sort, *path])
        masked = f"{start}{self.account(account)}:{resource}"
        self.originals.setdefault(masked, text)
        return masked

    def file(self, text: str) -> str:
        """Return the name of a file with pseudonyms of its folders and itself; its ending stays."""
        self._files.add(text)
        parts = re.split(r"([/\\])", text)
        return "".join(
            part if part in ("/", "\\", ".", "..", "") else self._part(part) for part in parts
        )

    def _part(self, part: str) -> str:
        ending = _ending(part)
        stem = part.removesuffix(ending)
        if not stem:
            return self.name("file", part)
        masked = self.name("file", stem) + ending
        self.originals.setdefault(masked, part)
        return masked

    def cell(self, text: str) -> str:
        """Return a cell as reported: a date, a number or AWS's own word as it is, else a pseudonym."""
        is_plain = _PLAIN.fullmatch(text) and not ACCOUNT_ID.fullmatch(text)
        return text if is_plain or text.lower() in _KNOWN_WORDS else self.name("cell", text)

    def region(self, text: str) -> str:
        """Return a region of AWS as it is, else a pseudonym."""
        return text if _REGION.fullmatch(text) else self.cell(text)

    def service(self, text: str) -> str:
        """Return what may be a service of AWS as it is, but for the name of a user; else a pseudonym."""
        is_known = ("user", text) in self._made
        return text if _SERVICE.fullmatch(text) and not is_known else self.cell(text)

    def ids(self, text: str) -> str:
        """Return a text with the Finding IDs in it made anew by the key; `CR-M` begins one that is."""
        return FINDING_ID.sub(self._id, text)

    def _id(self, match: re.Match[str]) -> str:
        digits = self.key.digest("finding", match[1]).hex()[:12].upper()
        made = f"CR-M{digits}{match[2] or ''}"
        self.originals.setdefault(made, match[0])
        return made

    def text(self, text: str) -> str:
        """Return one of the program's sentences without the names in it, which stand in quotes there.

        ARNs, account and Finding IDs are replaced also where they do not.
        """
        masked = _ARN_WITHIN.sub(self._arn_within, self.ids(_QUOTED.sub(self._quoted, text)))
        return _ACCOUNT_WITHIN.sub(self._account, masked)

    def _account(self, match: re.Match[str]) -> str:
        return match[0] if match[0] in self.originals else self.account(match[0])

    def _arn_within(self, match: re.Match[str]) -> str:
        return match[0] if match[0] in self.originals else self.arn(match[0])

    def _quoted(self, match: re.Match[str]) -> str:
        quote = match[0][0]
        inner = next(each for each in match.groups() if each is not None)
        if quote == "`" and inner in _OWN_WORDS:
            return match[0]
        inner = inner if quote == "`" else _as_written(inner)
        return f"{quote}{self._unquoted(inner)}{quote}"

    def _unquoted(self, inner: str) -> str:
        if inner in self.originals or inner == ROOT_USER:
            return inner
        if FINDING_ID.fullmatch(inner):
            return self.ids(inner)
        if ACCOUNT_ID.fullmatch(inner):
            return self.account(inner)
        for kind in ("user", "arn", "file", "path", "text", "pattern", "waiver"):
            if (kind, inner) in self._made:
                return self.name(kind, inner)
        if _ARN.fullmatch(inner):
            return self.arn(inner)
        if _NUMBER.fullmatch(inner):
            return self.name("cell", inner)
        is_file = inner in self._files or _ending(inner)
        return self.file(inner) if is_file else self.cell(inner)


def _ending(name: str) -> str:
    found = _ENDING.search(name)
    return found[0] if found else ""


def _as_written(quoted: str) -> str:
    """Return the text that is quoted like this, with what is written out in it as it was."""
    return _ESCAPED.sub(
        lambda match: (
            chr(int(match[1] or match[2] or match[3], 16))
            if match[4] is None
            else _LINE_ENDS.get(match[4], match[4])
        ),
        quoted,
    )


def _letters(digest: bytes, number: int) -> str:
    return base64.b32encode(digest)[:number].decode("ascii").lower()


def mapped(texts: Iterable[str], change: Callable[[str], str]) -> list[str]:
    """Return the texts changed, calling `change` once for each distinct one."""
    listed = list(texts)
    changed = {text: change(text) for text in dict.fromkeys(listed) if isinstance(text, str)}
    return [changed.get(text, text) for text in listed]
