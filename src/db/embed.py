"""Writes migrations/NNNN-*.sql as a C table: embed.py OUT FILE… A statement ends with a semicolon at the end of a line."""
import os
import re
import sys



def statements(path):
    """The file's statements, without comments of whole lines."""
    lines = []
    with open(path, encoding="utf-8") as file:
        for line in file.read().splitlines():
            if line.startswith("--") or not line.strip():
                continue
            lines.append(line)
            if line.rstrip().endswith(";"):
                lines[-1] = line.rstrip()[:-1]
                yield lines
                lines = []
    if lines:
        sys.exit(f"{path}: the last statement has no semicolon")


def quoted(line):
    return '"' + line.replace("\\", "\\\\").replace('"', '\\"').replace("\t", "\\t") + '\\n"'


out = ['#include "db/migrations.h"', ""]
table = []
last = 0
for path in sorted(sys.argv[2:], key=os.path.basename):
    name = os.path.basename(path)
    version = int(re.fullmatch(r"(\d{4})-[a-z0-9-]+\.sql", name).group(1))
    if version != last + 1:
        sys.exit(f"{name}: migrations must be numbered without gaps")
    last = version
    out.append(f"static const char *const statements_{version}[] = {{")
    for lines in statements(path):
        out += ["\t" + quoted(line) for line in lines[:-1]] + ["\t" + quoted(lines[-1]) + ","]
    out += ["\tNULL,", "};", ""]
    table.append(f'\t{{{version}, "{name}", statements_{version}}},')
out += ["const struct migration migrations[] = {", *table, "};", "", f"const size_t migration_count = {last};", ""]
with open(sys.argv[1], "w", encoding="utf-8") as file:
    file.write("\n".join(out))
