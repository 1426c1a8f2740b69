"""`kilnwood demo`: starts a region, plays the season, stops it, and verifies what is left with no network."""

import asyncio
import contextlib
import fcntl
import shutil
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import httpx
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from deploy.demo.offline import alter_one_digit, verify_offline
from deploy.local.children import ChildTrouble
from deploy.local.region import LocalRegion, new_region
from deploy.postgres import server as postgres
from deploy.postgres.programs import PostgresUnavailable
from deploy.processes.first_start import REGULATORS
from deploy.scenarios.cast import CAST, EVENT_IS_OVER, Season, Story
from deploy.scenarios.client import Api, Unexpected
from deploy.scenarios.desks import lay_on_the_desks
from deploy.scenarios.guests import open_the_door
from deploy.scenarios.season import SEASON, play_step
from deploy.settings import read_settings
from deploy.site.entering import Entrant, write_entrants

MARKER = ".kilnwood-demo"
RECEIPT_TIMEOUT_S = 15.0
_POLL_S = 0.05
STATES = ("issued", "active", "held", "buffer", "retired", "cancelled")


class DemoFailed(Exception):
    """The demo stops; the text says at what."""


OF_DEMO: Final = {
    "KILNWOOD_DEMO_OUTBOX": "yes",
    "KILNWOOD_WEBHOOKS_PLAIN": "yes",  # `kilnwood webhooks listen` on the same machine
    "KILNWOOD_WEBHOOKS_PRIVATE": "yes",
}


def play(out: Path, *, seed: int, port: int, serve: bool, console: Console) -> None:
    """Play the whole season into *out*. Raises `DemoFailed`."""
    begun = time.monotonic()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that the children end, whichever signal comes
    try:
        with own_folder(out):
            region = new_region(out, port=port, extra=OF_DEMO)
            with contextlib.ExitStack() as stack:
                stack.callback(_stop, region)
                season, receipts = _play_online(region, seed, out, console)
                region.service.stop()
                region.witness.stop()
                _verify(receipts, out / "trust.json", console)
                _tamper(receipts[0], out / "trust.json", console)
                _print_totals(season, console)
                _print_next(out, receipts[0], time.monotonic() - begun, console)
                if serve:
                    _serve(region, season, out, console)
    except (Unexpected, ChildTrouble, PostgresUnavailable) as error:
        raise DemoFailed(str(error)) from error


