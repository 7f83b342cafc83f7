"""Files as somebody may hand them over: altered in their bytes, or in the values that they hold."""

import copy
import gzip
import json

HOSTILE = [
    None, True, -1, 0, 1, 2**31, 2**63, -(2**63), 10**30, 1e308, -1e308, 5e-324, "", "x", "\ud800",
    "\x1b]0;owned\x07", "\u202e", "x" * 5000, [], [[]], [1], [[0, 10**12]], [[-1, 1]], [[1, -1]],
    {}, {"a": 1}, [None] * 50, [[[[[]]]]],
]  # fmt: skip


def nodes(value, path=()):
    """Yield the path of every value within one."""
    yield path
    if isinstance(value, dict):
        for name in value:
            yield from nodes(value[name], (*path, name))
    elif isinstance(value, list):
        for place in range(min(len(value), 6)):
            yield from nodes(value[place], (*path, place))


def value_altered(value, random):
    """Return a copy in which one place holds something else, nothing, or itself twice."""
    path = random.choice(list(nodes(value)))
    if not path:
        return random.choice(HOSTILE)
    made = copy.deepcopy(value)
    holder = made
    for step in path[:-1]:
        holder = holder[step]
    step, way = path[-1], random.randrange(8)
    if way == 0:
        del holder[step]
    elif way == 1 and isinstance(holder, list):
        holder.insert(step, holder[step])
    elif way < 6:  # the type stays, so that what computes with it sees it
        alike = [each for each in HOSTILE if type(each) is type(holder[step])]
        if type(holder[step]) in (int, float):
            alike += [type(holder[step])(holder[step] * by) for by in (-1, 0.5, 2, 10**6, 10**12)]
        holder[step] = random.choice(alike)
    else:
        holder[step] = random.choice(HOSTILE)
    return made


def text_altered(text, random):
    """Return lines of JSON of which one holds another value, is missing, or is there twice."""
    lines = text.splitlines()
    place = random.randrange(len(lines))
    for _ in range(random.choice([1, 1, 1, 3])):
        lines[place] = json.dumps(value_altered(json.loads(lines[place]), random))
    if random.random() < 0.1:
        lines.insert(place, lines[place])
    if random.random() < 0.1:
        del lines[random.randrange(len(lines))]
    return "".join(f"{line}\n" for line in lines)


def bytes_altered(data, random):
    """Return bytes that are cut off, or of which some are others."""
    made = bytearray(data)
    if random.random() < 0.2:
        return bytes(made[: random.randrange(len(made) + 1)])
    for _ in range(random.choice([1, 1, 2, 8, 64])):
        made[random.randrange(len(made))] = random.choice([0, 1, 0x7F, 0xFF, random.randrange(256)])
    return bytes(made)


def altered(data, random, *, packed):
    """Return the bytes of a file of JSON lines, altered one way or the other.

    Args:
        data: the file.
        random: decides all.
        packed: whether it is compressed.
    """
    way = random.random()
    if way < 0.15:
        return bytes_altered(data, random)
    text = gzip.decompress(data) if packed else data
    if way < 0.3:
        made = bytes_altered(text, random)
    else:
        made = text_altered(text.decode(), random).encode()
    return gzip.compress(made, 1) if packed else made
