"""What the Python programs here share: their own word about what they did, in
the lines that own.h describes. Threads are counted where Python starts them,
processes where it forks."""
import json
import os
import socket
import threading
from datetime import datetime

_totals = {"threads": 0, "processes": 0}
_first = os.getpid()


def _count(name, more=1):
    if os.getpid() == _first:
        _totals[name] += more


def _counted(start):
    def start_and_count(*words, **named):
        started = start(*words, **named)
        _count("threads")
        return started

    return start_and_count


threading._start_new_thread = _counted(threading._start_new_thread)
os.register_at_fork(after_in_parent=lambda: _count("processes"))


def say(**what):
    os.write(1, (json.dumps(what) + "\n").encode())


def fact(kind, port=0):
    say(fact=kind, port=port, pid=os.getpid(), tid=threading.get_native_id())


def processes(more):
    """Processes that were made otherwise than by os.fork."""
    _count("processes", more)


def end(program, **more):
    say(program=program, pid=os.getpid(), failed=0, **_totals, **more)


def request(port, host="127.0.0.1", sock=None, connected=None):
    """One TIME exchange on a connection of its own; `connected` is called when it is
    made."""
    sock = sock or socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    with sock:
        fact("attempting")
        sock.connect((host, port))
        fact("connected", sock.getsockname()[1])
        if connected:
            connected()
        sock.sendall(b"TIME\r\n")
        answer = b""
        while len(answer) < 14:
            more = sock.recv(16)
            if not more:
                break
            answer += more
        if not (answer.startswith(b"JAM ") and answer.endswith(b"\r\n") and len(answer) == 14):
            say(failed="the answer", got=repr(answer))


def answer():
    return ("JAM " + datetime.now().strftime("%H:%M:%S") + "\r\n").encode()


def serve(sock, port):
    """Serves a connection to its end."""
    first = True
    with sock:
        while True:
            data = sock.recv(64)
            if not data:
                return
            if first:
                fact("received", port)
            sock.sendall(answer())
            if first:
                fact("sent", port)
            first = False
