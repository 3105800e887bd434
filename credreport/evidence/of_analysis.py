"""Assessment -> Evidence. Pure: the same assessment gives the same evidence."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial

import pandas as pd

from credreport import __version__
from credreport.comparison.comparison import Comparison
from credreport.comparison.tally import comparison_verdict
from credreport.decisions.review import contradiction_sentences
from credreport.evidence.account_names import (
    accounts_section,
    by_owner,
    name_and_owner,
    whose_line,
    with_names,
    with_whole_list,
)
from credreport.evidence.columns import (
    accounts_sheet,
    changes_sheet,
    credentials_sheet,
    decisions_sheet,
    findings_sheet,
    remediation_sheet,
    sample_sheet,
    undetermined_sheet,
    users_sheet,
    waivers_sheet,
)
from credreport.evidence.decided import (
    decision_facts,
    decision_files,
    decision_method,
    decision_sections,
    to_decisions,
)
from credreport.evidence.evidence import (
    Aside,
    Block,
    Captions,
    Chart,
    Code,
    Comment,
    Evidence,
    Line,
    Page,
    Section,
    Sheet,
    SignOff,
    Table,
    Tables,
)
from credreport.evidence.method import method_rows
from credreport.evidence.of_comparison import findings_picture, kinds_block
from credreport.evidence.on_screen import account_counts, rule_counts, status_counts, worst_findings
from credreport.evidence.pictures import ageing_picture, ecdf_picture, worth_drawing
from credreport.evidence.remediation import to_remediation, to_script
from credreport.evidence.sample import Sampling, draw, sample_method
from credreport.evidence.standing import to_rules, to_standing
from credreport.evidence.tables import (
    INPUTS_WIDTHS,
    MASKED_STEM,
    accounts_heading,
    closing_blocks,
    masked_facts,
    name_total,
    reports_block,
    to_band,
    to_bands,
    to_inputs,
    to_left_out,
    to_warnings,
    warning_counts_block,
)
from credreport.reports.normalise import to_rows
from credreport.rules.catalogue import RULES
from credreport.rules.policy import Policy
from credreport.rules.rule import Severity
from credreport.rules.thresholds import UNUSED_AFTER
from credreport.schema import (
    BASELINE,
    CHANGES,
    CREDENTIALS,
    FINDINGS,
    UNDETERMINED,
    USERS,
    Kind,
)
from credreport.text import plural
from credreport.text_storage import storing_python_text
from credreport.verdicts.assessment import Assessment
from credreport.verdicts.tally import (
    Totals,
    account_ids,
    account_rows,
    accounts_words,
    as_of_words,
    judged_count,
    newest_as_of,
    shown_account,
    shown_credential,
    summary_rows,
    to_facts,
    to_parameters,
    to_stem,
    to_title,
    verdict_sentences,
)

TOP_FINDINGS = 10
_TOP_ACCOUNTS = 10
_UNKNOWN = "unknown"
_DAY = len("2026-03-31")
_COUNTS_ON_SCREEN = {
    "Users": "users", "Open": "open", "Unused": "unused", "Current": "current",
    "Undetermined": "undetermined",
}  # fmt: skip
_SUMMARY_WIDTHS = (26, 9, 9.5, 9.5, 9, 13.5, 12, 12.5, 11.5)


@storing_python_text
def of_analysis(
    assessment: Assessment,
    sign_off: SignOff | None = None,
    aside: Aside | None = None,
    since: Comparison | None = None,
    sampling: Sampling | None = None,
    *,
    stem: str = "",
) -> Evidence:
    """Return everything that the formats write of an assessment.

    `since` compares it with an older date: its changes, warnings and reports are included.
    `sampling` asks for a sample of the population; from one that was put aside it was drawn before.
    `stem` is what the names of its files begin with, if its facts do not decide that.
    """
    totals = assessment.totals
    days = assessment.policy.unused_after_days
    stem, title = stem or _stem(assessment, since), to_title(totals)
    captions = Captions(title, _caption(totals), days)
    summary, bands = pd.DataFrame(summary_rows(totals)), to_bands(totals)
    rules = to_rules(assessment) if _has_rules_to_show(assessment) else None
    notices = assessment.notices if since is None else since.notices
    left_out, tie_out = [to_left_out(*_left_out(assessment))], [assessment.tie_out]
    if since is not None:
        left_out.append(to_left_out(*_left_out(since.first), BASELINE))
        total = f"Total of the baseline, {since.days[0]}"
        tie_out.append(name_total(since.first.tie_out, total))
    accounts = _accounts(assessment)
    users = _named(assessment.users, USERS, assessment)
    tables: dict[str, Table] = {
        "findings": with_names(assessment.findings, assessment.accounts)[[*FINDINGS]],
        "undetermined": _named(assessment.undetermined, UNDETERMINED, assessment),
        "users": users,
        "credentials": assessment.credentials[[*CREDENTIALS]],
        "remediation": partial(_remediation, assessment),
        "summary": summary,
        "bands": bands,
        "accounts": accounts,
        "inputs": to_inputs(totals),
        "tie_out": pd.concat(tie_out, ignore_index=True),
        "warnings": to_warnings(notices),
        "left_out": pd.concat(left_out, ignore_index=True),
    }
    has_list = assessment.accounts.file is not None
    if has_list:
        tables["owners"] = by_owner(accounts)
    if rules is not None:
        tables["rules"] = rules
    if assessment.waivers_origin:
        tables["waivers"] = assessment.waivers
    if since is not None:
        tables |= {
            "changes": with_names(since.changes, assessment.accounts)[[*CHANGES]],
            "baseline": to_inputs(since.first.totals),
        }
    review = assessment.review
    if review is not None:
        tables["decisions"] = to_decisions(review, assessment.accounts)
    sample = aside.sample if aside else None
    if sampling is not None and sample is None:
        sample = draw(sampling, assessment.users, assessment.credentials)
    if sample is not None:
        tables["sample"] = with_names(sample.rows, assessment.accounts)
    made = Tables(tables, aside.counts if aside else ())
    pictures, not_drawn = worth_drawing(
        (
            ageing_picture(captions, bands),
            ecdf_picture(captions, assessment.ages),
            *([findings_picture(since)] if since is not None else []),
        )
    )
    facts = to_facts(totals, assessment.waivers_origin)
    footnotes = [f"{label}: {text}" for label, text in decision_facts(review)[1:]]
    facts += [*decision_facts(review), *masked_facts(assessment.masked)]
    if since is not None:
        facts.append((f"Since {since.days[0]}", comparison_verdict(since)))
        footnotes.append(": ".join(facts[-1]))
    if sample is not None:
        facts.append(("Sample", sample.sentence))
        footnotes.append(": ".join(facts[-1]))
    method = [
        *method_rows(assessment.policy, RULES),
        *decision_method(review),
        *sample_method(sample),
    ]
    return Evidence(
        stem=stem,
        heading="Unused IAM credentials",
        title=title,
        sentences=_sentences(assessment),
        facts=tuple(facts),
        sign_off=sign_off or SignOff(),
        parameters={
            "command": "analyze",
            **to_parameters(
                assessment.policy, assessment.waivers_origin, assessment.accounts.origin
            ),
            **({"carry_from_file": str(review.file)} if review else {}),
            **({"masked": assessment.masked} if assessment.masked else {}),
            **({"sample": sample.parameters} if sample else {}),
        },
        ties_out=assessment.is_tied_out and (since is None or since.first.is_tied_out),
        as_of=newest_as_of(totals),
        option_files={**assessment.option_files, **decision_files(review)},
        tables=made,
        csv_tables=("credentials", "findings", *(["changes"] if since is not None else [])),
        summary=Page(
            _SUMMARY_WIDTHS,
            (
                Block(
                    "Credentials by type and status",
                    ("Type", *_spaced(summary.columns[1:])),
                    summary,
                ),
                *([_rules_block(rules)] if rules is not None else []),
                *([kinds_block(f"Changes since {since.days[0]}", since)] if since else []),
                _ageing_block(bands, title, assessment.policy),
                *_top_accounts(made["accounts"], "Accounts" if has_list else "Inputs"),
                *([_owners_block(made["owners"])] if has_list else []),
                warning_counts_block(notices),
            ),
        ),
        make_sheets=partial(_sheets, assessment, made, since, aside, stem, users=users),
        inputs=Page(
            INPUTS_WIDTHS,
            (
                reports_block("Reports judged", made["inputs"]),
                *(
                    [reports_block("Baseline: the older reports of Changes", made["baseline"])]
                    if since is not None
                    else []
                ),
                *([] if has_list else [_accounts_block("Accounts", made["accounts"])]),
                *closing_blocks(made["tie_out"], made["left_out"], made["warnings"]),
            ),
        ),
        method=pd.DataFrame(method, columns=["section", "text"], dtype="str"),
        pictures=pictures,
        not_drawn=not_drawn,
        comment=Comment(
            Block("", ("Type", *_spaced(summary.columns[1:])), summary),
            (
                *(_since_section(since) if since is not None else ()),
                *_top_findings(made["findings"], has_rules=rules is not None),
                *decision_sections(review, assessment.accounts),
                *accounts_section(made["accounts"], "open", "open findings"),
            ),
        ),
        make_script=partial(to_script, assessment),
        make_standing=partial(to_standing, assessment, since),
        shown=(
            *worst_findings(assessment.open_findings),
            *account_counts(accounts, _COUNTS_ON_SCREEN),
            status_counts(summary),
            *([rule_counts(rules)] if rules is not None else []),
        ),
        footnotes=("", *footnotes) if footnotes else (),
        review=review,
        aside=aside,
    )


def _stem(assessment: Assessment, since: Comparison | None) -> str:
    stem = to_stem(assessment.totals, assessment.option_files)
    if since is not None:
        stem += f"-since-{since.days[0][:_DAY]}"
    return stem + MASKED_STEM * bool(assessment.masked)


def _sheets(
    assessment: Assessment,
    tables: Tables,
    since: Comparison | None,
    aside: Aside | None,
    stem: str,
    *,
    users: pd.DataFrame,
) -> tuple[Sheet, ...]:
    """Return the sheets of the workbook with a table each, in their order; `users` may be put aside."""
    counts = dict(aside.counts) if aside else {}
    banded = assessment.credentials[[*CREDENTIALS]].assign(
        band=to_band(assessment.credentials["age_days"], assessment.policy.unused_after_days)
    )
    sheets = [
        findings_sheet(tables["findings"], _no_findings(assessment), assessment.review),
        undetermined_sheet(tables["undetermined"]),
        users_sheet(users, counts.get("users", len(users)), stem),
        *([accounts_sheet(tables["accounts"])] if "owners" in tables else []),
        credentials_sheet(banded, counts.get("credentials", len(banded)), stem),
        *([sample_sheet(tables["sample"])] if "sample" in tables else []),
        remediation_sheet(tables["remediation"]),
    ]
    if since is not None:
        sheets.append(changes_sheet(with_names(since.changes, assessment.accounts), stem))
    if "decisions" in tables:
        sheets.append(decisions_sheet(tables["decisions"]))
    if "waivers" in tables:
        sheets.append(waivers_sheet(tables["waivers"]))
    return tuple(sheets)


def _left_out(assessment: Assessment) -> tuple[Sequence, Sequence, Sequence]:  # type: ignore[type-arg]
    return assessment.refused, assessment.superseded, assessment.skipped


def _has_rules_to_show(assessment: Assessment) -> bool:
    """Whether there is more to say about rules than the default run's two."""
    return not assessment.policy.is_default or bool(assessment.waivers_origin)


