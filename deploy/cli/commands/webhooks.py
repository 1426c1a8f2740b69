"""`kilnwood webhooks`: a receiver for trying them."""

from typing import IO

import rich_click as click


@click.group()
def webhooks() -> None:
    """Receive webhooks on this machine, to see what they are like."""


@webhooks.command("listen")
@click.option("--port", type=click.IntRange(0, 65535), default=8787, show_default=True, help="0: any that is free.")
@click.option(
    "--secret-file",
    type=click.File("r", "ascii"),
    default="-",
    help="A file with the whsec_… of the webhook; else its first line of standard input.",
)
@click.option("--count", type=click.IntRange(min=1), help="End after so many that were verified.")
@click.option("--json", "as_json", is_flag=True, help="Print each as one line of JSON.")
def webhooks_listen(port: int, secret_file: IO[str], count: int | None, *, as_json: bool) -> None:
    """Print the webhooks that arrive, each once its signature and its time are verified.

    What is not verified is answered with 401 and said on standard error. The registry has to send to this machine:
    KILNWOOD_WEBHOOKS_PLAIN=yes KILNWOOD_WEBHOOKS_PRIVATE=yes, as the demo has it.

    \b
    Examples:
      kilnwood webhooks listen < secret.txt
      kilnwood webhooks listen --port 9000 --secret-file secret.txt --json
    """
    from deploy.local.webhook_receiver import Received, receive

    def show(got: Received) -> None:
        if as_json:
            click.echo(got.line())
        else:
            click.echo(f"{got.timestamp}  {got.kind}  {got.message}\n  {got.data}")

    secret = secret_file.readline().strip()
    if not secret.startswith("whsec_"):
        raise click.UsageError("the secret begins with whsec_: copy it from where the webhook was made")
    try:
        receive(
            port,
            secret,
            count=count,
            began=lambda url: click.echo(f"Listening at {url}", err=True),
            show=show,
            refused=lambda why: click.echo(f"Refused: {why}", err=True),
        )
    except (OSError, ValueError) as error:
        raise click.ClickException(f"cannot listen on port {port}: {error}") from error
