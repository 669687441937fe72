"""Writes a sorted list of words as a C table: embed_words.py IN OUT HEADER NAME."""
import sys

path, out, header, name = sys.argv[1:5]
with open(path, encoding="ascii") as file:
    words = file.read().split("\n")[:-1]
if words != sorted(set(words)):
    sys.exit(f"{path}: words must be sorted and stand there once")
lines = [f'#include "{header}"', "", f"const char *const {name}[] = {{"]
for word in words:
    escaped = word.replace("\\", "\\\\").replace('"', '\\"').replace("?", "\\?")
    lines.append(f'\t"{escaped}",')
lines += ["};", f"const size_t {name}_count = {len(words)};", ""]
with open(out, "w", encoding="ascii") as file:
    file.write("\n".join(lines))
