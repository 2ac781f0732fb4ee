"""`outpost doctor`: looks at everything a register stands on and says in plain sentences what to do about it."""

import argparse
from collections.abc import Callable, Iterator

from store.register.home import RegisterHome
from tui.commands.doctor_finding import Finding, State
from tui.commands.options import declare_home, declare_json, home_of
from tui.commands.outcome import ExitCode, print_json

EXAMPLE = "example:\n  outpost doctor --json"
MARKS = {State.OK: "ok  ", State.NOTE: "note", State.WARN: "WARN", State.FAIL: "FAIL"}


def declare(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    declare_home(parser)
    declare_json(parser)


def run(options: argparse.Namespace) -> int:
    """Make all checks; 1 when one of them failed."""
    home = home_of(options)
    findings = list(examine(home))
    ok = all(finding.state is not State.FAIL for finding in findings)
    if options.json:
        print_json({"home": str(home.path), "ok": ok, "checks": [finding.as_row() for finding in findings]})
        return ExitCode.DONE if ok else ExitCode.CHECK_FAILED
    for finding in findings:
        print(f"{MARKS[finding.state]}  {finding.name}: {finding.sentence}")
        if finding.cure:
            print(f"      {finding.cure}")
    failed = sum(finding.state is State.FAIL for finding in findings)
    print(
        "\nEverything a register needs is there." if ok else f"\n{failed} of {len(findings)} checks failed."
    )
    return ExitCode.DONE if ok else ExitCode.CHECK_FAILED


def examine(home: RegisterHome) -> Iterator[Finding]:
    """All findings, in the order in which a person would look."""
    from tui.commands import doctor_machine, doctor_register, doctor_surroundings

    checks: tuple[Callable[[RegisterHome], Iterator[Finding]], ...] = (
        doctor_machine.check,
        doctor_register.check,
        doctor_surroundings.check,
    )
    for check in checks:
        yield from check(home)
