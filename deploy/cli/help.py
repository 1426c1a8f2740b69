"""How `--help` looks: room between paragraphs, and the settings as a table."""

import rich_click as click
from rich.panel import Panel
from rich.table import Table

from deploy.settings import TABLE

STYLE = click.RichHelpConfiguration(
    text_markup="rich",
    text_paragraph_linebreaks="\n\n",
    padding_helptext_first_line=(0, 0, 1, 0),
)
"""For ``rich_help_config`` of the group; commands inherit it."""


class CommandWithSettings(click.RichCommand):
    """A command that is set by the environment: its help lists every variable, what it means and its default."""

    def format_epilog(self, ctx: click.RichContext, formatter: click.RichHelpFormatter) -> None:  # type: ignore[override]  # rich-click's own classes narrow the same way
        """Print the table below the options."""
        table = Table.grid(padding=(0, 2))
        table.add_column(style="bold cyan", no_wrap=True)
        table.add_column()
        for setting in TABLE:
            default = f" [dim]\\[{setting.default}][/dim]" if setting.default else ""
            table.add_row(setting.name, f"{setting.meaning}{default}")
        formatter.write(Panel(table, title="Settings from the environment", title_align="left", border_style="dim"))
        super().format_epilog(ctx, formatter)
