"""The page on which an administrator invites and removes people: the link is shown once, and to nobody else."""

import re

from tests.registry.access.organisations_of_each_role import ELSEWHERE, HOME, EachRole
from tests.worlds import World

HERE = {"Origin": "http://registry.test", "Host": "registry.test"}


async def test_an_invitation_is_shown_once(populated: World, each_role: EachRole):
    """The form's own page shows the link; sent again it does not; the address never has the key; no cache keeps it."""
    home, key = each_role.ids[HOME], each_role.keys[HOME, "administrator"]
    path = f"/organisations/{home}/colleagues"
    headers = {**HERE, "Authorization": f"Bearer {key}"}
    page = await populated.http.get(path, headers=headers)
    assert (200, True) == (page.status_code, 'value="member" checked' in page.text)
    form = {"name": "New <i>", "roles[]": "member", "_page": path, "_then": path, "_once": "1", "_key": "one"}
    shown = await populated.http.post(f"/v1{path}", data=form, headers=headers)
    link = re.search(r'data-copy="http://localhost:8000/invitation#(kw_sim_[A-Za-z0-9_-]{43})"', shown.text)
    assert link
    assert (200, "no-store", None) == (
        shown.status_code,
        shown.headers["cache-control"],
        shown.headers.get("location"),
    )
    assert ("New &lt;i&gt;" in shown.text, "<i>" in shown.text) == (True, False)
    first = (await populated.get("/v1/me", by=link[1])).json()
    assert (True, "New <i>") == (first["first_key"], first["name"])
    again = await populated.http.post(f"/v1{path}", data=form, headers=headers)
    assert (200, False) == (again.status_code, "kw_sim_" in again.text)


async def test_what_may_not_be_given_is_not_offered_and_refused(populated: World, each_role: EachRole):
    """The administrator's own role is for two regulators: no box for it, and the form says so if it is sent."""
    home, key = each_role.ids[HOME], each_role.keys[HOME, "administrator"]
    path = f"/organisations/{home}/colleagues"
    headers = {**HERE, "Authorization": f"Bearer {key}"}
    assert 'value="administrator"' not in (await populated.http.get(path, headers=headers)).text
    form = {"name": "New", "roles[]": "administrator", "_page": path, "_then": path, "_once": "1", "_key": "two"}
    answer = await populated.http.post(f"/v1{path}", data=form, headers=headers)
    assert (403, True) == (answer.status_code, "Ask two regulators" in answer.text)


async def test_strangers_do_not_see_the_people(populated: World, each_role: EachRole):
    """Those elsewhere and a member are refused; an auditor looks on without a form; nobody is led to the door."""
    path = f"/organisations/{each_role.ids[HOME]}/colleagues"

    async def look(key: str) -> tuple[int, bool]:
        answer = await populated.http.get(path, headers={"Authorization": f"Bearer {key}"} if key else {})
        return answer.status_code, 'name="roles[]"' in answer.text

    assert (403, False) == await look(each_role.keys[ELSEWHERE, "administrator"])
    assert (403, False) == await look(each_role.keys[HOME, "member"])
    assert (200, False) == await look(each_role.keys[HOME, "auditor"])
    assert (303, False) == await look("")
