"""Output of the AWS CLI, as JSON, YAML or text -> the CSV text of each report in it."""

from __future__ import annotations

import json
import re
import string
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from credreport.files import KeyTwiceError, no_key_twice
from credreport.reports.containers.encodings import (
    Unpacked,
    decode,
    decode_pieces,
    is_base64,
    unpack_base64,
)
from credreport.reports.containers.unsupported import AGAIN, AS_JSON, refused
from credreport.reports.own_output import OwnEvidence, has_report, holds_rows, is_own_document

_BASE64 = re.compile(r"[A-Za-z0-9+/]+={0,2}")
_BLANKS = re.compile(r"\s*")
_NEXT_CELL = re.compile(r"\s*[,;|]|\t\"")
END_OF_TEXT_OUTPUT = re.compile(r"\ttext/csv[ \t\r]*(?:\n|\Z)")
_LETTERS = frozenset(string.printable.encode())
_PART_OF_A_HEADER = "password_enabled"
YAML = re.compile(r"(?:---\s*\n)?\s*(?:- )?Content:")
_YAML_PAIR = re.compile(r"(?:- | {0,4})(?P<key>Content|GeneratedTime|ReportFormat):(?P<value>.*)")
_YAML_BLOCK = re.compile(r"(?:!!binary )?[|>][-+]?")
_LONGEST_FIELD = 100  # letters; a damaged time may say anything
_TIME = re.compile(rf"[0-9]{{4}}-.{{,{_LONGEST_FIELD}}}")
# A time as programs write it, or seconds or milliseconds since 1970.
_TIME_BESIDE = re.compile(
    r"20[0-9]{2}[-/]|20[0-9]{6}T|[0-9]{1,2}[/.][0-9]{1,2}[/.]20[0-9]{2}|[A-Z][a-z]{2}, [0-9]{1,2} |1[0-9]{9}(?:[0-9]{3})?(?![0-9])"
)
_ACCOUNT_BESIDE = re.compile(r"(?:\A|arn:aws[a-z-]*:[a-z0-9-]*:[a-z0-9-]*:)([0-9]{12})(?=:|\Z)")
_LONGEST_REST = 1_000  # letters: what AWS and its libraries answer beside `Content` has some 400
_NO_PYTHON_ESCAPE = re.compile(rb"\n|\\(?!x[0-9a-f]{2}|[nrt'\"])")


def unpack_output_text(name: str, text: str) -> Iterator[Unpacked]:
    """Yield the answers, one per line: base64, time, format, between tabs. Raises InputRefused."""
    place, next_line = 0, 1
    while place < len(text):
        match = END_OF_TEXT_OUTPUT.search(text, place)
        end = match.end() if match else len(text)
        record, line = text[place:end], next_line
        place, next_line = end, line + record.count("\n")
        if not record.strip():
            continue
        fields = record.strip().split("\t")
        contents = [field for field in fields if is_base64(field)]
        times = [field for field in fields if _TIME.fullmatch(field)]
        if len(contents) != 1 or len(times) > 1 or len(fields) != len(times) + 2 or not match:
            found = (
                "looks like `--output text`, but does not have exactly one base64 text and one time"
            )
            raise refused(name, found, AS_JSON, line + len(record) - len(record.lstrip("\n")))
        unpacked = unpack_base64(name, contents[0], "CLI --output text")
        yield replace(unpacked, generated_time=times[0] if times else "")


def is_json_string(text: str) -> bool:
    """Whether the text begins with a JSON string, not with a quoted cell of a CSV."""
    try:
        value, end = json.JSONDecoder().raw_decode(text.lstrip())
    except (ValueError, RecursionError):
        return is_base64(text.strip().strip('"'))
    return isinstance(value, str) and not _NEXT_CELL.match(text.lstrip(), end)


def unpack_json(name: str, text: str) -> Iterator[Unpacked]:
    """Yield the reports of one or more JSON documents; a list contains answers of the CLI.

    Raises InputRefused, and OwnEvidence for what credreport itself wrote.
    """
    documents = _parse_json(name, text)
    answers: list[object] = []
    for document in documents:
        answers += document if isinstance(document, list) else [document]
        if isinstance(document, list) and not all(map(_is_answer, document)):
            found = "a JSON list: a report that another tool has converted"
            raise refused(name, found, AS_JSON)
    if not answers:
        raise refused(name, "an empty JSON list", AGAIN)
    for number, answer in enumerate(answers, 1):
        if isinstance(answer, str):
            yield _unpack_content(name, answer, "JSON text")
        elif isinstance(answer, dict):
            if len(answers) == 1 and is_own_document(answer) and not _is_report_within(answer):
                raise OwnEvidence
            yield _unpack_answer(name, answer, f"answer {number}: " if len(answers) > 1 else "")
        else:
            raise refused(name, "JSON that is neither an object nor a string", AS_JSON)


