"""Credentials x rules -> findings, and what no rule could determine; the ID of each finding."""

from __future__ import annotations

import hashlib

import pandas as pd

from credreport.reports.normalise import join_texts, to_texts, whole_days
from credreport.rules.catalogue import RULES
from credreport.rules.policy import Policy
from credreport.rules.rule import SEVERITY_RANKS, WHOLE_USER, Rule, Subject
from credreport.rules.waivers import OPEN
from credreport.schema import ACCOUNT_NAMES, FINDINGS, Kind, Status
from credreport.verdicts.credentials import is_active, to_user_facts

_FINDINGS = tuple(name for name in FINDINGS if name not in ACCOUNT_NAMES)
_ABOUT = (
    *("row", "kind", "is_root", "created_at", "set_at", "last_used", "as_of", "user_row"),
    *("twin", "active_credentials"),
)
_IDENTITY = ("account_key", "owner", "kind", "when")
TWIN, ALIKE = "twin", "alike"
_UNDECIDED = ("row", "has_row", "credential", "rule", "reason")


def find(credentials: pd.DataFrame, policy: Policy) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the findings of the policy's rules, rule by rule, and what no rule could determine.

    The findings have the columns of FINDINGS except the names of accounts, and `row` (the
    credential, or the password of the user), `slot`, `kind`, `is_root`, `created_at`, `set_at`,
    `last_used`, `as_of` and `user_row` of what they are about (of a user, the latest use), the
    `twin` of the credential (its column, as in `find_twins`), and the number of the user's
    `active_credentials`; all are open. The second table has a row, a rule and a reason for each
    verdict that the report does not allow; `has_row` is false where the report lacks the row that
    the rule is about, and `row` is another of its rows.
    """
    rules = [RULES[name] for name in policy.rules]
    tables = {Subject.CREDENTIAL: _with_identities(credentials.assign(row=credentials.index))}
    if any(rule.subject is not Subject.CREDENTIAL for rule in rules):
        facts = to_user_facts(credentials).reset_index()
        facts = facts.assign(set_at=facts["created_at"], last_used=facts["latest_use"])
        facts = _with_identities(facts)
        tables[Subject.USER] = facts[~facts["is_root"]]
        tables[Subject.ROOT] = facts[facts["is_root"]]
    rootless = _without_root(credentials)
    broken: list[pd.DataFrame] = []
    unknown: list[pd.DataFrame] = []
    for rule in rules:
        table = tables[rule.subject]
        numbers: pd.Series | int = 0
        if rule.parameter is not None:
            numbers = policy.numbers_for(table["user"], rule.parameter)
        verdict = rule.fires(table, numbers)
        fires, cannot_tell = verdict.fillna(value=False).astype(bool), verdict.isna()
        # One table of each, at least, gives the columns where there is nothing to tell.
        if fires.any() or not broken:
            own = numbers if isinstance(numbers, int) else numbers[fires]
            broken.append(_to_findings(table[fires], rule, own))
        if cannot_tell.any() or not unknown:
            reason = f"{rule.id}: {rule.unknown}"
            told = table.loc[cannot_tell, ["row", "credential"]]
            unknown.append(told.assign(rule=rule.id, reason=reason, has_row=True))
        if rule.subject is Subject.ROOT:
            reason = f"{rule.id}: the report has no root row"
            unknown.append(rootless.assign(rule=rule.id, reason=reason, has_row=False))
    findings = pd.concat([each for each in broken if not each.empty] or broken)
    counts = is_active(credentials).groupby(credentials["user_row"]).sum()
    findings = findings.assign(
        active_credentials=findings["user_row"].map(counts),
        twin=credentials["twin"].loc[findings["row"]].to_numpy(),
    )
    undecided = pd.concat(unknown).sort_values("row", kind="stable", ignore_index=True)
    return findings[[*_FINDINGS, *_ABOUT, "slot"]], undecided[[*_UNDECIDED]]


def find_twins(credentials: pd.DataFrame) -> pd.Series:
    """Return TWIN for keys of a user who got another in the same second, whatever became of it.

    ALIKE for those that were last used in the same minute, too, or never; nothing for others.
    """
    is_key = credentials["kind"].eq(Kind.ACCESS_KEY) & credentials["set_at"].notna()
    keys = credentials.loc[is_key, ["user_row", "set_at", "last_used"]]
    is_twin = keys.duplicated(["user_row", "set_at"], keep=False)
    is_alike = keys.assign(last_used=keys["last_used"].dt.floor("min")).duplicated(keep=False)
    words = is_twin.map({True: TWIN, False: ""}).mask(is_alike, ALIKE)
    return words.reindex(credentials.index, fill_value="").astype("str")


def _without_root(credentials: pd.DataFrame) -> pd.DataFrame:
    """Return the first row of each report that has no root row, as one that is about root."""
    has_root = credentials.groupby("report")["is_root"].transform("any")
    first = credentials.loc[~has_root, "report"].drop_duplicates()
    return pd.DataFrame({"row": first.index, "credential": Subject.ROOT.value})


def _to_findings(broken: pd.DataFrame, rule: Rule, numbers: pd.Series | int) -> pd.DataFrame:
    """Return the rows that break a rule as open findings, with the number that fired."""
    action = pd.Series(rule.action, index=broken.index, dtype="str")
    if rule.note is not None:
        action = action + " (" + rule.note(broken) + ")"
    kept = broken[[name for name in (*_FINDINGS, *_ABOUT, "slot") if name in broken]]
    measured = rule.measurements(broken, numbers)
    return kept.assign(
        finding_id=pd.Series(_name_findings(broken, rule), index=broken.index, dtype="str"),
        rule=rule.id,
        severity=rule.severity.value,
        state=OPEN,
        waiver="",
        action=action,
        **{str(name): column for name, column in measured.items()},
    )


def _name_findings(broken: pd.DataFrame, rule: Rule) -> list[str]:
    """Return a Finding ID for each row, which survives a re-run, a slot swap and a password reset."""
    columns = (broken[name].tolist() for name in (*_IDENTITY, "ordinal"))
    return [
        _to_id(f"{account}\x1f{who}\x1f{rule.id}\x1f{kind}\x1f{when}")
        + (f"-{ordinal + 1}" if ordinal else "")
        for account, who, kind, when, ordinal in zip(*columns, strict=True)
    ]


def _with_identities(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows with what identifies each: the columns of _IDENTITY, and `ordinal`.

    A key is known by its owner and when it was made; a password by its user and when that was made.
    The ordinal counts those with one identity that exist, from 0, whether or not they break a rule.
    Keys of one second and certificates are told apart by their slots; users whose names differ in
    capitals only by these, not by the order of rows.
    """
    is_key = rows["kind"].eq(Kind.ACCESS_KEY)
    made = to_texts(rows["set_at"].where(is_key, rows["created_at"]))
    raw = rows["created_raw"]
    if "set_raw" in rows:
        raw = rows["set_raw"].where(is_key, raw)
    when = pd.Series(made, index=rows.index, dtype="str")
    rows = rows.assign(
        owner=rows["arn"].mask(rows["arn"].fillna("").eq(""), rows["user"]).str.lower(),
        when=when.mask(when.eq(""), raw.fillna("nan")),
    )
    identity = [*_IDENTITY]
    there = rows[rows["status"].ne(Status.ABSENT)] if "status" in rows else rows
    alike = there[there.duplicated(identity, keep=False)]
    alike = alike.sort_values(["user", "arn"], kind="stable")
    ordinal = alike.groupby(identity).cumcount()
    return rows.assign(ordinal=ordinal.reindex(rows.index, fill_value=0))


def _to_id(identity: str) -> str:
    digest = hashlib.sha256(identity.encode("utf-8", "surrogatepass")).hexdigest()
    return f"CR-{digest[:12].upper()}"


def ids_by_credential(credentials: pd.DataFrame, findings: pd.DataFrame) -> pd.Series:
    """Return each credential's finding IDs, separated by blanks, without those of its user."""
    own = findings[~findings["credential"].isin(WHOLE_USER)]
    joined = join_texts(own["finding_id"], own["row"], " ")
    return joined.reindex(credentials.index).fillna("").astype("str")


def in_order(findings: pd.DataFrame) -> pd.DataFrame:
    """Return the findings with the most severe first, then those that have lasted longest."""
    ranked = findings.assign(
        rank=findings["severity"].map(SEVERITY_RANKS),
        age=whole_days(findings["as_of"] - findings["since"]),
    )
    ordered = ranked.sort_values(
        ["rank", "age", "account_id", "user", "slot", "row"],
        ascending=[True, False, True, True, True, True],
        kind="stable",
        ignore_index=True,
    )
    return ordered[[*_FINDINGS, *_ABOUT]]
