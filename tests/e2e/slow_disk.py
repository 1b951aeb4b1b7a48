"""Disks that become slow: a library that is preloaded into servers and delays
their syncs. Needs a C compiler."""

import pathlib
import shutil
import subprocess


class SlowDisks:
    """Delays by node."""

    def __init__(self, folder):
        self.folder, self.library = folder, None
        compiler = shutil.which("cc") or shutil.which("gcc")
        if compiler:
            self.library = folder / "slow_disk.so"
            subprocess.run([compiler, "-O1", "-shared", "-fPIC", "-o",
                            self.library,
                            pathlib.Path(__file__).with_suffix(".c"), "-ldl"],
                           check=True)

    def possible(self):
        return self.library is not None

    def environment(self, node):
        """What a server needs in its environment."""
        if not self.possible():
            return {}
        return {"LD_PRELOAD": str(self.library),
                "PRAETOR_SLOW_DISK": str(self._file(node))}

    def delay(self, node, milliseconds):
        """Each sync of `node` takes so much longer from now on."""
        self._file(node).write_text(str(milliseconds))

    def heal(self, node):
        self._file(node).unlink(missing_ok=True)

    def _file(self, node):
        return self.folder / f"{node.name}.delay"
