"""The plain server of a network-programming class: a new thread a connection, and a
line of log for every step.

usage: server_thread.py PORT
"""

import logging
import socket
import sys
import time
from threading import Thread


class Connection(Thread):
    def __init__(self, connection):
        super().__init__()
        self.connection = connection

    def run(self):
        with self.connection:
            while request := self.connection.recv(32):
                logging.info("request: %s", request.decode(errors="replace").strip())
                self.connection.sendall(time.strftime("JAM %H:%M:%S\r\n").encode())
        logging.info("closed")


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", int(sys.argv[1])))
        listener.listen(4096)
        while True:
            connection, peer = listener.accept()
            logging.info("connection from port %d", peer[1])
            Connection(connection).start()
