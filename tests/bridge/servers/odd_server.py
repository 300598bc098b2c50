"""A server on stdio that answers every request alike, in a way that no sound server would.

Role: the child of the tests of odd children. `--answer JSON` is what each response holds besides its id; `--deaf`
closes its stdin after the first one and lives on; `--inattentive` leaves it open and reads no more.
"""

from __future__ import annotations

import argparse
import json
import os
import time


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--answer", type=json.loads, required=True)
    parser.add_argument("--deaf", action="store_true")
    parser.add_argument("--inattentive", action="store_true")
    options = parser.parse_args()
    rest = b""
    while data := os.read(0, 65536):
        *lines, rest = (rest + data).split(b"\n")
        for line in lines:
            message = json.loads(line)
            if "id" in message:
                print(json.dumps({"jsonrpc": "2.0", "id": message["id"], **options.answer}), flush=True)
        if options.deaf:
            os.close(0)
        if options.deaf or options.inattentive:
            time.sleep(600)


if __name__ == "__main__":
    main()
