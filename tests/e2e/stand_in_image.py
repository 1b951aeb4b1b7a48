"""An image that stands in for `debian:12-slim` where no registry is reached.

It has the programs of this host that deploy/Containerfile calls, their
libraries and the list of installed packages, so that install-packages finds
nothing missing. `apt-get` does nothing in it: nginx is there already. It shows
what the Containerfile does with its base, not that the base can be fetched.
"""

import os
import pathlib
import shutil
import subprocess

PROGRAMS = ("bash sh cat chmod chown cp dpkg-query env grep id install ldd ln "
            "mkdir rm sed strip xargs nginx").split()
FILES = ("/etc/nginx/nginx.conf", "/etc/nginx/mime.types", "/etc/passwd",
         "/etc/group", "/etc/ssl/certs/ca-certificates.crt",
         "/var/lib/dpkg/status")
FOLDERS = ("tmp", "root", "run", "etc/nginx/conf.d", "etc/nginx/sites-enabled",
           "etc/nginx/modules-enabled", "var/lib/dpkg/info",
           "var/lib/dpkg/updates", "var/lib/nginx", "var/log/nginx")
PATH = "/usr/sbin:/usr/bin:/sbin:/bin"


def missing():
    """Why it cannot be made here, or None."""
    lost = [x for x in PROGRAMS if shutil.which(x, path=PATH) is None]
    lost += [x for x in FILES if not os.path.exists(x)]
    return f"this host has no {', '.join(lost)}" if lost else None


def libraries(program):
    got = subprocess.run(["ldd", program], stdout=subprocess.PIPE, text=True,
                         stderr=subprocess.DEVNULL, check=False)
    return [x for x in got.stdout.split() if x.startswith("/")]


def merged(path):
    """Debian has /bin, /sbin and /lib* as links into /usr."""
    return path if path.startswith(("/usr/", "/etc/", "/var/")) \
        else "/usr" + path


def make(tree, program):
    """Fills the directory `tree`; `program` is what the image is to run."""
    tree = pathlib.Path(tree)
    for name in FOLDERS:
        (tree / name).mkdir(parents=True)
    (tree / "tmp").chmod(0o1777)
    for name in ("bin", "sbin", "lib", "lib64"):
        (tree / "usr" / name).mkdir(parents=True)
        (tree / name).symlink_to(f"usr/{name}")
    programs = [shutil.which(x, path=PATH) for x in PROGRAMS]
    wanted = set(FILES) | set(programs)
    for one in programs + [program]:
        wanted.update(libraries(one))
    for one in wanted:
        target = tree / merged(one)[1:]
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(one, target)
    stub = tree / "usr" / "bin" / "apt-get"
    stub.write_text("#!/bin/sh\nexit 0\n")
    stub.chmod(0o755)
