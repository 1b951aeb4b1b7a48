"""A real Docker Engine for tests, with images that need no registry.

`engine()` gives one that runs already, or starts dockerd with a data directory,
a socket and a pid file of its own. Images are made of Debian's static busybox.
Containers publish ports on 127.0.0.1 only.
"""

import contextlib
import os
import pathlib
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time

from harness import Failure, binary, expect, wait_until

START_SECONDS = 40
INSIDE = "PRAETOR_DOCKER_NETWORK"  # in the environment: in our own network
SYSTEM_SOCKET = "/var/run/docker.sock"


def missing():
    """Why there can be no engine here, or None."""
    if shutil.which("docker") is None:
        return "no docker command (package docker.io)"
    if answers(SYSTEM_SOCKET):
        return None
    if os.geteuid() != 0:
        return "no Docker Engine runs, and only root can start one"
    if shutil.which("dockerd", path=os.environ["PATH"] + ":/usr/sbin") is None:
        return "no Docker Engine runs, and there is no dockerd (docker.io)"
    return None


def answers(path):
    return os.path.exists(path) and subprocess.run(
        ["docker", "-H", f"unix://{path}", "version"], timeout=20,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0


def in_own_network():
    return INSIDE in os.environ


def enter_own_network():
    """Starts this program again where nothing listens yet; needs root. Returns
    its exit code."""
    return subprocess.run(
        ["unshare", "--net", "sh", "-c", 'ip link set lo up && exec "$@"', "sh",
         sys.executable, *sys.argv], env={**os.environ, INSIDE: "1"},
        check=False).returncode


class Engine:
    """A Docker Engine that answers on a unix socket."""

    def __init__(self, home):
        self.home = pathlib.Path(home)
        self.socket, self.process = SYSTEM_SOCKET, None
        # Somebody else's engine may have an image of that name.
        self.prefix = "praetor-test/"
        self.bridge_was_there = os.path.exists("/sys/class/net/docker0")

    def launch(self):
        """Starts dockerd. Raises Failure if it cannot run here."""
        self.socket, self.prefix = str(self.home / "docker.sock"), ""
        path = os.environ["PATH"] + ":/usr/sbin:/sbin"
        with open(self.home / "dockerd.log", "ab") as log:
            self.process = subprocess.Popen(
                ["dockerd", "-H", f"unix://{self.socket}",
                 "--data-root", str(self.home / "data"),
                 "--exec-root", str(self.home / "exec"),
                 "--pidfile", str(self.home / "docker.pid")],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env={**os.environ, "PATH": path}, start_new_session=True)

        def ready():
            expect(self.process.poll() is None, "dockerd ended: " +
                   (self.home / "dockerd.log").read_text()[-1500:])
            return answers(self.socket)
        wait_until(ready, START_SECONDS, "dockerd to answer", 0.1)

    def kill(self):
        """kill -9 of the engine; its containers may go on."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def end(self):
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.kill()
            if not self.bridge_was_there:
                # A second private address would confuse servers without -bind.
                subprocess.run(["/sbin/ip", "link", "delete", "docker0"], check=False,
                               stderr=subprocess.DEVNULL)

    def docker(self, *args, check=True, data=None):
        """Runs the docker command. Returns what it printed."""
        got = subprocess.run(["docker", "-H", f"unix://{self.socket}", *args],
                             input=data, stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE, timeout=120)
        if check and got.returncode != 0:
            raise Failure(f"docker {' '.join(args)}: {got.stderr.decode()}")
        return got.stdout.decode().strip()

    def import_image(self, name, tree, *changes):
        """docker import of a directory."""
        archive = self.home / "image.tar"
        with tarfile.open(archive, "w") as tar:
            tar.add(tree, arcname=".")
        flags = [x for change in changes for x in ("-c", change)]
        self.docker("import", *flags, str(archive), self.prefix + name)
        archive.unlink()

    def make_web_images(self):
        """nginx and httpd: an HTTP server on port 80 that shows /www."""
        tree = self.home / "web"
        (tree / "bin").mkdir(parents=True)
        (tree / "www").mkdir()
        (tree / "tmp").mkdir()
        shutil.copy("/bin/busybox", tree / "bin" / "busybox")
        for applet in ("sh", "httpd", "cat"):
            (tree / "bin" / applet).symlink_to("busybox")
        (tree / "www" / "index.html").write_text("nobody\n")
        for name in ("nginx:latest", "httpd:latest"):
            self.import_image(name, tree, "EXPOSE 80", 'CMD ["/bin/httpd", '
                              '"-f", "-p", "80", "-h", "/www"]')
        shutil.rmtree(tree)

    def make_registrator_image(self):
        """Our binary and the libraries that it needs, nothing else."""
        tree = self.home / "registrator"
        (tree / "bin").mkdir(parents=True)
        target = tree / "bin" / "registrator"
        shutil.copy(binary(), target)
        subprocess.run(["strip", target], check=False)
        listed = subprocess.run(["ldd", binary()], stdout=subprocess.PIPE,
                                text=True, check=True).stdout
        for word in listed.split():
            if word.startswith("/") and os.path.exists(word):
                (tree / word[1:]).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(word, tree / word[1:])
        self.import_image("gliderlabs/registrator:latest", tree,
                          'ENTRYPOINT ["/bin/registrator"]')
        shutil.rmtree(tree)

    def clean(self):
        """Removes the containers and images that tests made."""
        found = self.docker("ps", "-aq", "--filter", "label=praetor-test",
                            check=False).split()
        if found:
            self.docker("rm", "-f", *found, check=False)
        if self.process is None:
            for name in ("nginx", "httpd", "gliderlabs/registrator"):
                self.docker("rmi", "-f", self.prefix + name, check=False)


def mounts_below(home):
    """Where something is mounted in this folder, the oldest first."""
    with open("/proc/self/mounts") as mounts:
        places = [line.split()[1] for line in mounts]
    return [x for x in places if x.startswith(f"{home}/")]


@contextlib.contextmanager
def engine(own=False):
    """An engine with the images of the tests; with `own`, never somebody
    else's. Raises Failure if it cannot run."""
    home = pathlib.Path(tempfile.mkdtemp(prefix="praetor-docker-"))
    it = Engine(home)
    try:
        if own or not answers(SYSTEM_SOCKET):
            it.launch()
        it.make_web_images()
        it.make_registrator_image()
        yield it
        it.clean()
    finally:
        it.end()
        # dockerd leaves name spaces of networks mounted.
        for place in reversed(mounts_below(home)):
            subprocess.run(["umount", place], stderr=subprocess.DEVNULL)
        for _ in range(20):  # overlay mounts go a moment later
            shutil.rmtree(home, ignore_errors=True)
            if not home.exists():
                break
            time.sleep(0.2)
