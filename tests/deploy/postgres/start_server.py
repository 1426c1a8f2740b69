"""Start the embedded server from a process of its own (arguments: DATA_DIR [USER]), print pid and DSN, then wait."""

import os
import pwd
import sys
from pathlib import Path

from deploy.postgres import server as postgres

if len(sys.argv) > 2:
    # After the imports: that user may be unable to read this interpreter's folder.
    user = pwd.getpwnam(sys.argv[2])
    os.setgroups([])
    os.setgid(user.pw_gid)
    os.setuid(user.pw_uid)
server = postgres.start(Path(sys.argv[1]), settings={"fsync": "off"})
print(server.pid, server.dsn, flush=True)
sys.stdin.read()
