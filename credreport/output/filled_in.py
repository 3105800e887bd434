"""The workbook that is to be replaced -> why it must not be: what an auditor filled in there."""

from __future__ import annotations

import shlex
from pathlib import Path

from credreport.decisions.decision import OPTION, Decisions
from credreport.decisions.workbook import MAX_BYTES, parse_workbook
from credreport.errors import UsageError
from credreport.evidence.evidence import SignOff
from credreport.files import read_bounded
from credreport.text import plural


def reason_to_keep(
    path: Path, carried: Decisions, sign_off: SignOff, *, is_as_written: bool
) -> str:
    """Return why the workbook must not be replaced, and what to do; empty where it may be.

    It may be if `carried` was read from these very bytes, or if nothing is filled in beyond what
    was carried over and what the new `sign_off` also says. `is_as_written` says that nobody changed
    it since it was written, so that its sign-off comes from options.
    """
    elsewhere = "move it elsewhere, or choose another -o"
    try:
        found = parse_workbook(path.name, read_bounded(path, MAX_BYTES), is_carried=False)
    except (UsageError, OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error).split("\n")[0]
        reason = reason.removeprefix(OPTION).strip(" .")
        return (
            f"{path} may have decisions that cannot be read, so not even --force replaces it "
            f"({reason}); {elsewhere}"
        )
    if found.tested and not is_as_written:
        rows = plural(found.tested, "result")
        return (
            f"{path} has {rows} of the sample filled in, which not even --force replaces and "
            f"{OPTION} does not take over; {elsewhere}"
        )
    if found.added:
        return (
            f"{path} has {found.added[0]}, which somebody added: not even --force replaces it, and {OPTION} "
            f"does not take that over; {elsewhere}"
        )
    if carried.file and found.file and carried.file.sha256 == found.file.sha256:
        return ""
    known = {each.content for each in carried}
    decided = sum(each.content not in known for each in found)
    same = {sign_off.control, sign_off.system, sign_off.prepared_by, sign_off.ticket}
    signed = [] if is_as_written else [label for label, text in found.signed if text not in same]
    words = [plural(decided, "decision")] if decided else []
    words += [f"the sign-off ({', '.join(signed)})"] if signed else []
    if not words:
        return ""
    return (
        f"{path} has {' and '.join(words)} filled in, which not even --force replaces. "
        f"Add {OPTION} {shlex.quote(str(path))} --force to take the decisions over; or {elsewhere}"
    )
