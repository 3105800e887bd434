"""The method, in words, for the sheet of that name: what was asked, how it was decided, its limits."""

from __future__ import annotations

from collections.abc import Mapping

from credreport.policy import Policy
from credreport.rules import Rule


def method_rows(policy: Policy, rules: Mapping[str, Rule]) -> list[tuple[str, str]]:
    """Return (section, text) pairs, in reading order."""
    days = policy.unused_after_days
    rows = [
        (
            "The question",
            f"Which enabled console passwords and active access keys have not been used for {days} "
            "days or more? Source of the rule: Trend Micro Cloud One Conformity, "
            '"Check for Unused AWS IAM Credentials" (2019).',
        ),
        (
            "Effective last use",
            "The date of last use where the report gives one. Where the credential was never used "
            "(N/A, no_information): the day it was set, that is password_last_changed or "
            "access_key_N_last_rotated. Never the later of the two: a password reset yesterday and "
            "last used 200 days ago is 200 days unused. The Basis column names the source of the date.",
        ),
        (
            "Boundary",
            f"Unused means that {days} x 24 hours or more have passed between the effective last use "
            f"and the as-of, in UTC. At exactly {days} x 24 hours it is unused, one second earlier it "
            "is not. Days are whole elapsed days, rounded down.",
        ),
        (
            "As-of",
            "The instant of judging: given by the user, or the report's own GeneratedTime, or the "
            "stamp in the file's name. Never the clock of the machine, never the file's date. A bare "
            "day means 23:59:59 UTC of that day.",
        ),
        ("Status: unused", f"Active, and {days} days or more since the effective last use."),
        ("Status: current", f"Active, and less than {days} days since the effective last use."),
        (
            "Status: undetermined",
            "The report does not allow a verdict; the reason stands beside it. It is not a pass.",
        ),
        (
            "Status: excluded",
            "The root account's password and active keys: the rule is about IAM users, and root is "
            "meant to lie unused. Shown, not judged"
            + (
                " (this run judges root too, where AWS reports its password)."
                if policy.include_root
                else "."
            ),
        ),
        ("Status: inactive", "Exists or existed, and is switched off."),
        ("Status: absent", "There is no such credential."),
        ("Status: not tracked", "An active signing certificate: AWS records no use of it."),
    ]
    for name in policy.rules:
        rule = rules[name]
        rows.append(
            (
                f"Rule: {rule.id}",
                f"{rule.title}. Measures {rule.measures}; fires at {rule.operator} {days}. Severity "
                f"{rule.severity}. Controls: {'; '.join(rule.controls)}. "
                "A finding's ID is made from account, user, rule and the credential's own birth: it "
                "survives a re-run, a slot swap and a password reset.",
            )
        )
    rows += [
        (
            "Tie-out",
            "Every data row has three judged slots (password, two access keys). Rows x 3 must equal "
            "absent + inactive + excluded + undetermined + unused + current, for each file and in total.",
        ),
        (
            "How Prowler differs",
            "Its check of unused access keys passes a key that was never used (N/A) for ever, and "
            "it fires above the number of days, not at it.",
        ),
        (
            "How Security Hub differs",
            "IAM.8 (90 days) and IAM.22 (45 days) answer for a user as a whole; they do not say "
            "which credential is unused.",
        ),
        (
            "How Steampipe differs",
            "Its benchmark compares calendar dates with the clock of the run, strictly before the "
            "day, and gives one answer for a user as a whole.",
        ),
        (
            "What a credential report cannot show",
            "Access key IDs, third and later keys, SSH keys, service-specific credentials "
            "(CodeCommit, Bedrock API keys), roles, Identity Center users. Nothing unused is a "
            "statement about what the report shows. AWS records key use by the minute and with a lag "
            "of up to hours, and may serve a report up to four hours old. No program can see rows "
            "that were cut off at a line's end, or digits changed inside a valid date: compare the "
            "number of users and the SHA-256 with the source.",
        ),
        (
            "How to re-perform it by hand",
            "Take a row of the sheet Credentials, open its source file at the source line, find the "
            "column that Basis names, and count the days from that date to the as-of of the sheet "
            f"Inputs. {days} or more: unused. Compare the file's SHA-256 with the sheet Inputs.",
        ),
    ]
    return rows
