"""A client for the few requests that a scenario makes itself. It is not for load."""
import json
import os
import socket
import time

from server import Failed

HELLO = b'CONNECT {"verbose":false,"headers":true,"no_responders":true}\r\n'
CHUNK = 1 << 20
RETRY = 0.0005


class Absent(Failed):
    """Nobody answers to that subject, or does not serve yet."""


class Client:
    def __init__(self, port, limit=120):
        self.limit, self.buffer, self.count = limit, bytearray(), 0
        self.inbox = "_INBOX." + os.urandom(6).hex()
        self.socket = socket.create_connection(("127.0.0.1", port), limit)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.sendall(HELLO + f"SUB {self.inbox}.* 1\r\n".encode())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def request(self, subject, body=b""):
        """The payload of the answer."""
        self.count += 1
        reply = f"{self.inbox}.{self.count}"
        head = f"PUB {subject} {reply} {len(body)}\r\n".encode()
        self.socket.sendall(head + body + b"\r\n")
        while True:
            words = self._line().split()
            kind = words[0].upper() if words else b""
            if kind == b"PING":
                self.socket.sendall(b"PONG\r\n")
            elif kind == b"-ERR":
                raise Failed(b" ".join(words).decode(errors="replace"))
            elif kind in (b"MSG", b"HMSG"):
                text = self._take(int(words[-1]) + 2)[:-2]
                headers, text = self._split(kind, words, text)
                if words[1].decode() != reply:
                    continue  # of a request that was given up
                if headers.startswith(b"NATS/1.0 503"):
                    raise Absent(f"nobody answers to {subject}")
                return text

    def api(self, subject, question=None):
        """An answer of `$JS.API`."""
        body = json.dumps(question).encode() if question is not None else b""
        answer = json.loads(self.request(f"$JS.API.{subject}", body))
        if "error" in answer:
            kind = Absent if answer["error"].get("code") == 503 else Failed
            raise kind(f"{subject}: {answer['error']}")
        return answer

    def api_patiently(self, subject, question=None):
        """The same of a server that is only starting and may not offer streams yet."""
        end = time.monotonic() + self.limit
        while True:
            try:
                return self.api(subject, question)
            except Absent:
                if time.monotonic() > end:
                    raise
                time.sleep(RETRY)

    @staticmethod
    def _split(kind, words, text):
        length = int(words[-2]) if kind == b"HMSG" else 0
        return text[:length], text[length:]

    def _fill(self):
        chunk = self.socket.recv(CHUNK)
        if not chunk:
            raise Failed("the server closed the connection")
        self.buffer += chunk

    def _line(self):
        while (end := self.buffer.find(b"\n")) < 0:
            self._fill()
        return self._take(end + 1)

    def _take(self, n):
        while len(self.buffer) < n:
            self._fill()
        taken = bytes(self.buffer[:n])
        del self.buffer[:n]
        return taken
