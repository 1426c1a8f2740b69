"""
TLS in front of the real service: the nginx configuration of `deploy/proxy`, with a certificate of its own.

nginx speaks to the service from 127.0.0.2, which is the proxy that the service believes; the test itself is 127.0.0.1.
"""

import asyncio
import datetime as dt
import ipaddress
import json
import shutil
import socket
import ssl
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from deploy.local.children import free_port
from registry.kit.headers import HSTS, PAGE_POLICY
from tests.deploy.services import ROOT, Service
from tests.faults.killing import until
from tests.registry.projects.life import some_file

NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
PROXY, HOST = "127.0.0.2", "registry.example.org"
pytestmark = pytest.mark.skipif(not NGINX, reason="nginx is not installed (Debian: apt-get install nginx-light)")


class Proxied:
    """A service and the nginx in front of it."""

    def __init__(self, folder: Path, *, port: int) -> None:
        self.folder = folder
        self.port = port
        self.plain_port = free_port()
        self.https_port = free_port()
        self.log = folder / "nginx-error.log"

    def write(self) -> Path:
        """The shipped configuration with the addresses, ports and files of this test; everything else as it is."""
        shipped = (ROOT / "deploy" / "proxy" / "nginx.conf").read_text()
        passing = (ROOT / "deploy" / "proxy" / "nginx-proxy.conf").read_text()
        changed = {
            "/etc/nginx/kilnwood-proxy.conf": str(self.folder / "passing.conf"),
            "/etc/ssl/kilnwood": str(self.folder),
            "/var/log/nginx/kilnwood.log": str(self.folder / "nginx-access.log"),
            "server 127.0.0.1:8000;": f"server 127.0.0.1:{self.port};",
            "listen 80;": f"listen 127.0.0.1:{self.plain_port};",
            "listen [::]:80;": "",
            "listen 443 ssl http2;": f"listen 127.0.0.1:{self.https_port} ssl http2;",
            "listen [::]:443 ssl http2;": "",
        }
        for theirs, ours in changed.items():
            assert theirs in shipped, theirs
            shipped = shipped.replace(theirs, ours)
        (self.folder / "passing.conf").write_text(f"proxy_bind {PROXY};\n{passing}")
        temporary = "".join(
            f"{name}_temp_path {self.folder}/{name};\n" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        (self.folder / "nginx.conf").write_text(
            f"daemon off;\nmaster_process off;\npid {self.folder}/nginx.pid;\nerror_log {self.log};\n"
            f"events {{}}\nhttp {{\naccess_log off;\n{temporary}{shipped}}}\n"
        )
        return self.folder / "nginx.conf"

    @property
    def trusting(self) -> ssl.SSLContext:
        """What trusts the certificate of this test alone."""
        return ssl.create_default_context(cafile=str(self.folder / "fullchain.pem"))

    def client(self) -> httpx.AsyncClient:
        """A client that comes by TLS."""
        return httpx.AsyncClient(
            base_url=f"https://127.0.0.1:{self.https_port}",
            headers={"Host": HOST},
            verify=self.trusting,
            trust_env=False,
            timeout=30,
        )


def certify(folder: Path) -> None:
    """A key and a certificate that it signs itself, for a day."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)])
    now = dt.datetime.now(dt.UTC)
    address = ipaddress.ip_address("127.0.0.1")
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(HOST), x509.IPAddress(address)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    (folder / "fullchain.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "privkey.pem").write_bytes(secret)


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    """A service that believes the proxy, with few requests a second for an address."""
    folder = Path(tempfile.mkdtemp(prefix="kw-test-", dir="/tmp"))
    folder.chmod(0o755)
    made = Service(folder, {"KILNWOOD_PROXIES": PROXY, "KILNWOOD_RATES": "address=20"})
    try:
        made.start()
        yield made
    finally:
        made.child.stop()
        made.run("stop")
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def proxied(service, tmp_path_factory) -> Iterator[Proxied]:
    """Nginx before it, until it answers."""
    made = Proxied(tmp_path_factory.mktemp("nginx"), port=service.port)
    certify(made.folder)
    assert NGINX
    command = [NGINX, "-e", str(made.log), "-p", str(made.folder), "-c", str(made.write())]
    checked = subprocess.run([*command, "-t"], capture_output=True, text=True, check=False)
    assert 0 == checked.returncode, checked.stderr
    with subprocess.Popen(command) as process:
        try:
            asyncio.run(until_open(made.https_port))
            yield made
        finally:
            process.terminate()


async def until_open(port: int) -> None:
    """Wait until somebody listens."""
    async with asyncio.timeout(60):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.02)
            else:
                writer.close()
                return


async def line_of(service: Service, path: str) -> dict[str, Any]:
    """The service's line about the request for a path of this test's own; it is written after the answer."""

    async def logged() -> list[dict[str, Any]]:
        lines = [each for each in service.log.read_text().split("\n") if "http_request" in each]
        return [found for found in map(json.loads, lines) if found["path"] == path]

    (found,) = await until(logged, f"the request for {path!r} is in the log")
    line: dict[str, Any] = found
    return line


async def test_https_works_and_asks_to_be_used_again(proxied, service):
    """TLS from 1.2 on, the service's own headers once each, HSTS among them; pages are sent over to it."""
    async with proxied.client() as http:
        answer = await http.get("/v1/region")
        assert 200 == answer.status_code
        assert [HSTS] == answer.headers.get_list("strict-transport-security")
        assert ["nosniff"] == answer.headers.get_list("x-content-type-options")
        assert ["frame-ancestors 'none'"] == answer.headers.get_list("content-security-policy")
        assert ["no-store"] == answer.headers.get_list("cache-control")
        page = await http.get("/docs")
        assert PAGE_POLICY == page.headers["content-security-policy"]
        assert HSTS == page.headers["strict-transport-security"]
        for path, status in (("/nowhere", 404), ("/v1/me", 401)):
            refused = await http.get(path)
            assert (status, HSTS) == (refused.status_code, refused.headers["strict-transport-security"])
    async with httpx.AsyncClient(trust_env=False) as http:
        plain = await http.get(f"http://127.0.0.1:{proxied.plain_port}/v1/region?x=1", headers={"Host": HOST})
        assert 403 == plain.status_code, "a program gets an error, not a redirect"
        assert "revoke that key" in plain.text
        page = await http.get(f"http://127.0.0.1:{proxied.plain_port}/projects?x=1", headers={"Host": HOST})
        assert (308, f"https://{HOST}/projects?x=1") == (page.status_code, page.headers["location"])
        direct = await http.get(f"{service.url}/v1/region", headers={"Forwarded": "for=192.0.2.9;proto=https"})
        assert "strict-transport-security" not in direct.headers, "a stranger's word"


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_two_versions_of_tls(proxied, version):
    """The two of today."""
    context = proxied.trusting
    context.minimum_version = context.maximum_version = version
    with (
        socket.create_connection(("127.0.0.1", proxied.https_port), timeout=10) as raw,
        context.wrap_socket(raw, server_hostname=HOST) as wrapped,
    ):
        assert version.name.replace("_", ".") == wrapped.version()


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
def test_no_older_tls(proxied):
    """1.1 is refused by nginx, not only by us."""
    context = proxied.trusting
    context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    context.set_ciphers("ALL:@SECLEVEL=0")
    with (
        socket.create_connection(("127.0.0.1", proxied.https_port), timeout=10) as raw,
        pytest.raises(ssl.SSLError, match="ALERT_PROTOCOL_VERSION"),
    ):
        context.wrap_socket(raw, server_hostname=HOST)


async def test_the_clients_address_is_that_of_the_client(proxied, service):
    """In the log's line it is that of who spoke to nginx, whatever is sent along; without nginx that of the peer."""
    lies = {
        "Forwarded": "for=198.51.100.7;proto=http",
        "X-Forwarded-For": "198.51.100.7",
        "X-Real-IP": "198.51.100.7",
        "X-Forwarded-Proto": "http",
    }
    async with proxied.client() as http:
        for number, headers in enumerate(({}, lies)):
            answer = await http.get(f"/nowhere-{number}", headers=headers)
            assert HSTS == answer.headers["strict-transport-security"]
            assert "127.0.0.1" == (await line_of(service, f"/nowhere-{number}"))["client"]
    transport = httpx.AsyncHTTPTransport(local_address="127.0.0.3", verify=proxied.trusting)
    async with httpx.AsyncClient(transport=transport) as http:
        await http.get(f"https://127.0.0.1:{proxied.https_port}/nowhere-2", headers={"Host": HOST, **lies})
        assert "127.0.0.3" == (await line_of(service, "/nowhere-2"))["client"]
    async with service.client() as http:
        await http.get("/nowhere-3", headers=lies)
        assert "127.0.0.1" == (await line_of(service, "/nowhere-3"))["client"]


async def test_limits_are_each_clients_own(proxied):
    """A client over the limit gets 429 through the proxy, cannot forge its way out, and delays nobody else."""

    def client(address: str) -> httpx.AsyncClient:
        transport = httpx.AsyncHTTPTransport(local_address=address, verify=proxied.trusting)
        url = f"https://127.0.0.1:{proxied.https_port}"
        return httpx.AsyncClient(transport=transport, base_url=url, headers={"Host": HOST})

    async with client("127.0.0.4") as greedy, client("127.0.0.5") as modest:
        answers = await asyncio.gather(*(greedy.get("/v1/region") for _ in range(150)))
        assert {200, 429} == {each.status_code for each in answers}
        lying = await asyncio.gather(
            *(greedy.get("/v1/region", headers={"Forwarded": f"for=198.51.100.{number}"}) for number in range(50))
        )
        refused = [each for each in lying if each.status_code == 429]
        assert len(refused) > 10
        assert {HSTS} == {each.headers["strict-transport-security"] for each in refused}
        assert 200 == (await modest.get("/v1/region")).status_code


async def test_bodies_are_limited_as_by_the_service(proxied, service):
    """1 MB, and 10 MiB for documents: what the service takes passes, what is larger is refused at the door."""
    by = {"Authorization": f"Bearer {await service.regulator()}"}
    async with proxied.client() as http:
        large = await http.post("/v1/people", content=b" " * 1_100_000, headers={**by, "Idempotency-Key": "large"})
        assert 413 == large.status_code
        assert [HSTS] == large.headers.get_list("strict-transport-security"), "nginx's own answers have them too"
        assert ["nosniff"] == large.headers.get_list("x-content-type-options")
        assert ["default-src 'none'; frame-ancestors 'none'"] == large.headers.get_list("content-security-policy")
        document = {**by, "Idempotency-Key": "document", "Content-Type": "application/pdf"}
        taken = await http.post("/v1/documents", content=some_file(10 * 1024 * 1024), headers=document)
        assert taken.status_code in (201, 403), taken.text
        above = await http.post("/v1/documents", content=b"x" * (10 * 1024 * 1024 + 1), headers=document)
        assert 413 == above.status_code


async def test_a_path_that_would_steer_the_terminal_is_escaped(proxied, service):
    """Through the proxy and all: one line, with the path as JSON can say it."""
    async with proxied.client() as http:
        await http.get("/%E2%80%AEgnp%0d%0a%1b%5B31m%7F")
    line = await line_of(service, "/\u202egnp\r\n\x1b[31m\x7f")
    assert "GET" == line["method"]
    (raw,) = [each for each in service.log.read_text().split("\n") if "gnp" in each]
    assert raw.isprintable()


async def test_no_guests_link_is_in_the_proxys_log(proxied):
    """Neither of a page nor of a request of the API, by TLS or in the clear; nor any query."""
    secret = f"G-{'A' * 26}"
    async with proxied.client() as client:
        for path in (f"/e/K7M2QWXZ/{secret}", f"/v1/guests/{secret}", "/notifications/confirm?code=once"):
            await client.get(path)
    async with httpx.AsyncClient(trust_env=False) as clear:
        await clear.get(f"http://127.0.0.1:{proxied.plain_port}/e/K7M2QWXZ/{secret}", headers={"Host": HOST})
    logged = (proxied.folder / "nginx-access.log").read_text()
    assert "GET /e/K7M2QWXZ/G-..." in logged
    assert [] == [each for each in logged.splitlines() if secret in each or "once" in each]
