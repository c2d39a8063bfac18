# SPDX-License-Identifier: GPL-2.0-or-later
"""Are the numbers of a specification those of its header, and the other way?

usage: check.py SPEC HEADER
"""

import re
import sys

sys.path.insert(0, "/ynl/tools/net/ynl/pyynl")
from lib import SpecFamily  # noqa: E402


def spec_numbers(spec_path):
    """Names as in the header, with their numbers."""
    spec = SpecFamily(spec_path)
    family = spec.name.upper()
    names = {}

    for attr_set in spec.attr_sets.values():
        prefix = f"{family}_A_"
        if attr_set.name != spec.name:
            prefix += attr_set.name.upper() + "_"
        for _, attr in attr_set.items():
            names[prefix + c_name(attr.name)] = attr.value
    for op in spec.msgs.values():
        names[f"{family}_CMD_{c_name(op.name)}"] = op.value
    for const in spec.consts.values():
        # one that another header defines
        if "header" in (const if isinstance(const, dict) else const.yaml):
            continue
        if const["type"] == "const":
            names[f"{family}_{c_name(const['name'])}"] = const["value"]
            continue
        prefix = f"{family}_{c_name(const.name)}"
        for entry in const.entries.values():
            names[f"{prefix}_{c_name(entry.name)}"] = entry.user_value()
    return names


def c_name(name):
    return name.upper().replace("-", "_")


def header_numbers(path):
    """Enumerators and numeric macros; a shift is a number, too."""
    with open(path, encoding="ascii") as header:
        text = re.sub(r"/\*.*?\*/", "", header.read(), flags=re.S)
    names = {}
    for name, value in re.findall(
            r"^(?:#define)?\s*(OVPNX?_\w+)\s*=?\s*(\d[\w <]*?),?\s*$", text, re.M):
        names[name] = eval(value)  # digits, blanks and "<<" only
    return {name: value for name, value in names.items()
            if not name.endswith("_FAMILY_VERSION")}


def main():
    spec, header = spec_numbers(sys.argv[1]), header_numbers(sys.argv[2])
    wrong = 0

    if len(header) < 10:
        sys.exit("this is no such header")
    for name in sorted(spec.keys() | header.keys()):
        if spec.get(name) != header.get(name):
            print(f"{name}: {spec.get(name)} in the specification, "
                  f"{header.get(name)} in the header")
            wrong += 1
    print(f"{len(header)} numbers, {wrong} wrong")
    sys.exit(wrong > 0)


main()