def _stop(region: LocalRegion) -> None:
    """End every child; a second Ctrl-C must not leave some of them behind."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    region.stop()


@contextlib.contextmanager
def own_folder(out: Path, *, part: str = "") -> Iterator[None]:
    """
    Empty *out* if an earlier demo made it, or only a *part* of it, and keep others out.

    Raises `DemoFailed` for anybody else's folder.
    """
    marker = out / MARKER
    if out.exists() and not marker.exists() and (not out.is_dir() or any(out.iterdir())):
        raise DemoFailed(f"{out} holds something that no demo made. Choose another folder with --out.")
    out.mkdir(parents=True, exist_ok=True)
    with marker.open("a", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise DemoFailed(f"Another demo runs in {out}. End it, or choose another folder with --out.") from error
        if (out / "data").exists() and not part:
            postgres.remove(out / "data" / "postgres")
        for each in out.iterdir():
            if part and each.name != part:
                continue
            if each.is_dir():
                shutil.rmtree(each)
            elif each != marker:
                each.unlink()
        out.chmod(0o755)  # as root, the database runs as another user and must reach its folder
        file.write("Made by kilnwood demo; the next run empties this folder.\n")
        yield


def _play_online(region: LocalRegion, seed: int, out: Path, console: Console) -> tuple[Season, list[Path]]:
    with console.status("Starting PostgreSQL, the service and a witness…"):
        region.start()
    console.print(
        f"[dim]The service answers at {region.url}, a witness runs beside it; data in {out}/data[/]\n", soft_wrap=True
    )
    return asyncio.run(_season(region, seed, out, console))


async def _season(region: LocalRegion, seed: int, out: Path, console: Console) -> tuple[Season, list[Path]]:
    async with httpx.AsyncClient(base_url=region.url, trust_env=False, timeout=30) as http:
        season = Season(Api(http, seed=str(seed)), region.regulators, seed=seed)
        columns = (
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
        )
        with Progress(*columns, console=console, transient=True) as progress:
            task = progress.add_task("", total=len(SEASON))
            for number, step in enumerate(SEASON, start=1):
                progress.update(task, description=step.title)
                story = await play_step(season, step)
                console.print(f"[bold green]{number:2}[/] [bold]{step.title}[/]")
                for line in story:
                    console.print(f"   {line}", highlight=False, soft_wrap=True, markup=False)
                progress.advance(task)
        (out / "trust.json").write_bytes(region.trust)
        return season, [await _fetch(season, name, out) for name in season.receipts]


async def _fetch(season: Season, name: str, out: Path) -> Path:
    """The receipt as a file; it is there once a witnessed checkpoint covers it."""
    holder = season.parties["bank" if name == "contribution" else "scenic"].key
    until = time.monotonic() + RECEIPT_TIMEOUT_S
    while time.monotonic() < until:
        status, content = await season.api.get_bytes(f"/v1/receipts/{season.receipts[name]}", by=holder)
        if status == httpx.codes.OK:
            path = out / f"{name}.receipt.json"
            path.write_bytes(content)
            return path
        if status != httpx.codes.ACCEPTED:
            raise Unexpected(f"the receipt of the {name} answered {status}: {content.decode()}")
        await asyncio.sleep(_POLL_S)
    raise Unexpected(f"the receipt of the {name} was not witnessed within {RECEIPT_TIMEOUT_S:.0f} s")


def _verify(receipts: list[Path], trust: Path, console: Console) -> None:
    console.print("\n[bold]The service is stopped. Verifying the receipts with no network[/]")
    for receipt in receipts:
        verified = verify_offline([receipt], trust)
        console.print(f"[dim]$ kilnwood verify {receipt} --trust {trust}   ({verified.isolation})[/]", soft_wrap=True)
        console.print(verified.text.rstrip(), highlight=False, soft_wrap=True, markup=False)
        if verified.code:
            raise DemoFailed(f"{receipt} should be valid; verify exited with {verified.code}.")


def _tamper(receipt: Path, trust: Path, console: Console) -> None:
    altered, what = alter_one_digit(receipt.read_bytes())
    folder = receipt.parent / "altered"
    folder.mkdir()
    forged = folder / receipt.name
    forged.write_bytes(altered)
    verified = verify_offline([forged], trust)
    console.print(f"\n[bold]One digit altered[/] ({what}):")
    console.print(verified.text.rstrip(), highlight=False, soft_wrap=True, markup=False)
    if verified.code != 1:
        raise DemoFailed(f"the altered receipt should be refused with 1; verify exited with {verified.code}.")


def _print_totals(season: Season, console: Console) -> None:
    table = Table(title="\nWhere every kilogram is", title_justify="left", box=SIMPLE_HEAD, padding=(0, 1))
    table.add_column("kg", no_wrap=True)
    for state in STATES:
        table.add_column(state, justify="right", no_wrap=True)
    for name, found in season.totals.items():
        table.add_row(name, *(f"{found[f'{state}_kg']:,}" for state in STATES))
    console.print(table)
    region = season.totals["region"]
    console.print(
        f"outstanding {region['outstanding_kg']:,} + buffer {region['buffer_kg']:,} + retired {region['retired_kg']:,} "
        f"+ cancelled {region['cancelled_kg']:,} = issued {region['issued_kg']:,} kg, and no two blocks overlap.",
        highlight=False,
        soft_wrap=True,
    )


def _print_next(out: Path, receipt: Path, seconds: float, console: Console) -> None:
    lines = (
        f".venv/bin/kilnwood verify {receipt} --trust {out}/trust.json",
        f".venv/bin/kilnwood verify {receipt} --trust {out}/trust.json --json",
        f".venv/bin/kilnwood demo --out {out} --serve     [dim]# the same, and the pages stay up: enter as anybody[/]",
        ".venv/bin/kilnwood serve                          [dim]# your own registry in ./.kilnwood[/]",
    )
    console.print(f"\n[bold]Done in {seconds:.1f} s. Try next:[/]")
    for line in lines:
        console.print(f"  {line}", highlight=False, soft_wrap=True)


def _entrant(word: str, folder: Path) -> Entrant:
    """One of the season's people, as the first page offers them."""
    key_file = str((folder / f"{word}.key").resolve())
    if word not in CAST:
        name = {f"regulator-{number}": each for number, each in enumerate(REGULATORS, start=1)}[word]
        place = read_settings({}).authority
        return Entrant(word=word, name=name, organisation=place, roles=("regulator",), key_file=key_file)
    cast = CAST[word]
    return Entrant(word=word, name=cast.person, organisation=cast.name, roles=cast.roles, key_file=key_file)


