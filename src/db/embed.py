"""Writes migrations/NNNN-*.sql as a C table: embed.py OUT FILE…"""
import os
import re
import sys

out = ['#include "db/migrations.h"', "", "const struct migration migrations[] = {"]
last = 0
for path in sorted(sys.argv[2:], key=os.path.basename):
    name = os.path.basename(path)
    version = int(re.fullmatch(r"(\d{4})-[a-z0-9-]+\.sql", name).group(1))
    if version != last + 1:
        sys.exit(f"{name}: migrations must be numbered without gaps")
    last = version
    with open(path, encoding="utf-8") as file:
        lines = file.read().splitlines()
    out.append(f'\t{{{version}, "{name}",')
    for line in lines:
        escaped = line.replace("\\", "\\\\").replace('"', '\\"').replace("\t", "\\t")
        out.append(f'\t "{escaped}\\n"')
    out.append("\t},")
out += ["};", "", f"const size_t migration_count = {last};", ""]
with open(sys.argv[1], "w", encoding="utf-8") as file:
    file.write("\n".join(out))
