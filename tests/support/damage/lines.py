"""Damages to commas, quotes, line ends and lines: the text is a table no longer, or another one."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from urllib.parse import quote

from tests.support.damage.registry import GO, LIE, Chance, of_lines, of_row, of_text, to_table

_PLACE = re.compile("[,\n]")


def _some(chance: Chance, lines: list[str]) -> int:
    """Return the number of a line below the header."""
    return chance.randrange(1, len(lines))


def _places(text: str, sign: str) -> list[int]:
    return [match.start() for match in re.finditer(sign, text)]


def _moved(text: str, at: int, by: int) -> str:
    """Move one letter by so many places."""
    rest = text[:at] + text[at + 1 :]
    to = min(max(at + by, 0), len(rest))
    return rest[:to] + text[at] + rest[to:]


# Commas


@of_lines("trailing comma")
def _(chance: Chance, lines: list[str]) -> None:
    lines[_some(chance, lines)] += ","


@of_lines("leading comma")
def _(chance: Chance, lines: list[str]) -> None:
    at = _some(chance, lines)
    lines[at] = f",{lines[at]}"


@of_lines("trailing comma on every row")
def _(_: Chance, lines: list[str]) -> list[str]:
    return [f"{line}," for line in lines]


@of_lines("trailing comma on the header")
def _(_: Chance, lines: list[str]) -> None:
    lines[0] += ","


@of_lines("trailing comma on all but the header")
def _(_: Chance, lines: list[str]) -> list[str]:
    return [lines[0], *(f"{line}," for line in lines[1:])]


@of_text("comma moved a few letters", LIE)
def _(chance: Chance, text: str) -> str:
    return _moved(text, chance.choice(_places(text, ",")), chance.choice([-3, -2, -1, 1, 2, 3]))


@of_text("comma moved anywhere", LIE)
def _(chance: Chance, text: str) -> str:
    return _moved(text, chance.choice(_places(text, ",")), chance.randint(-400, 400))


@of_text("comma and another letter exchanged", LIE)
def _(chance: Chance, text: str) -> str:
    one, two = sorted((chance.choice(_places(text, ",")), chance.randrange(len(text))))
    return (
        text[:one] + text[two] + text[one + 1 : two] + text[one] + text[two + 1 :]
        if two > one
        else text
    )


@of_text("comma and line end exchanged", GO, LIE)
def _(chance: Chance, text: str) -> str:
    one, two = chance.choice(_places(text, ",")), chance.choice(_places(text, "\n"))
    letters = list(text)
    letters[one], letters[two] = letters[two], letters[one]
    return "".join(letters)


@of_text("comma is another sign")
def _(chance: Chance, text: str) -> str:
    at = chance.choice(_places(text, ","))
    return text[:at] + chance.choice([";", ".", "\t", " ", "\uff0c", "\u201a"]) + text[at + 1 :]


@of_text("delimiter")
def _(chance: Chance, text: str) -> str:
    return text.replace(",", chance.choice([";", "\t", "|", ", ", ",,", " ", "\uff0c", ",\n"]))


# Quotes


@of_text("two quotes", GO)
def _(chance: Chance, text: str) -> str:
    places = [0, *(at + 1 for at in _places(text, "[,\n]"))]
    for at in sorted((chance.choice(places), chance.choice(places) - 1), reverse=True):
        text = text[: max(at, 0)] + '"' + text[max(at, 0) :]
    return text


@of_lines("a line in quotes")
def _(chance: Chance, lines: list[str]) -> None:
    at = chance.randrange(len(lines))
    lines[at] = f'"{lines[at]}"'


@of_text("everything quoted")
def _(chance: Chance, text: str) -> str:
    left, right = chance.choice(['""', "''", ('"', '" '), (' "', '"'), "\u201c\u201d"])
    return "\n".join(",".join(f"{left}{c}{right}" for c in row) for row in to_table(text))


@of_row("a cell in odd quotes")
def _(chance: Chance, row: list[str]) -> None:
    at = chance.randrange(len(row))
    row[at] = chance.choice(['"{}"', "'{}'", "\u201c{}\u201d", '\\"{}\\"', '"""{}"""']).format(
        row[at]
    )


# Line ends


@of_text("line end lost", GO)
def _(chance: Chance, text: str) -> str:
    at = chance.choice(_places(text, "\n"))
    return text[:at] + chance.choice(["", ",", " ", '"']) + text[at + 1 :]


@of_text("line end moved", GO, LIE)
def _(chance: Chance, text: str) -> str:
    return _moved(text, chance.choice(_places(text, "\n")), chance.randint(-60, 60))


@of_text("all line ends lost")
def _(chance: Chance, text: str) -> str:
    return text.replace("\n", chance.choice(["", ",", " ", "\\n", "\\r\\n"]))


@of_text("line ends")
def _(chance: Chance, text: str) -> str:
    return text.replace(
        "\n",
        chance.choice(["\r\n", "\r", "\n\n", "\r\r\n", "\n\r", "\u2028", "\x0b", "\x0c", "\x85"]),
    )


@of_text("line ends of many sorts")
def _(chance: Chance, text: str) -> str:
    return re.sub("\n", lambda _: chance.choice(["\n", "\r\n", "\r", "\n\n", "\n \n"]), text)


@of_text("line broken at a comma")
def _(chance: Chance, text: str) -> str:
    at = chance.choice(_places(text, ","))
    return text[:at] + chance.choice([",\n", "\n,", "\n", "\\\n"]) + text[at + 1 :]


@of_text("lines wrapped")
def _(chance: Chance, text: str) -> str:
    width = chance.choice([64, 72, 76, 80, 120])
    end = chance.choice(["\n", "=\n", "\\\n", "\n "])
    return "\n".join(
        end.join(line[at : at + width] for at in range(0, len(line), width))
        for line in text.split("\n")
    )


@of_lines("lines cut to a width")
def _(chance: Chance, lines: list[str]) -> list[str]:
    width = chance.randint(60, 250)
    return [line[:width] for line in lines]


@of_lines("lines cut in front")
def _(chance: Chance, lines: list[str]) -> list[str]:
    start = chance.randint(1, 9)
    return [line[start:] for line in lines]


# Lines


@of_lines("cut at a row's end", GO)
def _(chance: Chance, lines: list[str]) -> None:
    del lines[chance.randint(1, len(lines) - 1) :]


@of_lines("rows torn", GO, LIE)
def _(chance: Chance, lines: list[str]) -> None:
    """Two lines exchange what stands behind some letter of each."""
    one, two = _some(chance, lines), _some(chance, lines)
    here, there = chance.randrange(len(lines[one])), chance.randrange(len(lines[two]))
    lines[one], lines[two] = (
        lines[one][:here] + lines[two][there:],
        lines[two][:there] + lines[one][here:],
    )


@of_lines("rows torn at one place", GO, LIE)
def _(chance: Chance, lines: list[str]) -> None:
    one, two = chance.sample(range(1, len(lines)), 2)
    at = chance.randrange(min(len(lines[one]), len(lines[two])))
    lines[one], lines[two] = lines[one][:at] + lines[two][at:], lines[two][:at] + lines[one][at:]


@of_lines("two rows in one", GO, LIE)
def _(chance: Chance, lines: list[str]) -> None:
    """A row ends in the middle, and another's rest follows."""
    one, two = chance.sample(range(1, len(lines)), 2)
    here = chance.choice([0, *_places(lines[one], ",")])
    there = chance.choice([0, *_places(lines[two], ",")])
    lines[one] = lines[one][:here] + lines[two][there:]
    del lines[two]