def _sentences(assessment: Assessment) -> tuple[str, ...]:
    shown = _findings_sentences(assessment) if _has_rules_to_show(assessment) else []
    shown += contradiction_sentences(assessment.review)
    return tuple(verdict_sentences(assessment.totals, shown))


def _findings_sentences(assessment: Assessment) -> list[str]:
    """Return the number of findings over all rules, what is undecided, and which waivers are not in force."""
    policy = assessment.policy
    number, waived = (
        len(assessment.findings),
        len(assessment.findings) - len(assessment.open_findings),
    )
    sentences = [
        f"{plural(number, 'finding')} over the {plural(len(policy.rules), 'rule')} of profile "
        f"{policy.profile}{', changed by a policy' * bool(policy.origin)}: {number - waived} open, "
        f"{waived} waived."
    ]
    if len(assessment.undecided):
        verdicts = plural(len(assessment.undecided), "verdict")
        sentences.append(f"{verdicts} of rules could not be determined: see Undetermined.")
    for column, state in (("expired_findings", "expired"), ("early_findings", "not yet in force")):
        named = assessment.waivers.loc[assessment.waivers[column].ne(""), "waiver"]
        if len(named):
            sentences.append(f"Waivers {state}: {', '.join(named)}.")
    return sentences


def _caption(totals: Totals) -> str:
    return (
        f"{accounts_words(account_ids(totals))}  |  as of {as_of_words(totals)}  |  n = {judged_count(totals):,}  |  "
        f"threshold {totals.policy.unused_after_days} days  |  credreport {__version__}"
    )


