"""Certificates for tests, and a proxy that puts TLS (or TCP) before a server.

The certificates are made by the program openssl, in a directory of the test.
"""

import contextlib
import select
import shutil
import socket
import ssl
import subprocess
import threading


def have_openssl():
    return shutil.which("openssl") is not None


class Certificates:
    """An authority `ca`, what it signed for a server and a client, and a second
    authority `other` that signed nothing."""

    def __init__(self, home, name="localhost", address="127.0.0.1"):
        self.home = home
        self.authority("ca")
        self.authority("other")
        self.sign("server", f"subjectAltName=DNS:{name},IP:{address}")
        self.sign("client", "extendedKeyUsage=clientAuth")

    def file(self, name):
        return str(self.home / name)

    def openssl(self, *args):
        subprocess.run(["openssl", *args], check=True, cwd=self.home,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def key(self, name):
        self.openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout",
                     "-out", f"{name}-key.pem")

    def authority(self, name):
        self.key(name)
        self.openssl("req", "-x509", "-new", "-key", f"{name}-key.pem",
                     "-subj", f"/CN={name}", "-days", "2", "-out",
                     f"{name}.pem")

    def sign(self, name, extension):
        self.key(name)
        (self.home / f"{name}.ext").write_text(extension + "\n")
        self.openssl("req", "-new", "-key", f"{name}-key.pem", "-subj",
                     f"/CN={name}", "-out", f"{name}.csr")
        self.openssl("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem",
                     "-CAkey", "ca-key.pem", "-CAcreateserial", "-days", "2",
                     "-extfile", f"{name}.ext", "-out", f"{name}.pem")


class Proxy:
    """Listens on 127.0.0.1 and passes bytes on to `to`: a port there, or the
    path of a unix socket. With `certificates` it speaks TLS; if `mutual`, only
    to clients that have a certificate of `ca`."""

    def __init__(self, to, certificates=None, mutual=False):
        self.to, self.context = to, None
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.accepted = 0  # connections that got through the handshake
        if certificates:
            x = self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            x.load_cert_chain(certificates.file("server.pem"),
                              certificates.file("server-key.pem"))
            if mutual:
                x.load_verify_locations(certificates.file("ca.pem"))
                x.verify_mode = ssl.CERT_REQUIRED

    def __enter__(self):
        threading.Thread(target=self.run, daemon=True).start()
        return self

    def __exit__(self, *_):
        # shutdown() wakes the thread in accept(), close() alone does not.
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()

    def run(self):
        with contextlib.suppress(OSError):
            while True:
                near, _ = self.listener.accept()
                threading.Thread(target=self.serve, args=(near,),
                                 daemon=True).start()

    def connect(self):
        if isinstance(self.to, int):
            return socket.create_connection(("127.0.0.1", self.to))
        far = socket.socket(socket.AF_UNIX)
        far.connect(str(self.to))
        return far

    def serve(self, near):
        with contextlib.suppress(OSError), contextlib.ExitStack() as stack:
            if self.context:
                near = self.context.wrap_socket(near, server_side=True)
            stack.enter_context(near)
            self.accepted += 1
            far = stack.enter_context(self.connect())
            pass_on(near, far)


def pass_on(near, far):
    """In one thread: TLS streams do not take two."""
    while True:
        ready = [near] if isinstance(near, ssl.SSLSocket) and near.pending() \
            else select.select([near, far], [], [])[0]
        for source in ready:
            data = source.recv(65536)
            if not data:
                return
            (far if source is near else near).sendall(data)