def _is_report_within(document: Mapping[str, object]) -> bool:
    """Whether a document of ours holds a report besides."""
    return has_report(_texts_in(document)) or holds_rows(document, is_ours=True)


def _is_answer(value: object) -> bool:
    return isinstance(value, dict) and bool({"Content", "State", "Error"} & set(value))


def _unpack_answer(name: str, answer: dict[str, object], which: str) -> Unpacked:
    """Return the report in one answer of the CLI; `which` names it if there are several."""
    if "Content" not in answer:
        if "State" in answer:
            found = (
                "the answer of `generate-credential-report`: it says that a report is being made, and "
                "contains none"
            )
            remedy = "Run `aws iam get-credential-report` and save its output"
            raise refused(name, which + found, remedy)
        if "Error" in answer or "__type" in answer:
            raise refused(name, f"{which}an error message from AWS, not a report", AS_JSON)
        found = "JSON without `Content`: not an answer of get-credential-report"
        raise refused(name, which + found, AS_JSON)
    beside = {key: value for key, value in answer.items() if key != "Content"}
    others = [*_texts_in(beside)]
    if any(map(_is_of_a_report, others)) or holds_rows(beside, is_ours=False):
        found = "another report beside the one in `Content`"
        raise refused(name, which + found, f"{AGAIN}; save one report per file")
    if sum(map(len, others)) > _LONGEST_REST:
        found = f"more than {_LONGEST_REST} letters beside `Content`, which may hold another report"
        raise refused(name, which + found, AS_JSON)
    own = answer.get("GeneratedTime")
    if _has_another_time(beside, has_time=bool(own.strip() if isinstance(own, str) else own)):
        found = "a time beside `Content` that is not its `GeneratedTime`"
        raise refused(name, which + found, AS_JSON)
    time = answer.get("GeneratedTime", "")
    unpacked = _unpack_content(name, answer["Content"], "CLI JSON")
    accounts = {found for text in others for found in _ACCOUNT_BESIDE.findall(text)}
    if accounts and not any(f"::{each}:" in unpacked.text for each in accounts):
        found = f"account {min(accounts)} stands beside `Content`, but the report is not of it"
        raise refused(name, which + found, AGAIN)
    try:
        told = time if isinstance(time, str) else json.dumps(time)
    except RecursionError:
        raise refused(name, f"{which}`GeneratedTime` is no time", AS_JSON) from None
    return replace(unpacked, generated_time=told)


def _has_another_time(beside: Mapping[str, object], *, has_time: bool) -> bool:
    """Whether `GeneratedTime` is there in another spelling or place; if it is missing, whether any time is."""
    waiting: list[tuple[str, object, bool]] = [(key, value, True) for key, value in beside.items()]
    while waiting:
        key, value, is_on_top = waiting.pop()
        is_own = is_on_top and key == "GeneratedTime"
        if not is_own and "".join(filter(str.isalpha, key)).lower() == "generatedtime":
            return True
        texts = [key]
        if isinstance(value, dict):
            waiting += [(each, inner, False) for each, inner in value.items()]
        elif isinstance(value, list):
            waiting += [("", inner, False) for inner in value]
        else:
            texts.append(str(value))
        is_searched = not (is_own or has_time)
        if is_searched and any(_TIME_BESIDE.match(each.strip()) for each in texts):
            return True
    return False


def _texts_in(value: object) -> Iterator[str]:
    """Yield the keys and strings of a JSON value at any depth, and a buffer's letters as a string."""
    waiting = [value]
    while waiting:
        each = waiting.pop()
        if isinstance(each, dict):
            waiting += [*each, *each.values()]
        elif isinstance(each, list):
            waiting += each
            yield "".join(chr(byte) for byte in each if isinstance(byte, int) and byte in _LETTERS)
        elif isinstance(each, str):
            yield each


def _is_of_a_report(text: str) -> bool:
    """Whether a text is the key of a report, or has its header: plain, or in base64, also of UTF-16."""
    letters = "".join(text.split())
    if text.lower() == "content" or _PART_OF_A_HEADER in text or has_report([text]):
        return True
    if not is_base64(letters):
        return False
    return _PART_OF_A_HEADER.encode() in decode_pieces(letters).replace(b"\0", b"")