def _no_findings(assessment: Assessment) -> str:
    if _has_rules_to_show(assessment):
        rules = len(assessment.policy.rules)
        return f"No findings: none of the {rules} rules in force was broken"
    days = assessment.policy.unused_after_days
    return f"No findings: no active credential was unused for {days} days or more"


def _accounts(assessment: Assessment) -> pd.DataFrame:
    """Return one row per account: users, open findings by severity, counts of what matters."""
    table = pd.DataFrame(account_rows(assessment.totals))
    found, unsure = assessment.open_findings, assessment.undetermined["account_id"].value_counts()
    severities = [severity.value for severity in Severity]
    counts = pd.crosstab(found["account_id"], found["severity"]).reindex(
        index=table["account_id"], columns=severities, fill_value=0
    )
    table = table.assign(
        undetermined=table["account_id"].map(unsure).fillna(0).astype("int64"),
        open=counts.sum(axis=1).to_numpy(),
        **{name: counts[name].to_numpy() for name in severities},
    )
    order = ["account_id", "name", "owner", "report", "users", "open", *severities]
    return with_whole_list(table, assessment.accounts)[
        [*order, "unused", "current", "undetermined"]
    ]


def _named(table: pd.DataFrame, columns: Iterable[str], assessment: Assessment) -> pd.DataFrame:
    """Return the columns, and name and owner of the account at the end."""
    chosen = table[[*columns]].reset_index(drop=True)
    return with_names(chosen, assessment.accounts)


