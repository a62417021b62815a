"""Reads callgrind's dumps: instructions by function and by source file, each function's own, callees not included.

callgrind_annotate counts the frames that were open at the time of a dump as if all below were their own; here the
cost of a call is left out always.
"""
import collections, pathlib, re, shutil, subprocess

NAMED = re.compile(r"^(fn|fl|fi|fe|ob)=\((\d+)\)(?: (.*))?$")
COST = re.compile(r"^(?:[+-]?\d+|\*) (\d+)$")


class Profile:
    def __init__(self, functions, files): self.functions, self.files = functions, files

    @property
    def total(self): return sum(self.functions.values())

    def per_unit(self, less, units):
        """What this profile has more than `less`, for each of so many tokens or requests."""
        def difference(mine, its):
            more = collections.Counter(mine)
            more.subtract(its)
            return {name: cost / units for name, cost in more.items() if cost}
        return Profile(difference(self.functions, less.functions), difference(self.files, less.files))


class Reader:
    """Reads the dumps of one process in their order: a later one uses names that an earlier one introduced."""
    def __init__(self): self.names = {"fn": {}, "file": {}, "ob": {}}

    def read(self, path):
        functions, files = collections.Counter(), collections.Counter()
        function = file = "?"
        skip = False
        for line in pathlib.Path(path).read_text(errors="replace").splitlines():
            if line.startswith("calls="): skip = True
            elif skip: skip = False
            elif found := COST.match(line):
                functions[function] += int(found[1])
                files[file] += int(found[1])
            else:
                for kind, name in self.naming(line):
                    if kind == "fn": function = name
                    elif kind == "file": file = name
        return Profile(functions, files)

    def naming(self, line):
        """The name that a line introduces or goes back to, if it does; called functions introduce names too."""
        called = line.startswith(("cfn=", "cfi=", "cfl=", "cob="))
        if found := NAMED.match(line[1:] if called else line):
            kind = {"fn": "fn", "ob": "ob"}.get(found[1], "file")
            if found[3]: self.names[kind][found[2]] = found[3]
            if not called: yield kind, self.names[kind].get(found[2], "?")


def readable(names):
    """Swift names as a person writes them; other names as they are."""
    tool = shutil.which("swift-demangle") or shutil.which("swift")
    if tool is None or not names: return list(names)
    command = [tool] if tool.endswith("demangle") else [tool, "demangle"]
    ran = subprocess.run([*command, "--simplified"], input="\n".join(names), text=True, capture_output=True)
    lines = ran.stdout.splitlines()
    return lines if len(lines) == len(names) else list(names)