async def _open_the_door(region: LocalRegion, season: Season) -> Story:
    """What is there to look at beyond the season: added after its figures were checked, for it changes them."""
    async with httpx.AsyncClient(base_url=region.url, trust_env=False, timeout=30) as http:
        season.api = Api(http, seed=f"guests-{season.seed}")
        return [*await open_the_door(season), *await lay_on_the_desks(season)]


def _serve(region: LocalRegion, season: Season, out: Path, console: Console) -> None:
    """Start the region again and keep it up until Ctrl-C."""
    folder = out / "keys"
    folder.mkdir(mode=0o700)
    keys = {f"regulator-{number}": key for number, key in enumerate(season.regulators, start=1)}
    keys |= {word: party.key for word, party in season.parties.items()}
    for word, key in keys.items():
        path = folder / f"{word}.key"
        path.touch(mode=0o600)
        path.write_text(key + "\n", "ascii")
    write_entrants(folder / "people.json", tuple(_entrant(word, folder) for word in keys))
    region.tell({"KILNWOOD_DEMO_PEOPLE": str((folder / "people.json").resolve())})
    region.start()
    address = region.url.replace("127.0.0.1", "localhost")
    guests = asyncio.run(_open_the_door(region, season))
    console.print(
        f"\nThe region is up again. Its business time stands still at {EVENT_IS_OVER}, the evening of the launch "
        f"event. The keys of its people are in {folder} ({', '.join(keys)}); the API is described at "
        f"{region.url}/docs.\n"
        f'[dim]$ curl -H "Authorization: Bearer $(cat {folder}/bank.key)" {region.url}/v1/me[/]\n'
        "\nAfter the figures above, an event with a page for its guests was added.",
        soft_wrap=True,
    )
    for each in guests:
        console.print(f"  {each}", soft_wrap=True)
    console.print("\nOn its first page you enter as any of these with one click:", soft_wrap=True)
    for word in keys:
        who = _entrant(word, folder)
        console.print(f"  {who.name:17} {', '.join(who.roles):22} {who.organisation}", highlight=False, soft_wrap=True)
    console.print(f"\nOpen [bold]{address}/[/] in a browser. Ctrl-C ends it.", soft_wrap=True)
    assert region.service.process is not None, "it was started"
    with contextlib.suppress(KeyboardInterrupt):
        code = region.service.process.wait()
        how = f"was killed ({signal.Signals(-code).name})" if code < 0 else f"ended with {code}"
        again = f"KILNWOOD_DATA_DIR={out}/data KILNWOOD_SIMULATED=yes KILNWOOD_PORT={region.url.rpartition(':')[2]}"
        raise DemoFailed(
            f"The service {how}. What it answered is stored in {out}/data; go on there with\n"
            f"  {again} .venv/bin/kilnwood serve\n"
            f"Its log is {out}/service.log. Running the demo again empties the folder."
        )
    console.print("Stopping…")
