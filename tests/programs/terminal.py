"""A person at a terminal: a shell with job control in a terminal of its own, a run
in it whose client is this file, too, and what is typed. The traps: a client that
reads from the terminal although it is in no foreground group, Ctrl-C and Ctrl-\\
that reach the client alone or threadtap alone, Ctrl-Z that stops only one of them,
and a terminal that is not given back.

usage: terminal.py THREADTAP PORT OBSERVE SCENARIO
       terminal.py client PORT KIND"""
import json
import os
import pty
import re
import select
import signal
import socket
import sys
import time

LIMIT = 60


def ask(port):
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(b"TIME\r\n")
        connection.recv(64)


def client(port, kind):
    ask(port)
    print("begun", os.getpid(), flush=True)
    if kind == "reads":
        print("got", input(), flush=True)
    elif kind == "secret":
        import getpass

        print("got", getpass.getpass(""), flush=True)
    elif kind == "works":
        while True:
            time.sleep(0.02)
            ask(port)
    elif kind == "notes":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        signal.signal(signal.SIGINT, lambda *_: os.write(1, b"told of SIGINT\n"))
        signal.signal(signal.SIGQUIT, lambda *_: os.write(1, b"told of SIGQUIT\n"))
        # Until it is killed.
        while True:
            signal.pause()
    ask(port)
    print("over", flush=True)


class Shell:
    """An interactive shell in a terminal."""

    def __init__(self):
        self.pid, self.terminal = pty.fork()
        if self.pid == 0:
            for number in range(1, 32):
                if number not in (signal.SIGKILL, signal.SIGSTOP):
                    signal.signal(number, signal.SIG_DFL)
            environment = dict(os.environ, PS1="$ ", TERM="dumb")
            os.execvpe("bash", ["bash", "--norc", "--noprofile", "--noediting", "-i"], environment)
        self.said, self.all = "", ""

    def until(self, pattern):
        def found():
            if select.select([self.terminal], [], [], 0.05)[0]:
                text = os.read(self.terminal, 1 << 16).decode("utf-8", "replace")
                self.said += text
                self.all += text
            return re.search(pattern, self.said)

        match = until(pattern, found, lambda: self.all)
        self.said = self.said[match.end() :]
        return match

    def type(self, text):
        os.write(self.terminal, text.encode())

    def end(self):
        self.type("exit\n")
        while True:
            if os.waitpid(self.pid, os.WNOHANG)[0]:
                return
            try:
                if select.select([self.terminal], [], [], 0.05)[0]:
                    os.read(self.terminal, 1 << 16)
            except OSError:
                os.waitpid(self.pid, 0)
                return


def until(what, holds, context=lambda: ""):
    end = time.time() + LIMIT
    while time.time() < end:
        found = holds()
        if found:
            return found
        time.sleep(0.01)
    sys.exit(f"never came: {what}\n{context()}")


def text(path):
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""


class Run:
    """A run in the shell."""

    def __init__(self, shell, kind, line="{}", waits=True):
        self.shell = shell
        words = [
            THREADTAP, "run", "--port", PORT, "--observe", OBSERVE, "--no-capture",
            "--out", "out", "--rows", "0", "--", "python3", __file__, "client", PORT, kind,
        ]
        shell.type(line.format(" ".join(words)) + "; echo status=$?\n")
        if not waits:
            return
        begun = lambda: drain(shell) and re.search(r"begun (\d+)", text("out/client.log"))
        found = until("begun", begun, lambda: shell.all)
        self.client = int(found.group(1))

    def ends(self, status):
        found = int(self.shell.until(r"status=(\d+)").group(1))
        assert found == status, f"status {found}, not {status}\n{self.shell.all}"
        self.record = json.loads(text("out/run.json"))
        self.log = text("out/client.log")
        self.codes = [f["code"] for f in self.record["findings"]]
        return self

    def says(self, word):
        assert word in self.log, self.log
        return self

    def is_interrupted(self):
        assert self.codes[:1] == ["interrupted"], self.codes
        assert "client_signal" not in self.codes, self.codes
        return self

    def is_fine(self):
        assert self.codes == [], self.codes
        return self

    def state(self):
        return text(f"/proc/{self.client}/stat").rpartition(")")[2].split()[0]

    def waits_stopped(self):
        until("the client stands still", lambda: self.state() in "tT", lambda: self.shell.all)


