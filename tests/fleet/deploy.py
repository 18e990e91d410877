"""What was compiled comes to the running nodes, as a deploy would bring it:
only files that differ, tables before the main.cf that names them, and only the
daemons concerned take notice."""

import re
import subprocess
from concurrent.futures import ThreadPoolExecutor

from fleet import DIR, HERE, MAILC, NODES, run_on, services

DAEMONS = {"etc/rspamd/": "rspamd", "etc/default/postsrsd": "postsrsd",
           "etc/dovecot/": "dovecot"}


def compiled(env, out):
    """Whether mailc compiles an environment, and what it says."""
    done = subprocess.run(
        [MAILC, "-q", "-C", env, "compile", "--no-sync", "-o", out],
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        check=False)
    return done.returncode == 0, done.stderr


def manifest(out, node):
    """path: mode and digest of each file of a node."""
    files = {}
    with open(f"{out}/{node}.example.org/MANIFEST", encoding="ascii") as lines:
        for line in lines:
            if not line.startswith("#"):
                mode, digest, _, path = line.rstrip("\n").split(" ", 3)
                files[path] = (mode, digest)
    return files


def read(path):
    with open(path, encoding="utf-8") as f:
        return f.read()


class Nodes:
    """What the running nodes have, which began with the tree `out`."""

    def __init__(self, out):
        self.files = {node: manifest(out, node) for node in NODES}
        self.start = {node: self.read_at_start(out, node) for node in NODES}

    @staticmethod
    def read_at_start(out, node):
        """What Postfix reads when it starts, and no later."""
        etc = f"{out}/{node}.example.org/etc/postfix"
        return (read(f"{etc}/master.cf"),
                re.findall(r"(?m)^inet_\w+ = .*", read(f"{etc}/main.cf")))

    def differ(self, out):
        """node: the paths that are not as in this tree."""
        found = {}
        for node in NODES:
            new, old = manifest(out, node), self.files[node]
            paths = {path for path in new.keys() | old.keys()
                     if new.get(path) != old.get(path)}
            if paths:
                found[node] = paths
        return found

    def install(self, out):
        """Bring the tree to the nodes; what differed, as differ() says."""
        found = self.differ(out)
        with ThreadPoolExecutor(len(NODES)) as pool:
            list(pool.map(lambda row: self.install_on(out, *row),
                          found.items()))
        return found

    def install_on(self, out, node, paths):
        new, start = manifest(out, node), self.start[node]
        # Until it is known better, all of it has to come again.
        self.files[node] = dict.fromkeys(paths | new.keys())
        self.start[node] = None
        self.bring(out, node, paths, start)
        self.files[node] = new
        self.start[node] = self.read_at_start(out, node)

    def bring(self, out, node, paths, start):
        """Install these paths; start: what Postfix read when it started."""
        new = manifest(out, node)
        gone = sorted(path for path in paths if path not in new)
        with subprocess.Popen(
                ["tar", "-C", f"{out}/{node}.example.org", "-c",
                 "-T", "/dev/null", *sorted(paths & new.keys())],
                stdout=subprocess.PIPE) as tar:
            subprocess.run(
                [f"{HERE}/shell", DIR, node, "/etc/fleet/services",
                 "install"], stdin=tar.stdout, check=True)
        for path in gone:
            if not path.startswith("etc/postfix/"):
                run_on(node, "rm", f"/{path}")
        for prefix, daemon in DAEMONS.items():
            if any(path.startswith(prefix) for path in paths):
                services(node, "stop", daemon)
                services(node, "start", daemon)
        if any(path.startswith("etc/postfix/") for path in paths):
            if start != self.read_at_start(out, node):
                services(node, "stop", "postfix")
                services(node, "start", "postfix")
        for path in gone:
            if path.startswith("etc/postfix/"):
                run_on(node, "rm", "-f", f"/{path}", f"/{path}.cdb")


INSTALLED = Nodes(f"{DIR}/env/out")
