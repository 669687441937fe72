// A folder as a tar archive (POSIX ustar, with pax records where a path is long or not ASCII), made without reading the files.
export interface Entry {
  path: string;
  file: Blob;
}

const BLOCK = 512;
const encoder = new TextEncoder();

function put(header: Uint8Array, at: number, most: number, text: string): void {
  header.set(encoder.encode(text).subarray(0, most), at);
}

function block(path: string, size: number, type: '0' | 'x'): Uint8Array<ArrayBuffer> {
  const header = new Uint8Array(BLOCK);
  const octal = (value: number, width: number): string => `${value.toString(8).padStart(width - 1, '0')}\0`;
  put(header, 0, 100, path);
  put(header, 100, 8, octal(0o755, 8)); // the browser does not tell which files may be run
  put(header, 108, 8, octal(0, 8));
  put(header, 116, 8, octal(0, 8));
  put(header, 124, 12, octal(size, 12));
  put(header, 136, 12, octal(0, 12));
  put(header, 148, 8, ' '.repeat(8));
  put(header, 156, 1, type);
  put(header, 257, 8, 'ustar\x0000');
  put(header, 148, 8, `${header.reduce((sum, byte) => sum + byte, 0).toString(8).padStart(6, '0')}\0 `);
  return header;
}

const padding = (size: number): Uint8Array<ArrayBuffer> => new Uint8Array((BLOCK - (size % BLOCK)) % BLOCK);

/** One pax record: its length counts itself. */
export function paxRecord(key: string, value: string): string {
  const rest = encoder.encode(` ${key}=${value}\n`).length;
  let length = rest + String(rest).length;
  if (String(length).length + rest !== length) length = rest + String(length).length;
  return `${length} ${key}=${value}\n`;
}

export function tar(entries: readonly Entry[]): Blob {
  const parts: BlobPart[] = [];
  for (const { path, file } of entries) {
    const plain = encoder.encode(path).length <= 100 && /^[\x20-\x7e]*$/.test(path);
    if (!plain) {
      const record = encoder.encode(paxRecord('path', path));
      parts.push(block('pax', record.length, 'x'), record, padding(record.length));
    }
    parts.push(block(plain ? path : 'file', file.size, '0'), file, padding(file.size));
  }
  parts.push(new Uint8Array(2 * BLOCK));
  return new Blob(parts, { type: 'application/x-tar' });
}

/** Without the folder that all lie in, and without what git keeps for itself. */
export function contextOf(entries: readonly Entry[]): { entries: Entry[]; skipped: number } {
  const split = entries.map(({ path, file }) => ({ parts: path.split('/').filter(Boolean), file }));
  const top = split[0]?.parts[0];
  const inOne = split.length > 0 && split.every(({ parts }) => parts.length > 1 && parts[0] === top);
  const inside = split.map(({ parts, file }) => ({ path: parts.slice(inOne ? 1 : 0).join('/'), file }));
  const kept = inside.filter(({ path }) => !path.split('/').includes('.git'));
  return { entries: kept, skipped: inside.length - kept.length };
}

interface Dropped {
  isFile: boolean;
  isDirectory: boolean;
  fullPath: string;
}

const fileOf = (entry: Dropped): Promise<File> => new Promise((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject));

/** All files below what was dropped. The browser hands a folder's children over in pieces. */
export async function filesOf(entry: Dropped): Promise<Entry[]> {
  if (entry.isFile) return [{ path: entry.fullPath, file: await fileOf(entry) }];
  if (!entry.isDirectory) return [];
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  const found: Entry[] = [];
  for (;;) {
    const piece = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (piece.length === 0) return found;
    for (const child of piece) found.push(...(await filesOf(child)));
  }
}
