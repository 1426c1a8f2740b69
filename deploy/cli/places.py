"""Where a person goes next once the service runs."""

from deploy import secrets
from deploy.settings import Settings


def places(settings: Settings) -> list[str]:
    """Lines with the addresses of the service, first keys that nobody has fetched yet, and how to stop it."""
    url = f"http://{settings.host}:{settings.port}"
    inner = f"http://{settings.inner_host}:{settings.inner_port}"
    lines = [
        f"{settings.region_name} ({settings.region}) is served at {url}",
        f"  API          {url}/docs",
        f"  Operator     {inner}/health/ready, {inner}/metrics",
    ]
    keys = sorted(secrets.folder_of(settings.data_dir).glob("*.key"))
    lines += [f"  First key    {key}: give it to its person, then delete the file" for key in keys]
    return [*lines, "  Stop         Ctrl-C, or kilnwood stop from another terminal"]
