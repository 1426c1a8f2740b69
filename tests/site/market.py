"""What people do on the page of an instrument, for the walks that come by it."""

from typing import Any

from playwright.async_api import Locator, Page, expect

from deploy.scenarios.cast import Party
from deploy.scenarios.client import Api

DROPS = """
const listen = EventSource.prototype.addEventListener;
window.toDrop = 0;
EventSource.prototype.addEventListener = function (name, heard) {
  listen.call(this, name, (event) => {
    if (name === "market" && window.toDrop > 0) { window.toDrop -= 1; document.body.dataset.dropped = "one"; return; }
    heard(event);
  });
};
"""
"""A stream some of whose updates do not come: as many as `toDrop` says."""


async def live(page: Page) -> None:
    """The page follows the stream."""
    await expect(page.locator("#live")).to_have_text("live")


async def charted(page: Page) -> None:
    """There is a chart."""
    await expect(page.locator("#chart canvas")).to_be_visible()


def level(page: Page, side: str, fen: int) -> Locator:
    """One price of the book: a side is *bid* or *ask*."""
    return page.locator(f"#book tbody[data-side={side}] tr[data-price='{fen}']")


async def ordered(api: Api, party: Party, code: str, side: str, *, fen: int, tonnes: int) -> dict[str, Any]:
    """An order by the API; the forms of pages use numbers too, so the next one is asked for."""
    balances = await api.get(f"/v1/accounts/{party.account_id}/balances", by=party.key)
    number = balances["last_client_order_id"] + 1
    terms = {"instrument": code, "side": side, "price_fen": fen, "quantity_t": tonnes}
    body = {"account_id": party.account_id, "client_order_id": number, **terms}
    placed: dict[str, Any] = await api.post("/v1/orders", body, by=party.key)
    return placed


async def funded(api: Api, operator: Party, party: Party, reference: str) -> None:
    """Money of a party, booked by the operator."""
    money = {"account_id": party.account_id, "amount_fen": 5_000_00, "reference": reference}
    await api.post("/v1/deposits/cash", money, by=operator.key)


async def offered_at(page: Page, tonnes: int, price: str, net: str) -> None:
    """From the form of a listing, past its preview, to the listing that is there, as one's own."""
    offer = page.locator("#offer")
    await offer.get_by_label("Quantity").fill(str(tonnes))
    await offer.get_by_label("Fixed price").fill(price)
    await expect(offer.locator(".preview")).to_contain_text(f"{tonnes} t")
    await expect(offer.locator(".preview strong")).to_contain_text(net)
    await offer.get_by_role("button", name="Open the listing").click()
    await expect(page.get_by_role("status").filter(has_text="The listing is open.")).to_be_visible()
    await expect(page.locator("li.mine")).to_contain_text("My listing")


async def placed_by_keyboard(page: Page, price: str, tonnes: int, most: str) -> None:
    """`b`, tonnes, price, the preview, and the order."""
    await page.locator("body").press("b")
    await expect(page.locator(".ticket").get_by_label("Quantity")).to_be_focused()
    await page.keyboard.type(str(tonnes))
    await page.locator(".ticket").get_by_label("Price limit").fill(price)
    await expect(page.locator("#preview")).to_contain_text(most)
    await page.get_by_role("button", name="Place the order").click()
    await expect(page.get_by_role("status").filter(has_text="The order is placed.")).to_be_visible()


async def walked_by_keyboard(page: Page, *, best: str, second: str) -> None:
    """`?` shows the keys, Esc ends it; `l` goes to the book, arrows through it, Enter takes a price, Esc goes out."""
    await page.locator("body").press("?")
    await expect(page.get_by_role("dialog")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("dialog")).to_be_hidden()
    await page.locator("body").press("l")
    await expect(page.locator("#book .level:focus")).to_have_text(best)
    await page.keyboard.press("ArrowUp")
    await expect(page.locator("#book .level:focus")).to_have_text(second)
    await page.keyboard.press("Enter")
    ticket = page.locator(".ticket")
    await expect(ticket.get_by_label("Price limit")).to_have_value(second)
    await expect(ticket.get_by_label("Side")).to_have_value("buy")
    await expect(ticket.get_by_label("Quantity")).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(ticket.get_by_label("Quantity")).not_to_be_focused()


async def colour(page: Page, where: str) -> str:
    """The colour of the text there."""
    return str(await page.locator(where).first.evaluate("(it) => getComputedStyle(it).color"))
