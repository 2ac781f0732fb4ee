"""A chain as a shop runs it: every vault sealed by a systemd credential, TLS by the chain's own authority."""

import json
import os
import subprocess
import time

from chain import Chain
from core_hand import Hand
from shop import OUTPOST, START_TIMEOUT_S
from store.register.home import RegisterHome

KEK = "5e" * 32
PAY = 139


class SealedChain(Chain):
    """Like `Chain`; `environment` is added to that of every process, `extra` to the words of a service."""

    def __init__(self, home, database=""):
        super().__init__(home, database)
        folder = home / "credentials"
        folder.mkdir(mode=0o700)
        (folder / "outpost-kek").write_text(KEK)
        self.environment = {"CREDENTIALS_DIRECTORY": str(folder)}
        self.hq_url = f"https://127.0.0.1:{self.hq_port}"
        self.server_url = f"https://127.0.0.1:{self.server_port}"
        self.server_host = "0.0.0.0"
        self.ca_sha256 = ""
        self.cores = {}

    @property
    def environ(self):
        return os.environ | self.environment

    def start_headquarters(self):
        words = ("hq", "--home", self.headquarters, "--port", self.hq_port, "--tls", "--sealed-only")
        self.start("hq", self.hq_port, *words)

    def server_words(self, *more):
        return (
            "server", "--home", self.server_home, "--database", self.database, "--host", self.server_host,
            "--port", self.server_port, "--name", "shop-1", *more,
        )  # fmt: skip

    def start_server(self):
        words = ("--tls", "--headquarters", self.hq_url, "--headquarters-ca-sha256", self.ca_sha256)
        self.start("server", self.server_port, *self.server_words(*words))

    def start(self, name, port, *words):
        """A service, ready; the services inherit what is in our environment."""
        before = {key: os.environ.get(key) for key in self.environment}
        os.environ.update(self.environment)
        try:
            self._start(name, port, *words)
        finally:
            for key, value in before.items():
                if value is None:
                    del os.environ[key]
                else:
                    os.environ[key] = value

    def outpost(self, *words, **how):
        options = {"capture_output": True, "text": True, "timeout": 120, "stdin": subprocess.DEVNULL}
        return subprocess.run((*OUTPOST, *map(str, words)), env=self.environ, **(options | how))

    def fails(self, code, *words, **how):
        """What a command that must end with `code` says."""
        done = self.outpost(*words, **how)
        assert done.returncode == code, (words, done)
        assert "Traceback" not in done.stderr
        return done.stderr

    def new_code(self, register):
        answer = self.ask_hq("device", "set", register, "--activation-code")
        self.ca_sha256 = answer["ca_sha256"]
        return answer["activation_code"]

    def activate(self, register, url="", code=""):
        code = code or self.new_code(register)
        words = ("--server", url or self.server_url, "--code", code, "--ca-sha256", self.ca_sha256)
        return self.run("activate", "--home", self.till(register), *words)

    # --- a core without a screen

    def start_core(self, register, *words, **how):
        home = RegisterHome(self.till(register))
        with (self.home / f"{register}.out").open("ab") as out:
            command = (*OUTPOST, "register", "--core", "--home", str(home.path), *words)
            process = subprocess.Popen(
                command, stdout=out, stderr=out, env=self.environ, **({"stdin": subprocess.DEVNULL} | how)
            )
        self.cores[register] = self.services[f"core {register}"] = process
        end_s = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < end_s:
            if home.socket.exists():
                return home
            if process.poll() is not None:
                break
            time.sleep(0.02)
        raise AssertionError("the core did not start: " + (self.home / f"{register}.out").read_text())

    def end_core(self, register):
        self.end(f"core {register}")

    def status(self, register):
        return json.loads(self.run("status", "--home", self.till(register), "--json"))

    def sell(self, register, *codes):
        """Sign in where it is wanted, sell, pay in cash; answers the view afterwards."""
        with Hand(RegisterHome(self.till(register))) as hand:
            if hand.view["mode"] == "locked":
                for text in ("101", "101101"):
                    hand.enter(text)
            if hand.view["mode"] == "shift":
                hand.enter("0")
            assert hand.view["mode"] in ("idle", "sale", "paid"), hand.view
            for code in codes:
                assert hand.do("scan", code) == "sold", hand.view["message"]
            assert hand.do("operation", operation=PAY) == "done", hand.view["message"]
            assert hand.enter("") == "done", hand.view["message"]
            assert hand.view["mode"] == "paid", hand.view
            return hand.view