@of_lines("a row inside another")
def _(chance: Chance, lines: list[str]) -> None:
    one, two = chance.sample(range(1, len(lines)), 2)
    at = chance.randrange(len(lines[one]))
    lines[one] = lines[one][:at] + lines[two] + lines[one][at:]


@of_lines("a piece of a row on a line of its own")
def _(chance: Chance, lines: list[str]) -> None:
    line = chance.choice(lines)
    lines.insert(chance.randint(1, len(lines)), line[chance.randrange(len(line)) :])


@of_lines("two rows on a line")
def _(chance: Chance, lines: list[str]) -> None:
    at = _some(chance, lines)
    lines[at - 1 : at + 1] = [lines[at - 1] + chance.choice(["", ",", ";", " ", "\t"]) + lines[at]]


@of_lines("lines sorted")
def _(_: Chance, lines: list[str]) -> None:
    lines.sort()


@of_lines("lines shuffled")
def _(chance: Chance, lines: list[str]) -> None:
    chance.shuffle(lines)


@of_lines("lines doubled")
def _(_: Chance, lines: list[str]) -> list[str]:
    return [line for line in lines for _ in range(2)]


@of_lines("a line of blanks")
def _(chance: Chance, lines: list[str]) -> None:
    line = chance.choice(["", " ", "\t", "\u00a0", '""', "," * 21, " ," * 21 + " ", "\ufeff"])
    lines.insert(chance.randint(0, len(lines)), line)


