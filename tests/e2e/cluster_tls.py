"""Certificates for the tests of TLS between nodes, made with openssl."""

import shutil
import subprocess


class Authority:
    """A certificate authority in a folder of its own."""

    def __init__(self, folder, name="ca"):
        self.folder, self.name = folder, name
        self._openssl("req", "-x509", "-newkey", "ec", "-pkeyopt",
                      "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                      "-subj", f"/CN={name}", "-keyout", self.path("key"),
                      "-out", self.path("pem"))

    def path(self, kind, who=None):
        return str(self.folder / f"{who or self.name}.{kind}")

    def certify(self, who, host="server.dc1.consul"):
        """Makes a certificate for a node, made out to `host`. Returns the
        settings of a node that uses it and checks others."""
        self._openssl("req", "-new", "-newkey", "ec", "-pkeyopt",
                      "ec_paramgen_curve:P-256", "-nodes", "-subj",
                      f"/CN={host}", "-keyout", self.path("key", who), "-out",
                      self.path("csr", who))
        names = self.folder / f"{who}.names"
        names.write_text(f"subjectAltName=DNS:{host}\n")
        self._openssl("x509", "-req", "-in", self.path("csr", who), "-CA",
                      self.path("pem"), "-CAkey", self.path("key"),
                      "-CAcreateserial", "-days", "2", "-extfile", str(names),
                      "-out", self.path("pem", who))
        return {"ca_file": self.path("pem"),
                "cert_file": self.path("pem", who),
                "key_file": self.path("key", who), "verify_incoming": True,
                "verify_outgoing": True, "verify_server_hostname": True}

    @staticmethod
    def _openssl(*arguments):
        subprocess.run(["openssl", *arguments], check=True,
                       capture_output=True)


def have_openssl():
    return shutil.which("openssl") is not None
