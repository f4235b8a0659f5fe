"""Runs a command in a terminal of its own until it listens, sends SIGHUP, waits for a reload, closes the terminal, and
prints what the command ended by: hangup.py COMMAND..."""

import os
import pty
import signal
import sys


def read_until(text):
    seen = b""
    while text not in seen:
        seen += os.read(terminal, 4096)


signal.alarm(15)
pid, terminal = pty.fork()
if pid == 0:
    os.execvp(sys.argv[1], sys.argv[1:])
read_until(b"listening")
os.kill(pid, signal.SIGHUP)
read_until(b"reloaded")
os.close(terminal)
print(os.WTERMSIG(os.waitpid(pid, 0)[1]))
