export DEBIAN_FRONTEND=noninteractive
apt-get update
apt-get install -y --no-install-recommends python3 ipython3 nano
ln -s /usr/bin/python3 /usr/local/bin/python
cat > /root/life.py <<'PY'
"""Conway's game of life: a glider crosses the screen."""
import time

cells = {(1, 0), (2, 1), (0, 2), (1, 2), (2, 2)}


def step(live):
    counts = {}
    for x, y in live:
        for dx in (-1, 0, 1):
            for dy in (-1, 0, 1):
                if dx or dy:
                    counts[x + dx, y + dy] = counts.get((x + dx, y + dy), 0) + 1
    return {cell for cell, n in counts.items() if n == 3 or (n == 2 and cell in live)}


for generation in range(24):
    rows = ["".join("██" if (x, y) in cells else "··" for x in range(14)) for y in range(10)]
    print("\033[H\033[J" + "\n".join(rows), f"\ngeneration {generation}", flush=True)
    cells = step(cells)
    time.sleep(0.15)
PY
apt-get clean
rm -rf /var/lib/apt/lists/*
