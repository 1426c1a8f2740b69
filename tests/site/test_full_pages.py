"""Pages at size: as many rows as anybody can ask for, and none is over fifty kilobytes."""

from registry.access.http import PAGE_ROWS
from tests.database import connected
from tests.registry.credits import steps
from tests.site.test_office_pages import signed_in
from tests.site.test_public_pages import LIMIT_BYTES
from tests.worlds import World

ROWS = 220
ORGANISATIONS = """
insert into registry.party (region_id, kind, name, created_at)
select (select min(region_id) from registry.party), 'organisation',
  'An organisation with quite a long name, number ' || n, now() from generate_series(1, $1) n
"""


async def test_a_full_page_stays_small(delivered: World):
    """The lists with every row that may be asked for, and a claim with many retirements; further ones are a page on."""
    bank = delivered.party("bank")
    for number in range(12):
        claim = await delivered.contribution("bank")
        for _ in range(5):
            await steps.retire(delivered, bank, claim, 1 + number)
    async with connected(delivered.dsn) as connection:
        await connection.execute(ORGANISATIONS, ROWS)
    sizes = {}
    for path in ("/organisations", "/retirements", "/claims", "/log/statements", f"/claims/{claim}", "/projects"):
        shown = await delivered.http.get(f"{path}?limit=200", headers=signed_in(bank.key))
        assert 200 == shown.status_code, (path, shown.text[-500:])
        assert shown.text.count("<tr>") <= 1 + PAGE_ROWS or path.startswith("/claims/"), path
        sizes[path] = len(shown.content)
    assert {} == {path: size for path, size in sizes.items() if size > LIMIT_BYTES}
