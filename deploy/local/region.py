"""A simulated region in a folder of its own: service, witness, keys and trust, started and stopped as one."""

from dataclasses import dataclass
from pathlib import Path

from deploy.local.children import Child, free_port, own_environment, require_free
from deploy.log_keys import ensure_keys, trust_bytes
from deploy.postgres import server as postgres
from deploy.processes.witness import prepare_witness
from deploy.scenarios.cast import BEGINS
from deploy.settings import read_settings
from registry.kit import private

WITNESS_NAME = "witness.kilnwood.example/demo"
PUBLISH_INTERVAL_S = "0.2"


@dataclass
class LocalRegion:
    """The running parts. *data* and *witness_data* are folders; *url* is where the service answers."""

    folder: Path
    url: str
    service: Child
    witness: Child
    trust: bytes

    @property
    def regulators(self) -> tuple[str, str]:
        """The keys of the two regulators, from the service's data folder."""
        secrets = self.folder / "data" / "secrets"
        first, second = (secrets.joinpath(f"regulator-{number}.key").read_text("ascii").strip() for number in (1, 2))
        return first, second

    def start(self) -> None:
        """Start the witness, then the service, and wait until both answer."""
        self.witness.start()
        self.start_service()

    def start_service(self) -> None:
        """Start the service alone and wait until it is ready. Raises `ChildTrouble`, also for a port that is taken."""
        require_free(int(self.url.rpartition(":")[2]))  # else another service would say that it is ready
        self.service.start()
        self.service.wait_until(f"{self.url}/health/ready")

    def tell(self, settings: dict[str, str]) -> None:
        """Start the service with further settings the next time."""
        self.service.environment |= settings

    def stop(self) -> None:
        """Stop both and the database, also after a kill."""
        self.service.stop()
        self.witness.stop()
        postgres.stop(self.folder / "data" / "postgres")

    def remove(self) -> None:
        """Delete the database, wherever it is; the rest of the folder is the caller's."""
        postgres.remove(self.folder / "data" / "postgres")


def new_region(folder: Path, *, port: int = 0, extra: dict[str, str] | None = None) -> LocalRegion:
    """Make keys for a new region and its witness in *folder*; nothing runs yet. *port* 0: any that is free."""
    data, witness_data = folder / "data", folder / "witness"
    private.make_passed_folder(data)
    (witness_key,) = prepare_witness(witness_data, WITNESS_NAME)
    port, inner_port, witness_port = port or free_port(), free_port(), free_port()
    environment = own_environment(
        {
            "KILNWOOD_DATA_DIR": str(data),
            "KILNWOOD_PORT": str(port),
            "KILNWOOD_INNER_PORT": str(inner_port),
            "KILNWOOD_SIMULATED": "yes",
            "KILNWOOD_BUSINESS_TIME": BEGINS,
            "KILNWOOD_WITNESSES": f"http://127.0.0.1:{witness_port} {witness_key.text()}",
            "KILNWOOD_PUBLISH_INTERVAL_S": PUBLISH_INTERVAL_S,
            **(extra or {}),
        }
    )
    settings = read_settings(environment)
    keys = ensure_keys(settings)
    watched = ["--log-key", keys.log_ed25519.key.text()]
    return LocalRegion(
        folder=folder,
        url=f"http://127.0.0.1:{port}",
        service=Child(["serve"], log=folder / "service.log", environment=environment),
        witness=Child(
            ["witness", "--folder", str(witness_data), "--port", str(witness_port), *watched],
            log=folder / "witness.log",
            environment=environment,
        ),
        trust=trust_bytes(settings, keys),
    )