def unpack_yaml(name: str, text: str) -> Iterator[Unpacked]:
    """Yield the answers in the YAML that the CLI writes: plain keys, one answer after the other.

    It is not YAML in general: whatever else is in it is refused with its line (InputRefused).
    """
    answer: dict[str, list[str]] = {}
    last = ""
    for number, line in enumerate(text.splitlines(), 1):
        match = _YAML_PAIR.fullmatch(line)
        if (
            match is None
            and last == "Content"
            and line.startswith(" ")
            and _BASE64.fullmatch(line.strip())
        ):
            answer[last].append(line.strip())
            continue
        is_start = line.startswith(("- ", "---"))
        if is_start and answer:
            yield _unpack_answer_in_yaml(name, answer)
            answer = {}
        if match is None and (not line.strip() or line.rstrip() in ("---", "...")):
            last = ""
            continue
        is_long = match is not None and len(match["value"]) > _LONGEST_FIELD
        if match is None or (match["key"] != "Content" and (is_long or not answer)):
            found = "YAML that is not as the CLI writes it"
            raise refused(name, found, AS_JSON, number)
        if match["key"] in answer:
            if match["key"] != "Content":
                raise refused(name, "YAML that names a key twice", AS_JSON, number)
            yield _unpack_answer_in_yaml(name, answer)
            answer = {}
        last, value = match["key"], match["value"].strip()
        answer[last] = [] if _YAML_BLOCK.fullmatch(value) else [value.strip("'\"")]
    if answer:
        yield _unpack_answer_in_yaml(name, answer)


def _unpack_answer_in_yaml(name: str, answer: Mapping[str, Sequence[str]]) -> Unpacked:
    unpacked = unpack_base64(name, "\n".join(answer["Content"]), "CLI YAML")
    return replace(unpacked, generated_time="".join(answer.get("GeneratedTime", "")))


def _parse_json(name: str, text: str) -> Sequence[object]:
    """Return the JSON documents, one after the other."""
    decoder = json.JSONDecoder(object_pairs_hook=no_key_twice)
    documents = []
    place = _after_blanks(text, 0)
    try:
        while place < len(text):
            document, end = decoder.raw_decode(text, place)
            documents.append(document)
            place = _after_blanks(text, end)
    except json.JSONDecodeError as error:
        found = f"JSON that cannot be read ({error.msg})"
        remedy = f"{AGAIN}; it may be cut short"
        raise refused(name, found, remedy, error.lineno, error.colno) from None
    except KeyTwiceError:
        remedy = f"{AGAIN}; save one report per file"
        raise refused(name, "JSON that names a key twice", remedy) from None
    except (RecursionError, ValueError):
        found = "JSON nested too deeply, or with a number too long, for a credential report"
        raise refused(name, found, AS_JSON) from None
    return documents


def _after_blanks(text: str, place: int) -> int:
    found = _BLANKS.match(text, place)
    return found.end() if found else place


def _unpack_content(name: str, content: object, container: str) -> Unpacked:
    if isinstance(content, dict) and content.get("type") == "Buffer":
        try:
            data = bytes(list(content["data"]))
        except (KeyError, TypeError, ValueError):
            data = b""
        if not data or set(content) != {"type", "data"}:
            raise refused(name, "`Content` is a damaged buffer", AS_JSON)
        return Unpacked(decode(name, data), f"{container} (buffer)")
    if not isinstance(content, str):
        raise refused(name, "`Content` is not text", AS_JSON)
    if not content.strip():
        raise refused(name, "`Content` is empty", AGAIN)
    if content.startswith(("b'", 'b"')):
        shown = _from_python_text(content)
        if shown is None:
            raise refused(name, "`Content` is a damaged Python text", AS_JSON)
        return Unpacked(decode(name, shown), f"{container} (Python text)")
    if "," in content:
        return Unpacked(
            decode(name, content.encode("utf-8", "surrogatepass")), f"{container} (text)"
        )
    return unpack_base64(name, content, container)


def _from_python_text(text: str) -> bytes | None:
    """Return the bytes that Python shows as `b'...'`; None where it would not show them so."""
    quote, body = text[1], text.strip()[2:-1]
    if len(text.strip()) < 3 or text.strip()[-1] != quote or not body.isascii():
        return None
    raw = body.encode()
    rest = raw.replace(b"\\\\", b"  ")
    if _NO_PYTHON_ESCAPE.search(rest) or re.search(rb"(?<!\\)" + quote.encode(), rest):
        return None
    return raw.decode("unicode_escape").encode("latin-1")