def reads(shell):
    run = Run(shell, "reads")
    shell.type("Budi\n")
    run.ends(0).is_fine().says("got Budi").says("over")


def secret(shell):
    run = Run(shell, "secret")
    # A person waits until nothing is echoed any more.
    time.sleep(0.5)
    shell.type("rahasia\n")
    run.ends(0).is_fine().says("got rahasia")


def interrupts(shell, kind, key):
    run = Run(shell, kind)
    shell.type(key)
    return run.ends(130).is_interrupted()


def ctrl_c_is_for_both(shell):
    interrupts(shell, "works", "\x03")


def ctrl_c_is_told(shell):
    interrupts(shell, "notes", "\x03").says("told of SIGINT")


def ctrl_backslash_is_told(shell):
    interrupts(shell, "notes", "\x1c").says("told of SIGQUIT")


def ctrl_c_while_it_reads(shell):
    # It has the terminal then, and is told of it by that.
    run = Run(shell, "reads")
    time.sleep(0.5)
    shell.type("\x03")
    run.ends(130).is_interrupted()


def ctrl_z(shell):
    run = Run(shell, "works")
    shell.type("\x1a")
    shell.until("Stopped")
    run.waits_stopped()
    before = text("out/observation.jsonl")
    time.sleep(0.3)
    assert text("out/observation.jsonl") == before, "nothing goes on"
    shell.type("fg; echo end=$?\n")
    until("it goes on", lambda: text("out/observation.jsonl") != before or run.state() in "SR")
    time.sleep(0.3)
    shell.type("\x03")
    shell.until("end=130")


def ctrl_z_while_it_reads(shell):
    run = Run(shell, "reads")
    time.sleep(0.5)
    shell.type("\x1a")
    shell.until("Stopped")
    run.waits_stopped()
    shell.type("echo the $((40 + 2))\n")
    shell.until("the 42")
    shell.type("fg; echo end=$?\n")
    time.sleep(0.3)
    shell.type("Siti\n")
    shell.until("end=0")
    assert "got Siti" in text("out/client.log")


def in_the_background(shell):
    # threadtap is stopped, too, and may not have saved what the client has printed.
    Run(shell, "reads", "{{ {}; }} &\n:", waits=False)

    def stopped():
        shell.type("jobs\n")
        time.sleep(0.2)
        return re.search("Stopped", drain(shell))

    until("the job is stopped", stopped, lambda: shell.all)
    shell.type("fg; echo end=$?\n")
    time.sleep(0.3)
    shell.type("Agus\n")
    shell.until("end=0")
    assert "got Agus" in text("out/client.log")


def drain(shell):
    while select.select([shell.terminal], [], [], 0.05)[0]:
        piece = os.read(shell.terminal, 1 << 16).decode("utf-8", "replace")
        shell.said += piece
        shell.all += piece
    return shell.said


def in_a_pipeline(shell):
    run = Run(shell, "reads", "{} | cat >table")
    shell.type("Rina\n")
    run.ends(0).is_fine().says("got Rina")


def in_a_script(shell):
    run = Run(shell, "reads", 'bash -c "{}; exit \\$?"')
    shell.type("Dewi\n")
    run.ends(0).is_fine().says("got Dewi")
    # The terminal is the shell's again.
    shell.type("read word; echo word=$word\n")
    shell.type("selesai\n")
    shell.until("word=selesai")


SCENARIOS = {
    name: globals()[name]
    for name in (
        "reads", "secret", "ctrl_c_is_for_both", "ctrl_c_is_told", "ctrl_backslash_is_told",
        "ctrl_c_while_it_reads", "ctrl_z", "ctrl_z_while_it_reads", "in_the_background",
        "in_a_pipeline", "in_a_script",
    )
}

if __name__ == "__main__":
    if sys.argv[1] == "client":
        client(int(sys.argv[2]), sys.argv[3])
        sys.exit(0)
    THREADTAP, PORT, OBSERVE = sys.argv[1:4]
    person = Shell()
    person.until(r"\$ ")
    SCENARIOS[sys.argv[4]](person)
    person.end()
