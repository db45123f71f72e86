"""Content hash of a folder as Get-CMDirectoryHash is described: a second
implementation, which shares nothing with the Go one. It gave the hashes that
predict_test.go quotes.

    python3 contenthash.py DIR
"""
import hashlib
import os
import sys


def order(name):
    return name.upper().encode("utf-16-be")


def content_hash(root):
    stream, stack = hashlib.sha256(), [""]
    while stack:
        here = stack.pop()
        names = sorted(os.listdir(os.path.join(root, here)), key=order)
        paths = [os.path.join(here, n) for n in names]
        dirs = [p for p in paths if os.path.isdir(os.path.join(root, p))]
        files = [p for p in paths if p not in set(dirs)]
        for p in dirs + files:
            stream.update(p.replace("/", "\\").lower().encode("utf-16-le"))
        for p in files:
            with open(os.path.join(root, p), "rb") as f:
                digest = hashlib.sha256(f.read()).hexdigest()
            stream.update(digest.upper().encode("utf-16-le"))
        stack.extend(reversed(dirs))
    return stream.hexdigest().upper()


print(content_hash(sys.argv[1]))