@of_lines("line in front")
def _(chance: Chance, lines: list[str]) -> None:
    lines.insert(
        0,
        chance.choice(["sep=,", "#TYPE x", "Credential report", ",,,", "", '""', "\ufeff", "x,y"]),
    )


@of_lines("a foreign line")
def _(chance: Chance, lines: list[str]) -> None:
    line = chance.choice(
        [
            "An error occurred (Throttling) when calling the GetCredentialReport operation",
            "<<<<<<< HEAD", "=======", ">>>>>>> main", "--More--", "...", "[truncated]", "(7 rows)",
            "$ exit", "  % Total    % Received % Xferd  Average Speed", "100  1834  100  1834    0     0",
            "\x1b[K:\x1b[K", "--", "EOF", "\x1a", "\x04", "null", "-----END CERTIFICATE-----",
        ]
    )  # fmt: skip
    lines.insert(chance.randint(0, len(lines)), line)


@of_lines("lines with something before them")
def _(chance: Chance, lines: list[str]) -> list[str]:
    start = chance.choice(["> ", "+", "-", " ", "\t", "| ", "# ", "{}:", "{} ", "{},", "file.csv:"])
    return [start.format(number) + line for number, line in enumerate(lines)]


@of_lines("lines with something behind them")
def _(chance: Chance, lines: list[str]) -> list[str]:
    end = chance.choice([" ", "\t", ";", "\\", "\\n", "^M", "$", "\r", " |", "\u200b", "<br>"])
    return [line + end for line in lines]


@of_lines("the middle left out", GO)
def _(chance: Chance, lines: list[str]) -> None:
    first, end = sorted(chance.sample(range(1, len(lines) + 1), 2))
    lines[first:end] = chance.choice(
        [[], ["..."], ["\u2026"], [f"({end - first} more rows)"], [""]]
    )


# The whole text


@of_text("cut anywhere", GO)
def _(chance: Chance, text: str) -> str:
    return text[: chance.randrange(1, len(text))]


@of_text("cut in front", GO)
def _(chance: Chance, text: str) -> str:
    return text[chance.randrange(1, len(text)) :]


@of_text("an invisible letter")
def _(chance: Chance, text: str) -> str:
    at = chance.randrange(len(text))
    letter = chance.choice(
        "\u200b\u200e\u202e\u2060\ufeff\u00ad\u0301\x1b\x7f\x85\u2028\x0b\x0c\x1c"
    )
    return text[:at] + letter + text[at:]


@of_text("one letter is another everywhere", LIE)
def _(chance: Chance, text: str) -> str:
    letter = chance.choice(sorted(set(text)))
    return text.replace(letter, chance.choice("0123456789,;:TZ-+/ \nabcefilnorsuX"))


@of_text("one letter is lost everywhere", LIE)
def _(chance: Chance, text: str) -> str:
    return text.replace(chance.choice(sorted(set(text))), "")


@of_text("one word is another everywhere", LIE)
def _(chance: Chance, text: str) -> str:
    header, rest = text.split("\n", 1)
    words = sorted(set(_PLACE.split(rest)))
    one, two = chance.choice(words), chance.choice(words)
    return f"{header}\n{rest.replace(one, two)}" if one else text


@of_text("capitals")
def _(chance: Chance, text: str) -> str:
    return chance.choice([str.upper, str.lower, str.swapcase, str.title])(text)


_ESCAPES: tuple[Callable[[str], str], ...] = (
    html.escape,
    quote,
    lambda text: quote(text, safe=",\n<>:/+"),
    lambda text: text.replace("/", "\\/"),
    lambda text: text.replace("-", "\\-"),
    lambda text: text.replace("_", "\\_"),
    lambda text: text.encode("unicode_escape").decode(),
    repr,
)


@of_text("signs escaped")
def _(chance: Chance, text: str) -> str:
    return chance.choice(_ESCAPES)(text)


@of_text("typographer's signs")
def _(chance: Chance, text: str) -> str:
    one, two = chance.choice(
        [("-", "\u2013"), ("-", "\u2212"), ("'", "\u2019"), (":", "\uff1a"), ("/", "\u2044"), ("...", "\u2026"),
         ("_", " "), ("<", "\u2039"), (" ", "\u00a0")]
    )  # fmt: skip
    return text.replace(one, two)
