#!/usr/bin/env python3
"""What credentials cost: a cached one through a helper, process start included; what minting adds to its target's own time;
and how long it takes until every credential of a thousand sessions that end at once was asked for at its target.

Usage: bench/credentials.py [SESSIONS [ROUNDS]]     of target/release, or of the folder in WRIT_BENCH_BIN

The target is an endpoint of the `http` broker in this process, which answers after a fixed time. Needs Python only."""

import concurrent.futures
import http.client
import http.server
import json
import os
import pathlib
import re
import socketserver
import statistics
import subprocess
import sys
import tempfile
import threading
import time

SESSIONS = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
ROUNDS = int(sys.argv[2]) if len(sys.argv) > 2 else 200
TARGET_S = 0.05  # what the target takes for a revocation, and for a mint when it is told to
LIVE_PER_DEVELOPER = 250  # of 256 that writ allows
PASSWORD = "a long password for the bench"
ROOT = pathlib.Path(__file__).resolve().parent.parent
BIN = pathlib.Path(os.environ.get("WRIT_BENCH_BIN", ROOT / "target/release"))


class Target(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    revoked = {}  # credential: when it was first asked for
    slow = True
    lock = threading.Lock()

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        ask = json.loads(body)
        if ask["action"] == "revoke":
            with Target.lock:
                Target.revoked.setdefault(ask["credential"], time.monotonic())
        if Target.slow:
            time.sleep(TARGET_S)
        answer = {"version": 1}
        if ask["action"] == "mint":
            answer |= {"secret": {"token": "made-for-" + ask["credential"]}, "expires_at": ask["expires_at"],
                       "handle": ask["credential"], "names": []}
        text = json.dumps(answer).encode()
        self.wfile.write(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%b"
                         % (len(text), text))

    def log_message(self, *_):
        pass


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True
    request_queue_size = 1024


class Api:
    """One connection that is kept."""

    def __init__(self, url, token=None):
        self.host = url.removeprefix("http://")
        self.token = token
        self.wire = http.client.HTTPConnection(self.host, timeout=60)

    def ask(self, method, path, body=None):
        headers = {"content-type": "application/json"}
        if self.token:
            headers["authorization"] = "Bearer " + self.token
        self.wire.request(method, path, None if body is None else json.dumps(body), headers)
        answer = self.wire.getresponse()
        text = answer.read()
        assert answer.status < 300, f"{method} {path}: {answer.status} {text.decode()}"
        return json.loads(text) if text else None


def figures(name, seconds, bar):
    millis = sorted(second * 1000 for second in seconds)
    at = lambda share: millis[min(len(millis) - 1, int(len(millis) * share))]
    print(f"{name}: p50 {at(0.5):.1f} ms, p95 {at(0.95):.1f} ms, longest {millis[-1]:.1f} ms ({len(millis)}){bar}")


def timed(act):
    begun = time.perf_counter()
    act()
    return time.perf_counter() - begun


def start(folder):
    """A server with its administrator; its process, its URL, a caller."""
    (folder / "writ.toml").write_text(
        'listen = "127.0.0.1:0"\ndata_dir = "data"\n[[upstreams]]\nname = "none"\n'
        'base_url = "http://127.0.0.1:9"\nkey_file = "key"\n')
    (folder / "key").write_text("sk-bench")
    (folder / "key").chmod(0o600)
    log = open(folder / "log", "w")
    writ = subprocess.Popen([BIN / "writ", "serve", "--config", "writ.toml"], cwd=folder, stderr=log)
    for _ in range(600):
        said = (folder / "log").read_text()
        listens = re.search(r"writ listens on (\S+)", said)
        if listens:
            break
        time.sleep(0.05)
    bootstrap = re.search(r"--bootstrap (\S+)", said).group(1)
    url = listens.group(1)
    token = Api(url).ask("POST", "/v1/bootstrap", {"token": bootstrap, "login": "ada", "password": PASSWORD})["token"]
    return writ, url, Api(url, token)


def configure(ada, target):
    ada.ask("POST", "/v1/teams", {"name": "bench"})
    ada.ask("POST", "/v1/projects", {"name": "bench", "teams": ["bench"]})
    ada.ask("PUT", "/v1/brokers/vault", {
        "kind": "http", "secrets": {"signing_secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"},
        "settings": {"url": target, "targets": {"safe": {"life_default_seconds": 3600, "life_max_seconds": 3600}}}})
    ada.ask("PUT", "/v1/projects/bench/grants/vault/safe", {"scope": {}, "max_lifetime_seconds": 3600})


def developers(url, ada, count):
    tokens = []
    for number in range(count):
        login = f"dev{number}"
        ada.ask("POST", "/v1/developers", {"login": login, "password": PASSWORD})
        ada.ask("PUT", f"/v1/teams/bench/members/{login}")
        tokens.append(Api(url).ask("POST", "/v1/sign-ins", {"login": login, "password": PASSWORD})["token"])
    return tokens


# Run inside the session: how long a helper takes, a shell not included. Its argument is the folder of the programs.
INSIDE = """
import os, subprocess, sys, time
def runs(words, rounds):
    for _ in range(rounds):
        begun = time.perf_counter()
        done = subprocess.run(words, stdout=subprocess.PIPE)
        taken = time.perf_counter() - begun
        assert done.returncode == 0 and (done.stdout or words[0] == "/bin/true")
        print(words[0].rsplit("/", 1)[-1] + ("" if len(words) == 1 else " " + words[1]), taken)
writ, rounds = sys.argv[1], int(sys.argv[2])
runs([writ, "credential", "get", "vault/safe"], 3)
for _ in range(rounds):
    runs(["/bin/true"], 1)
    runs([writ, "credential", "get", "vault/safe"], 1)
"""


def helper(folder, url, token):
    home = folder / "home"
    home.mkdir()
    (home / "credentials.json").write_text(json.dumps({"server": url, "token": token, "developer": "dev0"}))
    (home / "credentials.json").chmod(0o600)
    command = [BIN / "writ", "run", "--project", "bench", "--no-git", "--", sys.executable, "-c", INSIDE,
               str(BIN / "writ"), str(ROUNDS)]
    environment = {"WRIT_HOME": str(home), "HOME": str(home), "PATH": os.environ["PATH"]}
    said = subprocess.run(command, env=environment, cwd=folder, stdout=subprocess.PIPE, text=True, check=True).stdout
    taken = {}
    for line in said.splitlines():
        name, seconds = line.rsplit(" ", 1)
        taken.setdefault(name, []).append(float(seconds))
    figures("starting /bin/true, for comparison", taken["true"], "")
    figures("a cached credential, process start included", taken["writ credential"][3:], " (bar 15 ms)")


def processor_s(pid):
    """Processor time of a process so far: what other programs on the machine do not change."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def minting(url, target, token, pid):
    session = Api(url, token).ask("POST", "/v1/sessions", {"project": "bench"})
    asking, direct = Api(url, session["token"]), Api(target)
    path = f"/v1/sessions/{session['session']['id']}/credentials"
    order = {"action": "mint", "credential": "cred_bench", "expires_at": "2030-01-01T00:00:00Z"}
    through, alone, before = [], [], processor_s(pid)
    for _ in range(min(ROUNDS, 200)):
        alone.append(timed(lambda: direct.ask("POST", "/", order)))
        through.append(timed(lambda: asking.ask("POST", path, {"broker": "vault", "target": "safe"})))
    figures("a mint at the target itself", alone, "")
    figures("the same through writ", through, "")
    added = statistics.median(through) - statistics.median(alone)
    spent = (processor_s(pid) - before) / len(through)
    print(f"minting adds {added * 1000:.1f} ms at the median (bar 10 ms), and takes writ {spent * 1000:.1f} ms of processor time")
    asking.ask("POST", f"/v1/sessions/{session['session']['id']}/end", {})


def ending(url, tokens):
    def opened(number):
        signed_in = Api(url, tokens[number % len(tokens)])
        session = signed_in.ask("POST", "/v1/sessions", {"project": "bench"})
        asking = Api(url, session["token"])
        path = f"/v1/sessions/{session['session']['id']}"
        made = asking.ask("POST", path + "/credentials", {"broker": "vault", "target": "safe"})
        asking.wire.close()
        return path, session["token"], made["id"]

    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        sessions = list(pool.map(opened, range(SESSIONS)))
        Target.revoked.clear()
        begun = time.monotonic()
        ended = pool.map(lambda one: Api(url, one[1]).ask("POST", one[0] + "/end", {}), sessions)
        wanted = {one[2] for one in sessions}
        list(ended)
        all_ended = time.monotonic() - begun
        while not wanted <= Target.revoked.keys() and time.monotonic() - begun < 120:
            time.sleep(0.02)
    missing = len(wanted - Target.revoked.keys())
    last = max(Target.revoked[one] for one in wanted & Target.revoked.keys()) - begun
    print(f"{SESSIONS} sessions ended in {all_ended:.1f} s by 16 callers; the last revocation was attempted after {last:.1f} s, "
          f"{missing} were not (bar 30 s; the target takes {TARGET_S * 1000:.0f} ms each)")


def main():
    target = Server(("127.0.0.1", 0), Target)
    threading.Thread(target=target.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{target.server_address[1]}"
    print(time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()), "load", os.getloadavg())
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        writ, url, ada = start(folder)
        try:
            configure(ada, address + "/")
            tokens = developers(url, ada, -(-SESSIONS // LIVE_PER_DEVELOPER))
            helper(folder, url, tokens[0])
            minting(url, address, tokens[0], writ.pid)
            ending(url, tokens)
        finally:
            writ.terminate()
            writ.wait()
    print("load", os.getloadavg())


main()
