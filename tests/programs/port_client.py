"""Clients with a way of their own to begin or to end. The traps:
  file FILE N   reads the server's port from a file
  status PORT S makes a request and ends with status S
  signal PORT S makes a request and is ended by signal S
  print PORT N  makes a request and prints N lines on both outputs, escapes too
  stdin PORT    says what it reads from standard input
  hang PORT [alone]
                makes a request and then sleeps for ten minutes, with a child
                that ignores SIGTERM and SIGINT, or without
  nothing       makes no connection at all

usage: port_client.py KIND …"""
import os
import signal
import sys
import time

import own


def main():
    kind = sys.argv[1]
    if kind == "nothing":
        own.end("port_client")
        return
    if kind == "file":
        while not os.path.exists(sys.argv[2]):
            time.sleep(0.01)
        with open(sys.argv[2], encoding="ascii") as file:
            port = int(file.read())
        for _ in range(int(sys.argv[3])):
            own.request(port)
        own.end("port_client")
        return
    own.request(int(sys.argv[2]))
    if kind == "status":
        own.end("port_client")
        sys.exit(int(sys.argv[3]))
    if kind == "signal":
        own.end("port_client")
        os.kill(os.getpid(), int(sys.argv[3]))
    if kind == "print":
        for line in range(int(sys.argv[3])):
            os.write(1, f"out {line} \x1b[31m\u20ac\n".encode())
            os.write(2, f"err {line} \x07\n".encode())
        own.end("port_client")
    if kind == "stdin":
        own.end("port_client", read=sys.stdin.read())
    if kind == "hang":
        if sys.argv[-1] != "alone" and os.fork() == 0:
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            signal.signal(signal.SIGINT, signal.SIG_IGN)
        own.fact("hanging")
        time.sleep(600)


if __name__ == "__main__":
    main()
