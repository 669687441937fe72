export DEBIAN_FRONTEND=noninteractive
apt-get update
apt-get install -y --no-install-recommends nodejs curl nano
cat > /root/server.mjs <<'JS'
import { createServer } from 'node:http';

let visits = 0;

createServer((request, response) => {
  visits += 1;
  response.setHeader('content-type', 'text/html; charset=utf-8');
  response.end(`<h1>Hello from Node.js ${process.version}</h1><p>Visit ${visits}, ${request.url}</p>\n`);
}).listen(3000, () => console.log('listening on port 3000'));
JS
cat > /root/words.mjs <<'JS'
// Counts the words that it reads from standard input, most frequent first.
const counts = new Map();
for await (const chunk of process.stdin.setEncoding('utf8')) {
  for (const [word] of chunk.toLowerCase().matchAll(/\p{L}+/gu)) {
    counts.set(word, (counts.get(word) ?? 0) + 1);
  }
}
console.table([...counts].sort((a, b) => b[1] - a[1]).slice(0, 8).map(([word, count]) => ({ word, count })));
JS
apt-get clean
rm -rf /var/lib/apt/lists/*
