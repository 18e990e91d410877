"""All scenarios, and the list of what they must stand for (ways.txt)."""

import re

import ways_mx
import ways_forward
import ways_send
import ways_dns
import ways_fault
import ways_change
from fleet import HERE, PHASES


def missing():
    """What ways.txt names and is no scenario; None if there is nothing."""
    names = [name for rows in PHASES.values() for name, _ in rows]
    found = [f"{name} stands twice" for name in names
             if names.count(name) > 1]
    with open(f"{HERE}/ways.txt", encoding="utf-8") as lines:
        for line in lines:
            _, bar, patterns = line.partition(" | ")
            for pattern in patterns.split(";") if bar else ():
                if not any(re.fullmatch(pattern.strip(), name)
                           for name in names):
                    found.append(pattern.strip())
    return "; ".join(found) or None