def _remediation(assessment: Assessment) -> pd.DataFrame:
    remediation = to_remediation(assessment)
    return with_names(remediation, assessment.accounts)


def _spaced(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(name.replace("_", " ") for name in names)


def _rules_block(rules: pd.DataFrame) -> Block:
    """Return what each rule in force found, its control last: a text that may run on."""
    order = ["rule", "severity", "findings", "open", "waived", "undetermined", "fires", "control"]
    headers = ("Rule", "Severity", "Findings", "Open", "Waived", "Undetermined", "Fires", "Control")
    return Block("Findings by rule", headers, rules[order], missing=_UNKNOWN)


def _ageing_block(bands: pd.DataFrame, title: str, policy: Policy) -> Block:
    """Return the credentials by age band; a status of each only where no class has its own limit."""
    heading = "Ageing of active credentials"
    if not bands["count"].any():
        return Block(
            heading, (), pd.DataFrame(), "Nothing to show: no active credential was judged"
        )
    wide = bands.pivot_table(index="band", columns="kind", values="count", sort=False)
    never = bands.groupby("band", sort=False)["never_used"].sum()
    flags = bands.groupby("band", sort=False)["is_unused"].first()
    table = pd.DataFrame(
        {
            "band": wide.index,
            "passwords": wide[Kind.PASSWORD.value].astype(int).to_numpy(),
            "keys": wide[Kind.ACCESS_KEY.value].astype(int).to_numpy(),
            "never": never.to_numpy(),
            "verdict": flags.map({True: "unused", False: "current"}).to_numpy(),
        }
    )
    parts = ", ".join(
        f"{band} days: {passwords + keys}"
        for band, passwords, keys in table[["band", "passwords", "keys"]].itertuples(index=False)
    )
    age = "Days since effective last use"
    alt_text = f"Columns of active credentials by age. {title}. {parts}."
    headers: tuple[str, ...] = (
        age, "Passwords", "Access keys", "of which never used", "Status",
    )  # fmt: skip
    if any(UNUSED_AFTER.name in each.numbers for each in policy.classes):
        table, headers = table.drop(columns="verdict"), headers[:-1]
    chart = Chart(alt_text, age, "Active credentials")
    return Block(heading, headers, table, chart=chart)


def _accounts_block(heading: str, accounts: pd.DataFrame) -> Block:
    """Return the accounts with their counts; name and owner last, in one text that may run on."""
    shown = accounts.assign(
        account_id=accounts["account_id"].map(shown_account),
        who=name_and_owner(accounts),
    )
    headers = (
        "Account", "Users", "Open findings", "Unused", "Current", "Undetermined", "Report",
        "Name, owner",
    )  # fmt: skip
    order = ["account_id", "users", "open", "unused", "current", "undetermined", "report", "who"]
    return Block(heading, headers, shown[order])


def _top_accounts(accounts: pd.DataFrame, sheet: str) -> list[Block]:
    """Return the accounts with most open findings, those without a report first.

    `sheet` has all of them.
    """
    if len(accounts) < 2:
        return []
    top = accounts.sort_values(
        ["open", "unused", "account_id"], ascending=[False, False, True], na_position="first"
    ).head(_TOP_ACCOUNTS)
    heading = accounts_heading(len(accounts) - len(top), sheet)
    return [_accounts_block(heading, top)]


def _owners_block(owners: pd.DataFrame) -> Block:
    headers = (
        "Owner", "Accounts", "Without report", "Users", "Open findings", "Undetermined", "Unused",
    )  # fmt: skip
    order = ["owner", "accounts", "without_report", "users", "open", "undetermined", "unused"]
    return Block("By owner", headers, owners[order])


def _since_section(since: Comparison) -> tuple[Section, ...]:
    """Return what became of the findings of the older date, for the ticket comment."""
    return (Section(f"Since {since.days[0]}:", ((comparison_verdict(since),),), 0, "changes"),)


def _top_findings(findings: pd.DataFrame, *, has_rules: bool) -> tuple[Section, ...]:
    """Return the first of the findings: the most severe, or, of the default rules, the oldest."""
    if findings.empty:
        return ()
    heading = "Unused longest:"
    if has_rules:
        heading = "Worst findings:"
    lines = []
    for finding in to_rows(findings.head(TOP_FINDINGS)):
        credential = shown_credential(finding["credential"])
        line: Line = (*whose_line(finding), f": {credential}, ")
        if not has_rules:
            line += (f"{finding['days']} days",)
        else:
            line += (f"{finding['severity']}, {finding['rule']}",)
            if finding["waiver"]:
                line += (", waived: ", Code(str(finding["waiver"])))
        lines.append((*line, " (", Code(str(finding["finding_id"])), ")"))
    return (Section(heading, tuple(lines), len(findings) - len(lines), "findings"),)
