"""Makes the repositories and measures; see run."""

import os
import socket
import statistics
import subprocess
import sys
import time
from pathlib import Path

FOLDER, KEY, RUNS = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
BOT = FOLDER / "backend-team"
SMALL_FILES, SMALL_COMMITS = 1_000, 200

GO = "package p{n}\n\nimport \"net/http\"\n\n// Get{n} asks another service.\nfunc Get{n}(client *http.Client, url string) error {{\n\tresponse, err := client.Get(url)\n\tif err != nil {{\n\t\treturn err\n\t}}\n\tdefer response.Body.Close()\n\treturn nil\n}}\n"
SQL = "CREATE TABLE t{n} (\n    id bigint PRIMARY KEY,\n    name text NOT NULL\n);\n"
YAML = "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: d{n}\nspec:\n  replicas: 2\n  template:\n    spec:\n      containers:\n        - name: app\n          image: registry.example/app:1.{n}\n"


class Repository:
    """Written with git fast-import: thousands of commits in a second."""

    def __init__(self, name):
        self.path = FOLDER / name
        subprocess.run(["git", "init", "--quiet", "--initial-branch=main", self.path], check=True)
        self.stream = []
        self.time = 1_700_000_000

    def commit(self, message, files):
        self.time += 60
        who = f"Bench <bench@example.org> {self.time} +0000"
        self.stream.append(f"commit refs/heads/main\ncommitter {who}\ndata {len(message)}\n{message}\n")
        for path, text in files.items():
            self.stream.append(f"M 100644 inline {path}\ndata {len(text.encode())}\n{text}\n")

    def write(self):
        text = "".join(self.stream)
        importing = ["git", "-C", self.path, "fast-import", "--quiet"]
        subprocess.run(importing, input=text.encode(), check=True)
        subprocess.run(["git", "-C", self.path, "gc", "--quiet"], check=True)
        return self.path


def file(n):
    folder = f"services/s{n % 40}/p{n // 40}"
    kinds = [(f"{folder}/get{n}.go", GO), (f"{folder}/migrations/{n}_t.sql", SQL), (f"{folder}/deploy/d{n}.yaml", YAML)]
    path, text = kinds[n % 3] if n % 5 == 0 else kinds[0]
    return path, text.format(n=n)


def repository(name, files, commits, changed):
    """`files` files, `commits` commits, and a last commit that changes `changed` of them."""
    made = Repository(name)
    made.commit("Start", dict(file(n) for n in range(files)))
    for count in range(commits):
        path, text = file(count * 7 % files)
        made.commit(f"Change {count}", {path: f"{text}\n"})
    step = max(1, SMALL_FILES // changed)
    edits = {}
    for n in range(0, changed * step, step):
        path, text = file(n)
        comment = {"go": "//", "sql": "--", "yaml": "#"}[path.rsplit(".", 1)[1]]
        edits[path] = f"{comment} changed\n{text}{comment} and at the end\n"
    made.commit("The change", edits)
    return made.write()


def timed(command, folder):
    started = time.perf_counter()
    done = subprocess.run(command, cwd=folder, stdout=subprocess.DEVNULL, check=False)
    if done.returncode not in (0, 1):
        sys.exit(f"{command} ended with {done.returncode}")
    return (time.perf_counter() - started) * 1000


def alternating(commands):
    """Medians in ms of commands that are run in turns, after one run each that is not counted."""
    taken = [[] for _ in commands]
    for round in range(RUNS + 1):
        for (command, folder), times in zip(commands, taken):
            taken_now = timed(command, folder)
            if round:
                times.append(taken_now)
    return [statistics.median(times) for times in taken]


def peak(command, folder):
    """Largest resident set in MB, and the wall time in ms."""
    started = time.perf_counter()
    child = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    if os.waitstatus_to_exitcode(status) not in (0, 1):
        sys.exit(f"{command} failed")
    return usage.ru_maxrss / 1024, (time.perf_counter() - started) * 1000


def idle_server():
    """Resident set in MB of a server that has started and answered a few requests."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [BOT, "serve", "--listen", f"127.0.0.1:{port}", "--data-dir", FOLDER / "data", "--app-id", "1",
               "--github-url", "http://127.0.0.1:9", "--resync-seconds", "0", "--private-key-file", KEY]
    environment = dict(os.environ, BACKEND_TEAM_WEBHOOK_SECRET="secret")
    server = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)
    try:
        ready = False
        for _ in range(100):
            try:
                with socket.create_connection(("127.0.0.1", port)) as connection:
                    connection.sendall(b"GET /readyz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
                    ready = b" 200 " in connection.recv(4096)
            except ConnectionRefusedError:
                pass
            if ready:
                break
            time.sleep(0.1)
        if not ready:
            sys.exit("the server did not become ready")
        status = Path(f"/proc/{server.pid}/status").read_text()
        return int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1]) / 1024
    finally:
        server.terminate()
        server.wait()


def main():
    print("load average:", *os.getloadavg())
    small = repository("small", SMALL_FILES, SMALL_COMMITS, 10)
    large = repository("large", SMALL_FILES * 10, SMALL_COMMITS * 10, 10)
    wide = repository("wide", 4_000, 10, 2_000)
    review = [BOT, "review", "--base", "HEAD~1", "--head", "HEAD", "--fail-on", "never"]
    diff = ["git", "diff", "HEAD~1", "HEAD"]
    times = alternating([(diff, small), (review, small), (diff, large), (review, large)])
    git_small, own_small, git_large, own_large = times
    print("| What | Measured | Bound |\n| --- | ---: | ---: |")
    print(f"| git diff of ten files, ms | {git_small:.1f} | |")
    print(f"| review of the same, ms | {own_small:.1f} | {3 * git_small + 100:.0f} |")
    print(f"| git diff, repository ten times larger, ms | {git_large:.1f} | |")
    print(f"| review, repository ten times larger, ms | {own_large:.1f} | {1.2 * own_small:.1f} |")
    print(f"| ratio of the two reviews | {own_large / own_small:.2f} | 1.20 |")
    memory, wall = peak(review, wide)
    print(f"| peak memory, 2,000 files changed, MB | {memory:.0f} | 150 |")
    print(f"| wall time of that, ms | {wall:.0f} | |")
    print(f"| idle server, resident, MB | {idle_server():.0f} | 40 |")


if __name__ == "__main__": main()
