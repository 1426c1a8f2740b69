"""The policy text of tlog-policy: reading and quorums."""

import pytest

from registry.transparency.format.note import COSIGNATURE_ED25519, COSIGNATURE_ML_DSA_44, ED25519
from registry.transparency.format.policy import is_satisfied, least_cosigners, parse_policy
from registry.transparency.format.signer import SeedSigner
from registry.transparency.format.text import Malformed

LOG = SeedSigner("log.example", ED25519, bytes(32)).key.text()
KEYS = {
    name: SeedSigner(f"{name}.example", COSIGNATURE_ED25519, name.encode() * 16).key
    for name in ("X1", "X2", "X3", "Y1", "Y2", "Y3")
}
W = {name: f"witness {name} {key.text()}\n" for name, key in KEYS.items()}
EXAMPLE = (
    f"log {LOG}\n\n{W['X1']}{W['X2']}{W['X3']}group X-witnesses 2 X1 X2 X3\n\n{W['Y1']}{W['Y2']}{W['Y3']}"
    "group Y-witnesses any Y1 Y2 Y3\n\ngroup X-and-Y all X-witnesses Y-witnesses\nquorum X-and-Y\n"
)


@pytest.mark.parametrize(
    ("cosigned", "enough"),
    [("X1 X2 Y1", True), ("X1 X3 Y3 Y2", True), ("X1 Y1 Y2", False), ("X1 X2 X3", False), ("", False)],
)
def test_the_example_of_the_specification(cosigned, enough):
    """Two of the X and any of the Y."""
    policy = parse_policy(EXAMPLE)
    assert enough == is_satisfied(policy, {KEYS[name] for name in cosigned.split()})
    assert (1, 6, 3) == (len(policy.logs), len(policy.witnesses), len(policy.groups))


def test_layout_is_free():
    """Tabs, spaces around, comments, URLs, opaque octets in names and comments."""
    text = "#c\n \t# c \xff\n"
    text += f"  witness\tK\xe2\x84\xaa   {KEYS['X1'].text()}  https://w.example/ \n quorum K\xe2\x84\xaa\t\n"
    policy = parse_policy(text.encode("latin-1"))
    assert is_satisfied(policy, [KEYS["X1"]])
    assert not is_satisfied(policy, [KEYS["X2"]])


def test_a_quorum_may_be_one_witness_or_none():
    """`quorum none` asks for nothing; a witness may be listed and not asked for."""
    assert is_satisfied(parse_policy("quorum none\n"), [])
    only = parse_policy(W["X1"] + W["X2"] + "quorum X2\n")
    assert [False, True] == [is_satisfied(only, [KEYS[name]]) for name in ("X1", "X2")]


def test_post_quantum_witnesses_are_read():
    """tlog-cosignature has two types for witnesses."""
    key = SeedSigner("w", COSIGNATURE_ML_DSA_44, bytes(32)).key
    assert is_satisfied(parse_policy(f"witness a {key.text()}\nquorum a\n"), [key])


@pytest.mark.parametrize(
    "text",
    [
        "",
        W["X1"],
        "quorum X1\n",
        "quorum X1\n" + W["X1"],
        "quorum none\nquorum none\n",
        "quorum none",
        "quorum\n",
        "quorum none x\n",
        "Quorum none\n",
        "unknown\nquorum none\n",
        "quorum none\r\n",
        "quorum none\x00\n",
        "quorum none\x7f\n",
        W["X1"] + W["X1"].replace("X1 X1", "X9 X1") + "quorum none\n",
        W["X1"] + W["X1"] + "quorum none\n",
        f"witness none {KEYS['X1'].text()}\nquorum none\n",
        f"witness a {LOG}\nquorum a\n",
        "witness a\nquorum none\n",
        f"log {KEYS['X1'].text()}\nquorum none\n",
        f"log {LOG}\nlog {LOG}\nquorum none\n",
        f"log {LOG} u u\nquorum none\n",
        W["X1"] + "group g 1 X1 X1\nquorum g\n",
        W["X1"] + "group g 1 X1\ngroup h 1 X1\nquorum g\n",
        W["X1"] + "group g 2 X1\nquorum g\n",
        W["X1"] + "group g 0 X1\nquorum g\n",
        W["X1"] + "group g 01 X1\nquorum g\n",
        W["X1"] + "group g +1 X1\nquorum g\n",
        W["X1"] + "group g some X1\nquorum g\n",
        W["X1"] + "group g any\nquorum g\n",
        W["X1"] + "group g any none\nquorum g\n",
        "group g any g\nquorum g\n",
        W["X1"] + "group X1 any X1\nquorum X1\n",
        W["X1"] + "group g any X1\ngroup g any X1\nquorum g\n",
        "witness a " + KEYS["X1"].text()[:-1] + "\nquorum a\n",
    ],
)
def test_what_the_specification_does_not_allow_is_refused(text):
    """Names in order, once; keys once and of the right type; one quorum; no control characters."""
    with pytest.raises(Malformed):
        parse_policy(text)


def chain(groups):
    """Groups inside each other, with one witness in the innermost."""
    lines = [f"group g{at} any {f'g{at - 1}' if at else 'X1'}\n" for at in range(groups)]
    return f"{W['X1']}{''.join(lines)}quorum g{groups - 1}\n"


def test_policies_are_limited_and_deep_ones_need_no_stack():
    """256 groups inside each other are read and asked; one more is refused, and so are 1,500."""
    policy = parse_policy(chain(256))
    assert (True, False, 1) == (
        is_satisfied(policy, [KEYS["X1"]]),
        is_satisfied(policy, [KEYS["X2"]]),
        least_cosigners(policy),
    )
    for groups in (257, 1500):
        with pytest.raises(Malformed, match="line 258: more than 256 logs, witnesses or groups"):
            parse_policy(chain(groups))


def test_the_same_key_under_another_name_is_a_duplicate():
    """Two vkeys are duplicates when they wrap the same public key."""
    other = SeedSigner("other.example", COSIGNATURE_ED25519, b"X1" * 16).key
    with pytest.raises(Malformed, match="twice"):
        parse_policy(f"{W['X1']}witness b {other.text()}\nquorum none\n")
