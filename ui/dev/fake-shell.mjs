// A pretend shell for developing the pages: echo, variables and a few words. It runs nothing.
const KEEP = 256 * 1024;

export class FakeShell {
  constructor(onexit) {
    this.onexit = onexit;
    this.chunks = Buffer.alloc(0);
    this.start = 0;
    this.listeners = new Set();
    this.line = [];
    this.vars = { USER: 'taste', '?': '0' };
    this.size = [80, 24];
    this.escape = '';
    this.busy = false;
    this.early = '';
    this.decoder = new TextDecoder();
    this.print('\x1b[1mtrythisonbrowser\x1b[0m mock shell. Try: figlet hi, colors, seq 1000, size, exit\r\n');
    this.prompt();
  }

  get end() {
    return this.start + this.chunks.length;
  }

  print(text) {
    const bytes = Buffer.from(text);
    this.chunks = Buffer.concat([this.chunks, bytes]);
    if (this.chunks.length > KEEP) {
      const cut = this.chunks.length - KEEP;
      this.chunks = Buffer.from(this.chunks.subarray(cut));
      this.start += cut;
    }
    for (const listener of this.listeners) listener(bytes);
  }

  prompt() {
    this.print('\x1b[32mtaste\x1b[0m:~$ ');
  }

  input(bytes) {
    for (const char of this.decoder.decode(bytes, { stream: true })) if (!this.mute) this.char(char);
  }

  char(char) {
    if (this.busy) {
      this.early += char;
      return;
    }
    if (this.escape || char === '\x1b') {
      this.escape += char;
      if (/^\x1b\[[?0-9;]*[cR]$/.test(this.escape)) this.print(this.escape.slice(2));
      if (/^\x1b(?:[^[O]|[[O][0-9;?]*[A-Za-z~])$/.test(this.escape) || this.escape.length > 16) this.escape = '';
    } else if (char === '\r') {
      this.print('\r\n');
      const line = this.line.join('');
      this.line = [];
      this.run(line);
    } else if (char === '\x7f') {
      const last = this.line.pop();
      if (last) this.print(last.codePointAt(0) >= 0x1100 ? '\b\b  \b\b' : '\b \b');
    } else if (char === '\x03') {
      this.line = [];
      this.print('^C\r\n');
      this.prompt();
    } else if (char === '\x04' && this.line.length === 0) this.exit(0);
    else if (char === '\f') {
      this.print('\x1b[2J\x1b[H');
      this.prompt();
    } else if (char >= ' ') {
      this.line.push(char);
      this.print(char);
    }
  }

  exit(code) {
    this.print('exit\r\n');
    this.onexit(code);
  }

  run(whole) {
    const parts = whole.split(';').map((part) => part.trim());
    if (/^printf .*read -r/.test(whole)) {
      // Asks the screen two questions and swallows the answers.
      this.print('\x1b[c\x1b[6n');
      this.mute = true;
      setTimeout(() => {
        this.mute = false;
        this.print('\r\nasked\r\n');
        this.prompt();
      }, 300);
      return undefined;
    }
    if (parts.length > 1 && !whole.includes("'") && ['clear', 'echo'].includes(parts[0].split(' ')[0])) {
      parts.slice(0, -1).forEach((part) => this.word(part));
      return this.run(parts.at(-1));
    }
    if (this.word(whole)) this.prompt();
    return undefined;
  }

  /** False when no prompt follows. */
  word(line) {
    const text = line.replace(/\$(\w+|\?)/g, (_, name) => this.vars[name] ?? '').trim();
    const assign = /^(\w+)=(.*)$/.exec(text);
    const [word, ...rest] = text.split(/\s+/);
    if (assign) this.vars[assign[1]] = assign[2];
    else if (word === 'exit') { this.exit(Number(rest[0] ?? 0)); return false; }
    else if (word === 'echo') this.print(`${rest.join(' ')}\r\n`);
    else if (word === 'figlet') this.print(figlet(rest.join(' ')));
    else if (word === 'size' || word === 'stty') this.print(`${this.size[1]} ${this.size[0]}\r\n`);
    else if (word === 'seq') this.seq(Math.min(Number(rest[0]) || 1, 200000));
    else if (word === 'colors') this.print(colors());
    else if (word === 'printf') this.print(text.slice(7).replace(/^'|'$/g, '').replace(/\\(033|007|n)/g, (_, name) => ({ '033': '\x1b', '007': '\x07', n: '\r\n' })[name]));
    else if (word === 'clear') this.print('\x1b[H\x1b[2J\x1b[3J');
    else if (word === 'wide') this.print('┌────────┐\r\n│가나다라│\r\n│abcdefgh│\r\n└────────┘\r\n');
    else if (word === 'osc52') this.print('\x1b]52;c;7ZWc6riA\x07');
    else if (word === 'query') this.print('\x1b[c\x1b[6n');
    else if (word === 'later') {
      setTimeout(() => this.print('\r\nlater\r\n'), Number(rest[0] ?? 2) * 1000);
    } else if (word === 'tick') {
      let n = 0;
      const count = Number(rest[0] ?? 10);
      const timer = setInterval(() => {
        this.print(`tick-${++n}\r\n`);
        if (n < count) return;
        clearInterval(timer);
        this.busy = false;
        this.prompt();
        const typed = this.early;
        this.early = '';
        for (const char of typed) this.char(char);
      }, 300);
      this.busy = true;
      return false;
    } else if (word) {
      this.vars['?'] = '127';
      this.print(`sh: ${word}: not found\r\n`);
    }
    return true;
  }

  seq(count) {
    let text = '';
    for (let i = 1; i <= count; i++) text += `${i}\r\n`;
    this.print(text);
  }
}

function figlet(text) {
  const art = [' _     _ ', '| |__ (_)', "| '_ \\| |", '| | | | |', '|_| |_|_|'];
  return text === 'hi' ? `${art.join('\r\n')}\r\n` : `*** ${text} ***\r\n`;
}

function colors() {
  let text = '';
  for (let i = 0; i < 16; i++) text += `\x1b[48;5;${i}m  \x1b[0m`;
  text += '\r\n';
  for (let i = 0; i < 16; i++) text += `\x1b[38;5;${i}mAa\x1b[0m`;
  text += '\r\n';
  for (let i = 0; i < 32; i++) text += `\x1b[38;2;${i * 8};${255 - i * 8};160m█\x1b[0m`;
  return `${text}\r\n\x1b[1mbold\x1b[0m \x1b[3mitalic\x1b[0m \x1b[4munder\x1b[0m \x1b[7mreverse\x1b[0m ─│┌┐└┘├┤ ▁▂▃▄▅▆▇█ ←↑→↓\r\n`;
}
