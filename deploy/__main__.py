"""The one entry point. `verify` is dispatched before anything but the standard library is imported."""

import sys


def main() -> None:
    """Run the command that the arguments name; exits with its code."""
    if sys.argv[1:2] == ["verify"]:
        from deploy.cli.verify import main as verify

        sys.exit(verify(sys.argv[2:]))
    try:
        from deploy.cli.program import cli
    except ModuleNotFoundError as error:
        sys.exit(
            f"kilnwood: this command needs the server extra ({error.name} is missing). "
            "In the checkout: pip install '.[server]'"
        )
    cli(prog_name="kilnwood")


if __name__ == "__main__":
    main()
