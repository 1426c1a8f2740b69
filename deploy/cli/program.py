"""The command line, all but `verify` (see `deploy.__main__`)."""

import rich_click as click

from deploy.cli.commands.bench import bench
from deploy.cli.commands.calendar import calendar
from deploy.cli.commands.calibrate import ablate, calibrate
from deploy.cli.commands.demo import demo
from deploy.cli.commands.documents import documents
from deploy.cli.commands.keys import keys
from deploy.cli.commands.market import market, watch
from deploy.cli.commands.order import order, subscribe
from deploy.cli.commands.reconcile import reconcile
from deploy.cli.commands.recover import recover
from deploy.cli.commands.screenshots import screenshots
from deploy.cli.commands.service import book_day, migrate, sequencer, serve, snapshots, stop
from deploy.cli.commands.simulate import simulate
from deploy.cli.commands.venue import venue
from deploy.cli.commands.verify import verify
from deploy.cli.commands.webhooks import webhooks
from deploy.cli.commands.witness import witness
from deploy.cli.help import STYLE


@click.group(context_settings={"help_option_names": ["-h", "--help"], "rich_help_config": STYLE})
@click.version_option(package_name="kilnwood")
def cli() -> None:
    """A regional offset-credit registry: to the kilogram, with receipts that verify offline.

    \b
    Try first:   kilnwood demo
    Then:        kilnwood serve
                 kilnwood verify FILE --trust trust.json
    """


for _command in (calibrate, ablate):
    simulate.add_command(_command)
_OPERATING = (
    serve,
    sequencer,
    snapshots,
    book_day,
    stop,
    migrate,
    reconcile,
    recover,
    calendar,
    documents,
    keys,
    venue,
    webhooks,
)
_TRADING = (market, order, subscribe, watch)
for _command in (*_OPERATING, *_TRADING, witness, verify, demo, simulate, bench, screenshots):
    cli.add_command(_command)
