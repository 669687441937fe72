// Pretend projects.
const README = `<h2>figlet</h2><p>FIGlet writes words in letters several lines tall.</p><h3>Try this first</h3><p>Draws big letters. <code>-f</code> picks a font; <a href="https://example.org/">more</a>.</p>
<pre><code class="language-sh">figlet hi
</code></pre><p>And then set something:</p><pre><code class="language-sh">X=5
echo $X
</code></pre><p>Not a shell block:</p><pre><code class="language-json">{"a": 1}
</code></pre><table><tr><th>key</th><th>does</th></tr><tr><td>q</td><td>leaves</td></tr></table>`;

const rows = [
  ['figlet', 'fun', '2.2.5', 'MIT', 'Big letters out of ordinary screen characters', '보통 글자로 커다란 글자를 그립니다'],
  ['sqlite', 'database', '3.40.1', 'blessing', 'A whole SQL database in one file, no server needed', '파일 하나로 된 SQL 데이터베이스'],
  ['redis', 'database', '7.0.15', 'BSD-3-Clause', 'Data structures in memory, answering in microseconds', '메모리 안의 빠른 자료 구조 서버'],
  ['python', 'language', '3.11.2', 'PSF-2.0', 'A language that reads almost like English', '읽기 쉬운 프로그래밍 언어'],
  ['neovim', 'editor', '0.7.2', 'Apache-2.0', 'Vim, rebuilt to be extended', '확장하기 좋게 다시 만든 Vim'],
  ['htop', 'system', '3.2.2', 'GPL-2.0-or-later', 'Watch processes come and go, in colour', '프로세스를 색으로 지켜보기'],
  ['nginx', 'web', '1.22.1', 'BSD-2-Clause', 'Web server and reverse proxy with a small appetite', '가벼운 웹 서버이자 리버스 프록시'],
  ['jq', 'system', '1.6', 'MIT', 'Slice, filter and reshape JSON on the command line', '명령줄에서 JSON을 다듬는 도구'],
  ['ansible', 'cloud', '7.7.0', 'GPL-3.0-or-later', 'Tell many machines what they should look like', '여러 컴퓨터의 모습을 글로 정하기'],
  ['tesseract', 'ai', '5.3.0', 'Apache-2.0', 'Reads text out of pictures in over a hundred languages', '그림에서 글자를 읽어 냅니다'],
  ['cowsay', 'fun', '3.03', 'Artistic-1.0', 'A cow that says what you tell it', '말한 대로 말하는 소'],
];

export const projects = [
  ...rows.map(([name, category, version, license, summary, ko], i) => project({ name, category, version, license, summary, ko, tries: 4200 >> i, likes: 41 - i })),
  project({ name: 'postgresql', category: 'database', version: null, license: 'PostgreSQL', summary: 'The relational database that does nearly everything', ko: '거의 모든 것을 하는 관계형 데이터베이스', tries: 0, likes: 2, state: 'building' }),
  project({ name: 'tomcat', category: 'web', version: null, license: 'Apache-2.0', summary: 'Java servlets and pages', ko: '자바 서블릿', tries: 3, likes: 0, state: 'failed' }),
  project({ owner: 'ann', name: 'spoon', category: 'system', version: '0.3', license: 'MIT', summary: 'Ann’s own little tool: stirs two files into one', ko: '두 파일을 저어 하나로 만드는 작은 도구', tries: 12, likes: 1 }),
  project({ owner: 'ann', name: 'ladle', category: 'cloud', version: '1.1', license: 'MIT', summary: 'Serves a folder over HTTP', ko: '폴더를 HTTP로 나눠 주는 국자', tries: 3, likes: 0 }),
];

function project({ owner = 'taste', name, category, version, license, summary, ko, tries, likes, state = 'ready' }) {
  const stage = state === 'building' ? 'queued' : 'build';
  return {
    owner, name, full_name: `${owner}/${name}`, summary, i18n: { ko: { summary: ko } }, category, tags: [category, 'cli'], license,
    homepage: 'https://example.org/', state, version, verified_at: version ? new Date(Date.now() - 7200e3).toISOString() : null, tries, likes, logo: null,
    build: state === 'ready' ? null : {
      id: `b-${name}`, project: `taste/${name}`, state: state === 'building' ? 'queued' : 'failed', stage, position: 2, eta_seconds: 40,
      error: state === 'failed' ? 'E: Unable to locate package tomcat99' : null, started_at: null, ended_at: null,
    },
  };
}

export function detail(item) {
  return {
    readme: '', run: null, network: false, ports: [], ...item, readme_html: README, i18n: { ko: { ...item.i18n?.ko, readme_html: README.replace('Try this first', '이것부터 해 보세요') } },
    source_kind: 'script', limits: { memory: 536870912, cpu: 500, pids: 128, disk: 1073741824 },
    dockerfile: `FROM debian:bookworm-slim\nRUN apt-get update && apt-get install -y ${item.name}\n`,
  };
}
