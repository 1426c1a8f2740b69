"""The one entry point. `verify` is dispatched before anything but the standard library is imported."""

import sys

VERIFIER_HELP = """Usage: kilnwood verify FILE... --trust trust.json

Check receipts offline. Only the verifier is installed here: `kilnwood verify --help` has its options and examples.
The other commands need the server extra. In the checkout: pip install '.[server]'"""


def main() -> None:
    """Run the command that the arguments name; exits with its code."""
    if sys.argv[1:2] == ["verify"]:
        from deploy.cli.verify import main as verify

        sys.exit(verify(sys.argv[2:]))
    try:
        from deploy.cli.program import cli
    except ModuleNotFoundError as error:
        if sys.argv[1:] == ["--version"]:
            from importlib.metadata import version

            print(f"kilnwood, version {version('kilnwood')}")
        elif sys.argv[1:] in ([], ["--help"], ["-h"]):
            print(VERIFIER_HELP)
        else:
            sys.exit(
                f"kilnwood: this command needs the server extra ({error.name} is missing). "
                "In the checkout: pip install '.[server]'"
            )
        return
    cli(prog_name="kilnwood")


if __name__ == "__main__":
    main()
