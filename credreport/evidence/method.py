"""The text of the sheet Method: the policy, how verdicts are reached, their limits."""

from __future__ import annotations

from collections.abc import Mapping

from credreport.rules.peers import SECURITY_HUB
from credreport.rules.policy import Policy
from credreport.rules.profiles import PROFILES
from credreport.rules.rule import Rule
from credreport.rules.thresholds import UNUSED_AFTER
from credreport.verdicts.tally import days_words


def method_rows(policy: Policy, rules: Mapping[str, Rule]) -> list[tuple[str, str]]:
    """Return (section, text) pairs, in reading order."""
    days, words = policy.unused_after_days, days_words(policy)
    limit = words.replace(" or more", "", 1)
    rows = [
        (
            "The question",
            f"Which enabled console passwords and active access keys have not been used for {words}? "
            "Source of the rule: Trend Micro Cloud One Conformity, "
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
            "is not. Days are whole elapsed days, rounded down."
            + " A class of users with its own number has its own boundary."
            * (limit != f"{days} days"),
        ),
        (
            "As-of",
            "The instant of judging: given by the user, or the report's own GeneratedTime, or the "
            "date in the name of the file, its archive or its directory; with --as-of newest, the "
            "newest timestamp in the report. Never the clock of the machine, never the file's date. A "
            "bare day means 23:59:59 UTC of that day.",
        ),
        ("Status: unused", f"Active, and {words} since the effective last use."),
        ("Status: current", f"Active, and less than {limit} since the effective last use."),
        (
            "Status: undetermined",
            "The report does not allow a verdict; the reason is given beside it. It is not a pass.",
        ),
        (
            "Status: excluded",
            "The root account's password and active keys: the rule is about IAM users, and root is "
            "expected to be unused. Shown, not judged"
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
    rows += _profile_rows(policy)
    rows += [(f"Rule: {name}", _rule_words(policy, rules[name])) for name in policy.rules]
    rows += [
        (
            "Tie-out",
            "Every data row has three judged slots (password, two access keys). Rows x 3 must equal "
            "absent + inactive + excluded + undetermined + unused + current, for each file and in total.",
        ),
        (
            "How Prowler differs",
            "Versions 3 to 5: its checks of unused passwords and access keys always pass a credential "
            "that was never used, and fire above the number of days, not at it. Its check of keys judges "
            "those of root like any others. Root counts as used up to 1 day after its last use, by the "
            "password's date wherever there is one.",
        ),
        (
            "How Security Hub differs",
            f"{SECURITY_HUB} IAM.19 fails every user without an MFA device, even one with "
            "nothing active. IAM.9 looks at root's device alone.",
        ),
        (
            "How CIS differs from CIS",
            "Root's MFA: 5.0.0 and later pass where root's password is off; earlier versions do not look "
            "at the password. In AWS GovCloud (US) root cannot sign in to the console, and the "
            "recommendation does not apply; only an active root key counts here.",
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
            "Take a row of the sheet Credentials (or of the CSV that it names), open its source file at "
            "the source line, find the column that Basis names, and count the days from that date to "
            f"the as-of of the sheet Inputs. {words}: unused. Compare the file's SHA-256 with the sheet Inputs.",
        ),
    ]
    return rows


def _profile_rows(policy: Policy) -> list[tuple[str, str]]:
    """Return the profile's own words, where each number comes from, classes of users, waivers."""
    profile = PROFILES[policy.profile]
    words = f"{profile.title}. {profile.words}"
    for name, number in profile.numbers.items():
        words += f" {name} {number.value}: {number.source}."
    known = (profile.number(UNUSED_AFTER.name), *profile.alternatives.get(UNUSED_AFTER.name, ()))
    if policy.unused_after_days not in [number.value for number in known if number]:
        words += f" This run asks for {policy.unused_after_days} days instead."
    if policy.origin:
        words += f" Changed by {policy.origin}."
    rows = [(f"Profile: {policy.profile}", words)]
    for each in policy.classes:
        numbers = ", ".join(f"{name} {number}" for name, number in each.numbers.items())
        text = f"{numbers}. The first class that fits a user's name counts; * is any text, ? any letter."
        rows.append((f"Class of users: {each.match}", text))
    rows.append(
        (
            "Waivers",
            "A waiver is a dated exception. It changes a finding's state from open to waived and "
            "nothing else: the finding stays in the tables and in the counts. It is in force from the "
            "day on which it was approved to the end of the day on which it expires, UTC, judged at the "
            "as-of of the report.",
        )
    )
    return rows


def _rule_words(policy: Policy, rule: Rule) -> str:
    """Return what the rule measures, where it fires, its controls, and how other tools differ."""
    number = policy.number_of(rule)
    here = policy.controls(rule)
    boundary = f"at {rule.boundary(number)}" if rule.parameter else "where that is so"
    words = [
        f"{rule.title}. Measures {rule.measures}; fires {boundary}. Severity {rule.severity}.",
        f"Control of this profile: {'; '.join(here)}." if here else "",
        f"Controls: {'; '.join(rule.controls)}." if rule.controls else "",
        f"How other tools differ: {rule.peers}" if rule.peers else "",
        "A finding's ID is made from account, user, rule and the time when the key or user was created: it "
        "survives a re-run, a slot swap and a password reset.",
    ]
    return " ".join(word for word in words if word)
